"""The way of one answer from a scripted provider to a client, with no socket between.

What the lane does, in order: the provider's reader, the names put back, the client's
writer. The scripted providers know nothing of these.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any, Final

from answer_laws import Essence, check_line, essence
from upstream import chat, gemini, messages, ollama_chat, responses

from proxy.conversion import Conversion
from proxy.model import (
    FunctionTool,
    Message,
    Namespace,
    Origin,
    Protocol,
    Request,
    Role,
    Text,
    Tool,
    gather,
)
from proxy.translation.fit import fit
from proxy.translation.names import Names
from proxy.translation.restore import Restorer
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF, Target
from proxy.wire.dialect import VENDOR_DIALECTS

CREATED: Final = 1_790_000_000
SCRIPTED: Final[dict[Protocol, ModuleType]] = {
    Protocol.MESSAGES: messages,
    Protocol.RESPONSES: responses,
    Protocol.CHAT: chat,
    Protocol.GEMINI: gemini,
    Protocol.OLLAMA: ollama_chat,
}
_LONG: Final = "mcp__" + "a_server_with_a_long_name__" * 3
_SCHEMA: Final[dict[str, Any]] = {"type": "object", "properties": {"a": {}}}
NAMES: Final = ("read_file", f"{_LONG}one", f"{_LONG}two", "a.b/c d")


@cache
def _names(client: Protocol, provider: Protocol) -> Names:
    dialect = VENDOR_DIALECTS[provider]
    target = Target(provider, "scripted", "made", dialect, stream=True)
    return fit(_request(client), target).names


@cache
def _request(client: Protocol) -> Request:
    legal = client is not Protocol.MESSAGES
    tools: list[Tool] = [FunctionTool(n, "It.", _SCHEMA) for n in NAMES[: 3 + legal]]
    if client is Protocol.RESPONSES:
        inner = FunctionTool("read_file", "Inside.", _SCHEMA)
        tools.append(Namespace("files", "A group.", (inner,)))
    said = (Message(Role.USER, (Text("Hello"),)),)
    asked = Request(client, "asked", said, tools=tuple(tools), stream=True)
    return replace(asked, stream_usage=client is Protocol.CHAT)


class Way:
    """The way of one answer from a provider to a client, as the lane goes it."""

    def __init__(self, client: Protocol, provider: Protocol) -> None:
        self.client, self.provider = client, provider
        self.request = _request(client)
        self.names = _names(client, provider)
        self.codec = PROVIDER_CODEC_OF[provider]

    def known_as(self, name: str) -> str:
        """What the provider calls a tool of the client."""
        return self.names.sent(name).name

    def restorer(self) -> Restorer:
        origin = Origin(self.provider, "scripted", "made")
        return Restorer(self.names, origin, self.client)

    def conversion(self) -> Conversion:
        writer = CLIENT_CODEC_OF[self.client].stream_writer(
            self.request, created=CREATED, request_id="req_1"
        )
        reader = self.codec.stream_reader(answer_id="abc123", model="made")
        return Conversion(reader, (self.restorer(),), writer)

    def stream(self, *chunks: bytes) -> tuple[bytes, Conversion]:
        """What the client gets of these bytes and a clean end behind them."""
        conversion = self.conversion()
        out = b"".join(conversion.feed(chunk) for chunk in chunks)
        out += conversion.finish()
        failed = conversion.failed
        if failed is not None:
            return out + conversion.break_off(failed.kind, failed.message), conversion
        return out + conversion.last(), conversion

    def heard(self, stream: bytes) -> Essence:
        """What the client's own protocol says of what it got."""
        codec = PROVIDER_CODEC_OF[self.client]
        reader = codec.stream_reader(answer_id="x", model="x")
        events = [*reader.feed(stream), *reader.finish()]
        check_line(events)
        return essence(gather(events))
