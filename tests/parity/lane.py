"""A gateway before a strict provider of one protocol, and what Claude's clients send.

Claude Code's and Claude Desktop's requests have the shape their vendor documents; the
Anthropic API's are made by its own SDK.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
from anthropic.types import Message
from loopback import Serving, serving
from sdk_types import accumulated
from stream_order import CHECKS
from upstream import ScriptedUpstream, Seen

from proxy.ledger import Event
from proxy.model import Protocol

MODEL = "claude-opus-5-5"
GEMINI_MODEL = "gemini-3-parity"
"""From that family on Gemini wants its signatures back."""
LANES: Mapping[Protocol, str] = {
    Protocol.MESSAGES: "Messages (native)",
    Protocol.RESPONSES: "Responses",
    Protocol.CHAT: "Chat",
    Protocol.GEMINI: "Gemini",
    Protocol.OLLAMA: "Ollama",
}
BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14,"
    "context-management-2025-06-27,effort-2025-11-24"
)
SESSION = "5c1f0f1e-parity"
_ORDER = tuple(LANES)
_ENTRY = """
[[providers]]
id = "{id}"
base_url = "{url}"
protocols = ["{protocol}"]
key = "env:SCRIPTED_KEY"
place = "provider"

[[providers.models]]
id = "claude-opus-5-5"
lane = "claude/premium"
context = 200000
max_output = 64000
vision = true

[[providers.models]]
id = "gemini-3-parity"
lane = "gemini/premium"
vision = true
"""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as the client has it, and its record."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    event: Event | None

    @property
    def message(self) -> Message:
        """The answer of a stream, put together as the SDK does it."""
        assert self.status == 200, self.body
        CHECKS[Protocol.MESSAGES](self.body.replace(b"\r\n", b"\n"))
        return Message.model_validate(accumulated(Protocol.MESSAGES, self.body))


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane at work: `first` speaks its protocol, `second` the next one's."""

    protocol: Protocol
    upstream: ScriptedUpstream
    gateway: Serving

    @property
    def native(self) -> bool:
        """Whether the provider speaks Messages, so that nothing is translated."""
        return self.protocol is Protocol.MESSAGES

    @property
    def other(self) -> Protocol:
        """What the standby speaks."""
        return _ORDER[(_ORDER.index(self.protocol) + 1) % len(_ORDER)]

    @property
    def seen(self) -> Seen:
        """The last request the provider got; it was one it takes."""
        assert self.upstream.refusals == []
        return self.upstream.asked[-1]

    def arrived(self, *words: str) -> None:
        """Says that the provider's last request holds these words."""
        text = json.dumps(self.seen.json, ensure_ascii=False)
        text = text.replace("\\\\", "\\").replace('\\"', '"')
        for word in words:
            assert word in text, f"{word!r} did not arrive"

    def sdk(self) -> anthropic.AsyncAnthropic:
        """The vendor's own client, its answers held against its types strictly."""
        return anthropic.AsyncAnthropic(
            base_url=self.gateway.url,
            auth_token=self.gateway.key,
            max_retries=0,
            _strict_response_validation=True,
        )

    async def claude_code(self, body: Json, **headers: str) -> Told:
        """A request as Claude Code sends it."""
        return await self._post(
            "/v1/messages?beta=true",
            _claude_code(body),
            {
                "anthropic-version": "2023-06-01",
                "anthropic-beta": BETAS,
                "user-agent": "claude-cli/2.1.329 (external, sdk-cli)",
                "x-app": "cli",
                "x-claude-code-session-id": SESSION,
                **headers,
            },
        )

    async def claude_desktop(self, body: Json) -> Told:
        """A request as Claude Desktop sends it to a gateway: Bearer, streamed."""
        asked = {"model": MODEL, "max_tokens": 32_000, "stream": True, **body}
        return await self._post(
            "/v1/messages", asked, {"anthropic-version": "2023-06-01"}
        )

    async def _post(self, path: str, body: Json, headers: Mapping[str, str]) -> Told:
        known = {
            "authorization": f"Bearer {self.gateway.key}",
            "content-type": "application/json",
            **headers,
        }
        url = self.gateway.url + path
        async with self.gateway.session.post(url, json=body, headers=known) as answer:
            got = await answer.read()
            name = answer.headers.get("x-turnout-request")
            rows = [row for row in self.gateway.events() if row.id == name]
            return Told(answer.status, answer.headers, got, rows[0] if rows else None)

    async def get(self, path: str, **headers: str) -> Json:
        """What a list of models holds."""
        known = {"authorization": f"Bearer {self.gateway.key}", **headers}
        url = self.gateway.url + path
        async with self.gateway.session.get(url, headers=known) as answer:
            assert answer.status == 200
            found: Json = await answer.json()
            return found


def _claude_code(body: Json) -> Json:
    """Its fixed parts around what a case asks."""
    attribution = "x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=cli;"
    mark = {"cache_control": {"type": "ephemeral"}}
    user = {"device_id": "d", "account_uuid": "", "session_id": SESSION}
    return {
        "model": MODEL,
        "max_tokens": 64_000,
        "stream": True,
        "system": [
            {"type": "text", "text": attribution},
            {"type": "text", "text": "You are Claude Code.", **mark},
            {"type": "text", "text": "Be brief.", **mark},
        ],
        "metadata": {"user_id": json.dumps(user)},
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {
            "edits": [{"type": "clear_thinking_20251015", "keep": "all"}]
        },
        "output_config": {"effort": "medium"},
        **body,
    }


@contextlib.asynccontextmanager
async def lanes(home: Path) -> AsyncIterator[Mapping[Protocol, Lane]]:
    """Serve all lanes for the length of the block."""
    async with contextlib.AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(ScriptedUpstream(strict=True))
        found: dict[Protocol, Lane] = {}
        for at, protocol in enumerate(_ORDER):
            other = _ORDER[(at + 1) % len(_ORDER)]
            config = _entry("first", upstream.url, protocol)
            config += _entry("second", upstream.url, other)
            gateway = serving(home / protocol, config)
            served = await stack.enter_async_context(gateway)
            found[protocol] = Lane(protocol, upstream, served)
        yield found


def _entry(name: str, url: str, protocol: Protocol) -> str:
    return _ENTRY.format(id=name, url=url, protocol=protocol)
