"""The Chat Completions protocol of OpenAI, both sides of it, no I/O."""

from __future__ import annotations

from typing import Final

from proxy.model import Protocol
from proxy.wire.chat.client.answer import write_answer
from proxy.wire.chat.client.request import read_request
from proxy.wire.chat.client.stream import StreamWriter
from proxy.wire.chat.provider.answer import read_answer
from proxy.wire.chat.provider.request import write_request
from proxy.wire.chat.provider.stream import StreamReader
from proxy.wire.codec import ClientCodec, ProviderCodec

CLIENT: Final = ClientCodec(Protocol.CHAT, read_request, StreamWriter, write_answer)
PROVIDER: Final = ProviderCodec(Protocol.CHAT, write_request, StreamReader, read_answer)

__all__ = ["CLIENT", "PROVIDER"]
