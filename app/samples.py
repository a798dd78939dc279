"""Reads requests from a file, to say where they would go; it sends and keeps nothing.

A file is the body of one request, or has a request on each line: JSON with `body`, with
`path` or `protocol`, and with `headers`. A body alone tells its protocol by its form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from app.failure import CommandFailed
from app.settings.files import read_whole
from proxy.errors import Refused
from proxy.exchange import Body, Call
from proxy.guard import COUNTS, Endpoint, Known, read_target
from proxy.headers import credentials
from proxy.model import Protocol

MOST_BYTES: Final = 32 * 1024 * 1024
"""The largest file that is read."""

MOST_REQUESTS: Final = 1_000
"""Requests of one file that are looked at."""

_ENDPOINTS: Final = {
    Protocol.MESSAGES: Endpoint.MESSAGES,
    Protocol.RESPONSES: Endpoint.RESPONSES,
    Protocol.CHAT: Endpoint.CHAT,
    Protocol.GEMINI: Endpoint.GENERATE,
}
_BODIES: Final = frozenset({"messages", "input", "contents"})
# What stands in a body of Anthropic's protocol and in none of Chat's.
_ONLY_MESSAGES: Final = frozenset(
    {"system", "thinking", "context_management", "stop_sequences", "top_k"}
)
_FORM: Final = (
    "A request's body is one JSON object; or each line is one, with `body`, with `path`"
    " or `protocol`, and with `headers`."
)


class Unusable(ValueError):
    """A request of a file that cannot be looked at; the text is a sentence why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request of a file: `name` is its place there ("line 3"), `data` its JSON."""

    name: str
    data: bytes


class _Line(msgspec.Struct):
    body: msgspec.Raw
    path: str | None = None
    protocol: str | None = None
    model: str | None = None
    headers: dict[str, str] | list[tuple[str, str]] = msgspec.field(
        default_factory=dict
    )


def read_samples(place: str) -> tuple[Sample, ...]:
    """Return the requests in the file at `place`, in order, each not yet looked at.

    Raises `CommandFailed` where it cannot be read, is too large or holds no JSON.
    """
    path = Path(place).expanduser()
    try:
        data, _ = read_whole(path, MOST_BYTES)
    except OSError as error:
        raise _unreadable(f"{path}: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise _unreadable(f"{path} has more than {MOST_BYTES // 1024 // 1024} MB.")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if _is_json(data):
        return (Sample("request", data),)
    lines = tuple(
        Sample(f"line {number}", line)
        for number, line in enumerate(data.splitlines(), start=1)
        if line.strip()
    )
    if not lines or not _is_json(lines[0].data):
        raise _unreadable(f"{path} is not JSON. {_FORM}")
    return lines


def call_of(sample: Sample, client: str, protocols: Sequence[Protocol]) -> Call:
    """Return a sample as the call of `client`, whose profile speaks `protocols`.

    Raises `Unusable` with why it is none that a model could answer.
    """
    fields = _fields(sample.data)
    line = _line(sample.data) if "body" in fields else _Line(msgspec.Raw(sample.data))
    body = _text(line.body)
    headers = _headers(line)
    if line.path is not None:
        known, query = _known(line.path)
        endpoint, protocol, model = known.endpoint, known.protocol, known.model
    else:
        protocol = _protocol(line, body, protocols)
        endpoint, query, model = _ENDPOINTS[protocol], "", None
        if protocol is Protocol.GEMINI:
            model = line.model or _model(body)
    if protocol is None or endpoint in COUNTS:
        raise Unusable("Its path asks for no answer of a model.")
    return Call(
        id=sample.name,
        endpoint=endpoint,
        protocol=protocol,
        query=query,
        headers=headers,
        credentials=credentials(headers),
        body=Body(body),
        client=client,
        arrived=0.0,
        peer=None,
        path_model=model,
    )


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _fields(data: bytes) -> Mapping[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        raise Unusable(f"It is no JSON object. {_FORM}") from None


def _line(data: bytes) -> _Line:
    try:
        return msgspec.json.decode(data, type=_Line)
    except msgspec.ValidationError:
        raise Unusable(f"Its fields are not as they should be. {_FORM}") from None


def _text(body: msgspec.Raw) -> bytes:
    """Return a body's bytes; recorders also write it as one string."""
    data = bytes(body)
    if not data.lstrip().startswith(b'"'):
        return data
    return str(msgspec.json.decode(data)).encode("utf-8", "surrogatepass")


def _headers(line: _Line) -> tuple[tuple[str, str], ...]:
    given = line.headers
    pairs: Iterator[tuple[str, str]] = (
        iter(given.items()) if isinstance(given, dict) else iter(given)
    )
    return tuple(pairs)


def _known(path: str) -> tuple[Known, str]:
    try:
        target = read_target(path)
    except Refused as refused:
        raise Unusable(refused.message) from None
    if target.known is None or target.known.verb != "POST":
        raise Unusable("Its path is none that Turnout serves models at.")
    return target.known, target.query


def _protocol(line: _Line, body: bytes, spoken: Sequence[Protocol]) -> Protocol:
    if line.protocol is None:
        return _told_by_form(frozenset(_fields(body)), body, spoken)
    if line.protocol not in set(_ENDPOINTS):
        words = ", ".join(_ENDPOINTS)
        raise Unusable(f"Its `protocol` is none of {words}.")
    return Protocol(line.protocol)


def _told_by_form(
    names: frozenset[str], body: bytes, spoken: Sequence[Protocol]
) -> Protocol:
    """Return which protocol a body with these fields is of."""
    if not names & _BODIES:
        raise Unusable(f"It is no body of a request that Turnout knows. {_FORM}")
    if "contents" in names:
        return Protocol.GEMINI
    if "input" in names:
        return Protocol.RESPONSES
    if names & _ONLY_MESSAGES or b'"input_schema"' in body:
        return Protocol.MESSAGES
    likely = [each for each in spoken if each in {Protocol.MESSAGES, Protocol.CHAT}]
    return likely[0] if likely else Protocol.CHAT


def _model(body: bytes) -> str:
    """Return the model a Gemini body names beside its contents, '' where none."""
    named = _fields(body).get("model")
    if named is None:
        return ""
    try:
        return msgspec.json.decode(named, type=str).removeprefix("models/")
    except msgspec.DecodeError:
        return ""


def _unreadable(why: str) -> CommandFailed:
    return CommandFailed(
        "The requests cannot be read",
        f"{why} Nothing was sent.",
        "Name a file with a request, or --last and how many of the recorded ones.",
    )
