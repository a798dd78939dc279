"""Sends one real request as a wired client would, and says step by step how it went.

Address and key are read from the client's own file, so that what is tested is what was
written. It goes through the gateway's port like the client itself. It must not judge a
model by its words, nor try again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import aiohttp

from proxy.ledger.checkup import TEST_SESSION
from proxy.model import Protocol
from wizard.plan import Login
from wizard.view import TestStep

if TYPE_CHECKING:
    from proxy.ledger.rows import Event

SECONDS: Final = 60.0
"""How long the test request may take in all; a cold local model needs a while."""

_TOOL: Final = "turnout_check"
_PROMPT: Final = f"This is a connection test. Call the tool {_TOOL} once, say nothing."
_TOKENS: Final = 512
_MOST: Final = 1 << 20
_SAID: Final = 300
_URL: Final = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5}")
_KEY: Final = re.compile(r"tnt_[A-Za-z0-9_-]{16,}")
_PATH_KEY: Final = re.compile(r"/k/(tnt_[A-Za-z0-9_-]{16,})")
_CALLED: Final = ('"tool_use"', '"function_call"', '"tool_calls"', '"functionCall"')

_PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "claude-code": Protocol.MESSAGES,
    "claude-desktop": Protocol.MESSAGES,
    "openclaw": Protocol.MESSAGES,
    "codex": Protocol.RESPONSES,
    "gemini-cli": Protocol.GEMINI,
}
_AGENTS: Final[Mapping[str, str]] = {
    "claude-code": "claude-cli/2.1.329 (external, cli)",
    "codex": "codex_exec/0.169.0",
    "opencode": "opencode/1.18.33",
    "gemini-cli": "GeminiCLI/0.61.0",
    "qwen-code": "QwenCode/0.15.10",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client was told to go: the origin, its key, and how it signs in.

    `carrier` is how the key travels: first in the `path`, in a header of its own
    (`header`), or as the `bearer`.
    """

    client: str
    origin: str
    key: str = field(repr=False)
    login: Login
    model: str
    carrier: str = "bearer"


@dataclass(frozen=True, slots=True)
class Checked:
    """The steps in order, and the request's id where one was routed."""

    steps: tuple[TestStep, ...]
    request: str = ""

    @property
    def failed(self) -> TestStep | None:
        """The first step that failed, None where none did."""
        return next((step for step in self.steps if step.ok is False), None)


def target_in(
    client: str, files: Iterable[bytes], login: Login, model: str, kept: str = ""
) -> Target | None:
    """Return what a client's files say, None where they name no gateway or key.

    `kept` is the key of a client that fetches it by a command.
    """
    text = "\n".join(data.decode("utf-8", "replace") for data in files)
    origin, key = _URL.search(text), _KEY.search(text)
    if origin is None or (key is None and not kept):
        return None
    carrier = "header" if "x-turnout-key" in text.lower() else "bearer"
    if _PATH_KEY.search(text):
        carrier = "path"
    found = key[0] if key else kept
    return Target(client, origin[0], found, login, model, carrier)


Monotonic = Callable[[], float]
FindEvent = Callable[[str], "Awaitable[Event | None]"]


async def check(target: Target, monotonic: Monotonic, event: FindEvent) -> Checked:
    """Send the test request and return its steps; takes at most `SECONDS`.

    `event` gives the recorded request by its id. Never raises for what it meets.
    """
    test = _Test(target, monotonic, event)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        try:
            await test.run(session)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            test.broke(error)
    return Checked(tuple(test.steps), test.request)


class _Test:
    def __init__(self, target: Target, monotonic: Monotonic, event: FindEvent) -> None:
        self.steps: list[TestStep] = []
        self.request = ""
        self._target = target
        self._monotonic = monotonic
        self._event = event
        self._began = monotonic()
        self._next = "port"

    async def run(self, session: aiohttp.ClientSession) -> None:
        await self._port(session)
        if not await self._key(session):
            return
        if self._target.login is Login.OWN:
            text = "its own sign-in travels with its own requests: its first one shows"
            self._note("stream", None, f"{text} the rest")
            return
        await self._stream(session)

    def broke(self, error: Exception) -> None:
        late = isinstance(error, TimeoutError)
        text = "nothing came in time" if late else "the connection broke"
        self._note(self._next, False, f"{text} ({type(error).__name__})")

    def _note(self, name: str, ok: bool | None, text: str) -> None:  # noqa: FBT001
        ms = round((self._monotonic() - self._began) * 1000)
        self.steps.append(TestStep(name, ok, text, ms))

    async def _port(self, session: aiohttp.ClientSession) -> None:
        async with session.get(f"{self._target.origin}/health") as answer:
            told = await answer.read()
        ours = answer.status == 200 and b'"version"' in told
        text = f"{self._target.origin} answers"
        self._note("port", ours, text if ours else f"{text}, but not as Turnout")
        self._next = "key"

    async def _key(self, session: aiohttp.ClientSession) -> bool:
        gemini = self._protocol is Protocol.GEMINI
        path = "/v1beta/models" if gemini else "/v1/models"
        async with session.get(self._url(path), headers=self._headers()) as answer:
            told = await answer.read()
        opens = answer.status == 200
        text = "the client's key opens the gateway"
        self._note("key", opens, text if opens else _said(told))
        self._next = "stream"
        return opens

    @property
    def _protocol(self) -> Protocol:
        return _PROTOCOLS.get(self._target.client, Protocol.CHAT)

    def _url(self, path: str) -> str:
        key = f"/k/{self._target.key}" if self._target.carrier == "path" else ""
        return f"{self._target.origin}{key}{path}"

    def _headers(self) -> dict[str, str]:
        agent = _AGENTS.get(self._target.client, self._target.client)
        headers = {"User-Agent": agent, "x-session-id": TEST_SESSION}
        match self._target.carrier:
            case "header":
                headers["x-turnout-key"] = self._target.key
            case "bearer" if self._protocol is Protocol.GEMINI:
                headers["x-goog-api-key"] = self._target.key
            case "path":
                pass
            case _:
                headers["Authorization"] = f"Bearer {self._target.key}"
        if self._protocol is Protocol.MESSAGES:
            headers["anthropic-version"] = "2023-06-01"
        return headers

    async def _stream(self, session: aiohttp.ClientSession) -> None:
        path, body = _question(self._protocol, self._target.model)
        url = self._url(path)
        async with session.post(url, json=body, headers=self._headers()) as answer:
            self.request = answer.headers.get("x-turnout-request", "")
            route = answer.headers.get("x-turnout-route", "")
            if answer.status != 200:
                self._note("stream", False, _said(await answer.read()))
                return
            told = await self._read(answer)
        called = any(mark in told for mark in _CALLED)
        text = (
            "the model called the offered tool" if called else "the model called none"
        )
        self._note("tool call", True if called else None, text)
        self._note("route", bool(route), route or "the answer names no route")
        await self._cost()

    async def _read(self, answer: aiohttp.ClientResponse) -> str:
        """Return the stream's text; the step is done with its first event."""
        first, told = True, bytearray()
        async for piece in answer.content.iter_any():
            if first:
                self._note("stream", True, "the answer streams")
                self._next, first = "tool call", False
            if len(told) < _MOST:
                told += piece
        if first:
            self._note("stream", False, "the answer was empty")
        return told.decode("utf-8", "replace")

    async def _cost(self) -> None:
        event = await self._event(self.request) if self.request else None
        if event is None or event.cost_nano is None:
            self._note("cost", None, "its price is not known")
            return
        dollars = event.cost_nano / 1_000_000_000
        self._note("cost", True, f"{dollars:.6f} $" if dollars else "0 $")


def _said(told: bytes) -> str:
    """Return the sentence in an error's body; our own errors carry no secret."""
    try:
        message = json.loads(told)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return "the gateway refused the request"
    return str(message)[:_SAID]


def _question(protocol: Protocol, model: str) -> tuple[str, dict[str, object]]:
    """Return path and body of the smallest request with a stream and a tool."""
    schema = {"type": "object", "properties": {}}
    tool = {"name": _TOOL, "description": "Confirms that tools work."}
    match protocol:
        case Protocol.MESSAGES:
            return "/v1/messages?beta=true", {
                "model": model,
                "max_tokens": _TOKENS,
                "stream": True,
                "messages": [{"role": "user", "content": _PROMPT}],
                "tools": [{**tool, "input_schema": schema}],
            }
        case Protocol.RESPONSES:
            return "/v1/responses", {
                "model": model,
                "stream": True,
                "store": False,
                "input": [{"role": "user", "content": _PROMPT}],
                "tools": [{"type": "function", **tool, "parameters": schema}],
            }
        case Protocol.GEMINI:
            path = f"/v1beta/models/{model}:streamGenerateContent?alt=sse"
            return path, {
                "contents": [{"role": "user", "parts": [{"text": _PROMPT}]}],
                "tools": [{"functionDeclarations": [tool]}],
            }
        case _:
            function = {**tool, "parameters": schema}
            return "/v1/chat/completions", {
                "model": model,
                "max_tokens": _TOKENS,
                "stream": True,
                "stream_options": {"include_usage": True},
                "messages": [{"role": "user", "content": _PROMPT}],
                "tools": [{"type": "function", "function": function}],
            }
