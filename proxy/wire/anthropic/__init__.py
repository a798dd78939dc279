"""The Messages protocol of Anthropic, both sides of it, no I/O."""

from __future__ import annotations

from typing import Final

from proxy.model import Protocol
from proxy.wire.anthropic.answer import write_answer
from proxy.wire.anthropic.outgoing import write_request
from proxy.wire.anthropic.provider_answer import read_answer
from proxy.wire.anthropic.provider_stream import StreamReader
from proxy.wire.anthropic.request import read_request
from proxy.wire.anthropic.stream import StreamWriter
from proxy.wire.codec import ClientCodec, ProviderCodec

CLIENT: Final = ClientCodec(Protocol.MESSAGES, read_request, StreamWriter, write_answer)
PROVIDER: Final = ProviderCodec(
    Protocol.MESSAGES, write_request, StreamReader, read_answer
)

__all__ = ["CLIENT", "PROVIDER"]
