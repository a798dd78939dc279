"""Decides which headers go to a provider and which come back; sends none itself.

Lists are open: what is not named here goes on, in order and as spelt. Hop-by-hop
fields after RFC 9110 section 7.6.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

from proxy.model import Protocol
from proxy.wire.mask import mask

Header: TypeAlias = tuple[str, str]
"""A header's name as spelt and its value."""

RawHeader: TypeAlias = tuple[str, str] | tuple[bytes, bytes]
"""A header as a server or client library hands it over."""

ANTHROPIC_VERSION: Final = "2023-06-01"
"""The version of the Messages protocol that Turnout writes."""

_KEY_START: Final = "tnt_"
_KEY: Final = re.compile(r"tnt_[A-Za-z0-9_-]{16,}")
_BEARER: Final = re.compile(r"bearer[ \t]+", re.IGNORECASE)

_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_CREDENTIALS: Final = frozenset(
    {"authorization", "x-api-key", "x-goog-api-key", "api-key"}
)
_CARRIERS: Final = frozenset(
    {"x-turnout-key", "x-api-key", "authorization", "x-goog-api-key"}
)
_PROOFS: Final = _CREDENTIALS | _CARRIERS
_REQUEST_DROPPED: Final = frozenset(
    {
        "accept-encoding",
        "content-encoding",
        "content-length",
        "cookie",
        "cookie2",
        "expect",
        "host",
    }
)
# What a browser would act on, on an origin that is ours and not the provider's.
_RESPONSE_DROPPED: Final = frozenset(
    {
        "alt-svc",
        "clear-site-data",
        "link",
        "location",
        "refresh",
        "set-cookie",
        "set-cookie2",
        "strict-transport-security",
    }
)
_OURS: Final = "x-turnout-"

_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_DURATION: Final = re.compile(
    r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?"
    r"(?:(\d{1,12}(?:\.\d{1,9})?)ms)?"
)
_PARTS: Final = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_RESETS: Final = ("anthropic-ratelimit-", "x-ratelimit-")
_EPOCH_MS: Final = 1e12
_EPOCH: Final = 1e9


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brought to prove who it is; neither is ever shown.

    `gateway_keys` are the distinct values that begin like a key of ours, valid or
    not. `own` are the headers with the client's own credential for its vendor.
    """

    gateway_keys: tuple[str, ...] = field(default=(), repr=False)
    own: tuple[Header, ...] = field(default=(), repr=False)


def credentials(headers: Iterable[RawHeader]) -> Credentials:
    """Sort the credentials of a request into ours and the client's own."""
    keys: dict[str, None] = {}
    own: list[Header] = []
    for name, value in _texts(headers):
        low = name.lower()
        if low not in _PROOFS:
            continue
        shown = _shown(low, value)
        if low in _CARRIERS and shown.startswith(_KEY_START):
            keys[shown] = None
        elif low in _CREDENTIALS and _is_own(low, value):
            own.append((name, value))
    return Credentials(tuple(keys), tuple(own))


def request_headers(
    headers: Iterable[RawHeader], *, style: str, secret: str | None, keep_own: bool
) -> list[Header]:
    """Return the headers of the provider's request.

    Everything the client sent goes on but what belongs to this connection, to the
    body's framing or to Turnout, every credential and cookie, and any value that
    holds a key of ours. Values that are not UTF-8 are left out: they cannot be sent.
    `secret` is the provider's key, put at the end in its `style` (`bearer`, or the
    name of the header that takes it); `keep_own` lets the client's own credential go
    on as it came.
    """
    texts = _texts(headers)
    dropped = _REQUEST_DROPPED | _connection(texts)
    sent: list[Header] = []
    for name, value in texts:
        low = name.lower()
        if low in dropped or low.startswith(("proxy-", _OURS)) or _holds_key(value):
            continue
        if low in _CREDENTIALS and not (keep_own and _is_own(low, value)):
            continue
        sent.append((name, value))
    sent.append(("accept-encoding", "identity"))
    if secret is not None:
        sent.append(_credential(style, secret))
    return sent


def translated_headers(
    agent: str | None, protocol: Protocol, *, style: str, secret: str | None
) -> list[Header]:
    """Return the headers of a request that Turnout itself has written.

    The client's own belong to another protocol; only its name (`agent`) goes on, as
    some vendors admit named tools only. `secret` and `style` as in `request_headers`.
    """
    sent: list[Header] = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("accept-encoding", "identity"),
    ]
    if agent and agent.isascii() and not _holds_key(agent):
        sent.append(("user-agent", agent))
    if protocol is Protocol.MESSAGES:
        sent.append(("anthropic-version", ANTHROPIC_VERSION))
    if secret is not None:
        sent.append(_credential(style, secret))
    return sent


def answer_headers(
    headers: Iterable[RawHeader],
    secret: bytes | None,
    *,
    keep_length: bool,
) -> list[Header]:
    """Return the headers of the client's answer.

    Everything the provider sent comes back but what belongs to its connection, what
    a browser would act on, and what poses as ours. `secret` is the provider's key,
    masked where a value holds it. `keep_length` is for a body passed on unchanged.
    """
    texts = _texts(headers)
    dropped = _RESPONSE_DROPPED | _connection(texts)
    if not keep_length:
        dropped |= {"content-length"}
    closed = ("proxy-", "access-control-", _OURS)
    return [
        (name, mask(value.encode(), secret).decode() if secret else value)
        for name, value in texts
        if not (name.lower() in dropped or name.lower().startswith(closed))
    ]


def retry_after(headers: Iterable[RawHeader], now: float | None = None) -> float | None:
    """Return how many seconds a refusing provider asks to wait, None if it does not.

    Read in this order: `retry-after-ms`, `retry-after` (seconds or a date), then the
    reset of every window said to be used up (the longest). A moment counts from the
    provider's own `date` where it sent one, else from `now` (seconds since 1970),
    else it stays unknown.
    """
    told: dict[str, str] = {}
    for name, value in _texts(headers):
        told.setdefault(name.lower(), value.strip())
    here = _http_date(told.get("date", ""))
    now = now if here is None else here
    if _NUMBER.fullmatch(told.get("retry-after-ms", "")):
        return float(told["retry-after-ms"]) / 1000
    wait = _wait(told.get("retry-after", ""), now)
    if wait is not None:
        return wait
    waits = [_wait(told[name], now) for name in told if _used_up(name, told)]
    return max((each for each in waits if each is not None), default=None)


def _used_up(name: str, told: dict[str, str]) -> bool:
    if not name.startswith(_RESETS) or "reset" not in name:
        return False
    if told.get(name.replace("reset", "status")) == "rejected":
        return True
    left = told.get(name.replace("reset", "remaining"), "")
    return bool(_NUMBER.fullmatch(left)) and float(left) == 0


def _wait(text: str, now: float | None) -> float | None:
    if _NUMBER.fullmatch(text):
        number = float(text)
        if number < _EPOCH:
            return number
        return _until(number / 1000 if number >= _EPOCH_MS else number, now)
    parts = _DURATION.fullmatch(text)
    if text and parts:
        return math.fsum(
            float(part) * size
            for part, size in zip(parts.groups(), _PARTS, strict=True)
            if part
        )
    return _until(_http_date(text) if "," in text else _rfc3339(text), now)


def _until(moment: float | None, now: float | None) -> float | None:
    return None if moment is None or now is None else max(0.0, moment - now)


def _http_date(text: str) -> float | None:
    try:
        return _seconds(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None


def _rfc3339(text: str) -> float | None:
    try:
        return _seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _seconds(moment: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.timestamp()


def _connection(headers: Iterable[Header]) -> frozenset[str]:
    named = {
        word.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for word in value.split(",")
    }
    return _HOP_BY_HOP | named


def _texts(headers: Iterable[RawHeader]) -> list[Header]:
    texts: list[Header] = []
    for name, value in headers:
        try:
            texts.append((_text(name), _text(value)))
        except UnicodeError:
            continue
    return texts


def _credential(style: str, key: str) -> Header:
    return ("authorization", f"Bearer {key}") if style == "bearer" else (style, key)


def _shown(low: str, value: str) -> str:
    secret = _BEARER.sub("", value, count=1) if low == "authorization" else value
    return secret.strip()


def _is_own(low: str, value: str) -> bool:
    shown = _shown(low, value)
    return bool(shown) and not (shown.startswith(_KEY_START) or _holds_key(value))


def _holds_key(value: str) -> bool:
    # Nearly no value does, and this is asked of each.
    return _KEY_START in value and _KEY.search(value) is not None


def _text(part: str | bytes) -> str:
    if isinstance(part, bytes):
        return part.decode()
    if not part.isascii():
        # A str of the server's carries odd bytes as surrogates: those are refused too.
        part.encode()
    return part
