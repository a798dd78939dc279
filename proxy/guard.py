"""Decides, from the raw request head alone, who may do what; pure, no I/O.

Authentication is decided once, from the raw request target, before routing, and denies
by default. Three locks stand on their own: the Host list, the refusal of browsers, and
the gateway key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote

from proxy.errors import FailureKind, Refused
from proxy.headers import credentials
from proxy.model import Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proxy.headers import Credentials
    from proxy.keys import KeyIdentity, KeyRing

MAX_TARGET = 8_000
"""Bytes of a request target; real clients stay under 300."""

NO_RETRY = ("x-should-retry", "false")
"""Stops a Claude Code that would repeat a 401 for minutes (seen with 2.1.329)."""


class Endpoint(StrEnum):
    """What the gateway's port serves."""

    MESSAGES = "messages"
    COUNT_MESSAGES = "count_messages"
    RESPONSES = "responses"
    COMPACT = "compact"
    COUNT_RESPONSES = "count_responses"
    CHAT = "chat"
    GENERATE = "generate"
    GENERATE_STREAM = "generate_stream"
    COUNT_GEMINI = "count_gemini"
    MODELS = "models"
    MODEL = "model"
    EVENTS = "events"
    METRICS = "metrics"
    HEALTH = "health"
    ROOT = "root"
    HELLO = "hello"


COUNTS = frozenset(
    {Endpoint.COUNT_MESSAGES, Endpoint.COUNT_RESPONSES, Endpoint.COUNT_GEMINI}
)
"""The endpoints that count tokens; they are answered and leave no row."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a path means: `model` is the one it names, where it names one."""

    endpoint: Endpoint
    verb: str
    protocol: Protocol | None
    model: str | None = None


_PATHS = {
    "/v1/messages": Known(Endpoint.MESSAGES, "POST", Protocol.MESSAGES),
    "/v1/messages/count_tokens": Known(
        Endpoint.COUNT_MESSAGES, "POST", Protocol.MESSAGES
    ),
    "/v1/responses": Known(Endpoint.RESPONSES, "POST", Protocol.RESPONSES),
    "/v1/responses/compact": Known(Endpoint.COMPACT, "POST", Protocol.RESPONSES),
    "/v1/responses/input_tokens": Known(
        Endpoint.COUNT_RESPONSES, "POST", Protocol.RESPONSES
    ),
    "/v1/chat/completions": Known(Endpoint.CHAT, "POST", Protocol.CHAT),
    "/v1/models": Known(Endpoint.MODELS, "GET", None),
    "/v1beta/models": Known(Endpoint.MODELS, "GET", Protocol.GEMINI),
    "/events/recent": Known(Endpoint.EVENTS, "GET", None),
    "/metrics": Known(Endpoint.METRICS, "GET", None),
    "/health": Known(Endpoint.HEALTH, "GET", None),
    "/": Known(Endpoint.ROOT, "HEAD", None),
    "/api/hello": Known(Endpoint.HELLO, "HEAD", None),
}
# Gemini names the model in the path, and what to do behind its last colon.
_MODEL = re.compile(
    r"/v1(?P<beta>beta)?/models/(?P<model>.+?)(?::(?P<verb>[A-Za-z]+))?"
)
_GEMINI_VERBS = {
    "generateContent": Endpoint.GENERATE,
    "streamGenerateContent": Endpoint.GENERATE_STREAM,
    "countTokens": Endpoint.COUNT_GEMINI,
}


def _known(path: str) -> Known | None:
    """Return what a path means, None where nothing is served there."""
    fixed = _PATHS.get(path)
    found = _MODEL.fullmatch(path) if fixed is None else None
    if found is None:
        return fixed
    doing = _GEMINI_VERBS.get(found["verb"] or "")
    if doing is not None:
        return Known(doing, "POST", Protocol.GEMINI, unquote(found["model"]))
    # No verb of theirs: the colon belongs to the name, as in `qwen3:8b`.
    name = path.partition("/models/")[2]
    protocol = Protocol.GEMINI if found["beta"] else None
    return Known(Endpoint.MODEL, "GET", protocol, unquote(name))


_OPEN = frozenset({Endpoint.HEALTH, Endpoint.ROOT, Endpoint.HELLO})
_NEEDS_READ = frozenset({Endpoint.EVENTS, Endpoint.METRICS})


@dataclass(frozen=True, slots=True)
class Target:
    """A raw request target taken apart: nothing is decoded or normalised.

    `path` has neither the key segment nor a doubled `/v1`; `query` is raw, without
    the question mark; `key` is the gateway key of a `/k/KEY/...` path.
    """

    path: str
    query: str
    key: str | None

    @property
    def known(self) -> Known | None:
        """What the path means, None where nothing is served there."""
        return _known(self.path)

    @property
    def protocol(self) -> Protocol | None:
        """The protocol whose error envelope fits this path, if any."""
        known = _known(self.path)
        if known is not None:
            return known.protocol
        if self.path.startswith("/v1beta/"):
            return Protocol.GEMINI
        if self.path.startswith("/v1/messages"):
            return Protocol.MESSAGES
        if self.path.startswith("/v1/responses"):
            return Protocol.RESPONSES
        return Protocol.CHAT if self.path.startswith("/v1/chat") else None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the guard holds a request against.

    `hosts` are the allowed Host values, `keys` the gateway keys in force, `command`
    is how `turnout` is typed on this machine, for sentences that name a command.
    """

    hosts: frozenset[str]
    keys: KeyRing
    command: str = "turnout"


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may be served: what it wants, and by whose key.

    `client` is None only on the open paths. `credentials` holds what is left for the
    provider once the gateway keys are taken out. `model` is the one the path names.
    """

    endpoint: Endpoint
    target: Target
    protocol: Protocol | None
    client: KeyIdentity | None
    credentials: Credentials
    model: str | None = None


def read_target(raw: str) -> Target:
    """Take a raw target apart. Raises `Refused` for anything but origin form."""
    if not raw.startswith("/") or len(raw) > MAX_TARGET:
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The request target is not a plain path, so Turnout did not read on. "
            "Point the client at http://127.0.0.1 and this port.",
        )
    path, _, query = raw.partition("?")
    key = None
    if path.startswith("/k/"):
        key, slash, rest = path[3:].partition("/")
        path = slash + rest
    if path.startswith("/v1/v1/"):
        path = path[3:]
    return Target(path, query, key)


def allowed_hosts(port: int) -> frozenset[str]:
    """Return the only Host values this port answers to, lower case."""
    return frozenset(
        f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]")
    ) | (frozenset({"127.0.0.1", "localhost", "[::1]"}) if port == 80 else frozenset())


def admit(
    method: str,
    target: Target,
    headers: Sequence[tuple[str, str]],
    policy: Policy,
) -> Admission:
    """Decide whether a request may be served and as whom.

    `headers` is the raw list in order, names in any case. Raises `Refused` with the
    status and a sentence; nothing about the body has been looked at by then.
    """
    _refuse_browsers(headers, policy.hosts)
    known = _known(target.path)
    presented = credentials(headers)
    if known is not None and known.endpoint in _OPEN and known.verb == method:
        return Admission(known.endpoint, target, None, None, presented)
    client = _identify(presented.gateway_keys, target.key, policy)
    if known is None:
        raise Refused(
            FailureKind.NOT_FOUND,
            404,
            "Turnout serves no such path. It serves /v1/messages, /v1/responses, "
            "/v1/chat/completions, /v1beta/models/MODEL:generateContent and "
            "/v1/models; check the client's base URL.",
        )
    endpoint, verb = known.endpoint, known.verb
    _refuse_upgrade(method, headers, endpoint)
    if method != verb:
        raise Refused(
            FailureKind.METHOD_NOT_ALLOWED,
            405,
            f"Turnout answers only {verb} on this path and did nothing else.",
            (("allow", verb),),
        )
    _check_scope(client, endpoint, policy.command)
    if verb == "POST":
        _demand_json(headers)
    return Admission(endpoint, target, known.protocol, client, presented, known.model)


def _values(headers: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name]


def _refuse_browsers(headers: Sequence[tuple[str, str]], hosts: frozenset[str]) -> None:
    host = _values(headers, "host")
    if len(host) != 1 or host[0].strip().lower() not in hosts:
        raise Refused(
            FailureKind.FORBIDDEN,
            403,
            "The Host header does not name this gateway, so Turnout refused the "
            "request. Use http://127.0.0.1 and this port as the base URL.",
        )
    sites = _values(headers, "sec-fetch-site")
    if _values(headers, "origin") or any(s.strip() != "none" for s in sites):
        raise Refused(
            FailureKind.FORBIDDEN,
            403,
            "The request comes from a web page, and Turnout serves no web pages. "
            "Nothing was sent on.",
        )


def _identify(
    presented: Sequence[str], in_path: str | None, policy: Policy
) -> KeyIdentity:
    candidates = [*presented] if in_path is None else [*presented, in_path]
    found = {
        identity.name: identity
        for identity in map(policy.keys.find, candidates)
        if identity is not None
    }
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise Refused(
            FailureKind.UNAUTHORIZED,
            401,
            "The request carries valid Turnout keys of two different clients, so "
            "Turnout refused it. Leave one key in the client's settings.",
            (NO_RETRY,),
        )
    said = "is not known to this Turnout" if candidates else "is missing"
    raise Refused(
        FailureKind.UNAUTHORIZED,
        401,
        f"The Turnout key {said}, so nothing was sent on. Make one with "
        f"`{policy.command} keys new NAME` and put it into the client's settings.",
        (NO_RETRY,),
    )


def _refuse_upgrade(
    method: str, headers: Sequence[tuple[str, str]], endpoint: Endpoint
) -> None:
    # Codex opens a websocket first and falls back to POST at once on 426 only. A POST
    # that merely offers HTTP/2 (as Java's client does) may be served as it is.
    offered = ",".join(_values(headers, "upgrade")).lower()
    if endpoint is not Endpoint.RESPONSES or not offered:
        return
    if method != "POST" or "websocket" in offered:
        raise Refused(
            FailureKind.UPGRADE_REFUSED,
            426,
            "Turnout serves this path by POST with streamed events, not by websocket.",
            (("upgrade", "HTTP/1.1"), ("connection", "close")),
        )


def _check_scope(client: KeyIdentity, endpoint: Endpoint, command: str) -> None:
    needed = "read" if endpoint in _NEEDS_READ else "call"
    if client.scope != needed:
        raise Refused(
            FailureKind.FORBIDDEN,
            403,
            f"This Turnout key has the scope {client.scope}, and the path needs "
            f"{needed}. Make one with `{command} keys new NAME --scope {needed}`.",
            (NO_RETRY,),
        )


def _demand_json(headers: Sequence[tuple[str, str]]) -> None:
    kinds = _values(headers, "content-type")
    media = kinds[0].partition(";")[0].strip().lower() if len(kinds) == 1 else ""
    if media != "application/json" and not (
        media.startswith("application/") and media.endswith("+json")
    ):
        raise Refused(
            FailureKind.UNSUPPORTED_MEDIA,
            415,
            "Turnout takes JSON bodies only. Send content-type: application/json.",
        )
