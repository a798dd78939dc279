"""The Messages protocol of Anthropic, both sides of it, no I/O."""

from __future__ import annotations

from typing import Final

from proxy.model import Protocol
from proxy.wire.anthropic.client.answer import write_answer
from proxy.wire.anthropic.client.request import read_request
from proxy.wire.anthropic.client.stream import StreamWriter
from proxy.wire.anthropic.provider.answer import read_answer
from proxy.wire.anthropic.provider.request import write_request
from proxy.wire.anthropic.provider.stream import StreamReader
from proxy.wire.codec import ClientCodec, ProviderCodec

CLIENT: Final = ClientCodec(Protocol.MESSAGES, read_request, StreamWriter, write_answer)
PROVIDER: Final = ProviderCodec(
    Protocol.MESSAGES, write_request, StreamReader, read_answer
)

__all__ = ["CLIENT", "PROVIDER"]
