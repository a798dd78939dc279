"""The Gemini protocol (`generateContent`), both sides of it, no I/O."""

from __future__ import annotations

from typing import Final

from proxy.model import Protocol
from proxy.wire.codec import ClientCodec, ProviderCodec
from proxy.wire.gemini.client.answer import write_answer
from proxy.wire.gemini.client.request import read_request
from proxy.wire.gemini.client.stream import StreamWriter
from proxy.wire.gemini.provider.answer import read_answer
from proxy.wire.gemini.provider.request import write_request
from proxy.wire.gemini.provider.stream import StreamReader

CLIENT: Final = ClientCodec(Protocol.GEMINI, read_request, StreamWriter, write_answer)
PROVIDER: Final = ProviderCodec(
    Protocol.GEMINI, write_request, StreamReader, read_answer
)

__all__ = ["CLIENT", "PROVIDER"]
