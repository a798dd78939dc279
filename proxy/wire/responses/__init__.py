"""The Responses protocol of OpenAI, both sides of it, no I/O."""

from __future__ import annotations

from typing import Final

from proxy.model import Protocol
from proxy.wire.codec import ClientCodec, ProviderCodec
from proxy.wire.responses.answer import write_answer
from proxy.wire.responses.outgoing import write_request
from proxy.wire.responses.provider_answer import read_answer
from proxy.wire.responses.provider_stream import StreamReader
from proxy.wire.responses.request import read_request
from proxy.wire.responses.stream import StreamWriter

CLIENT: Final = ClientCodec(
    Protocol.RESPONSES, read_request, StreamWriter, write_answer
)
PROVIDER: Final = ProviderCodec(
    Protocol.RESPONSES, write_request, StreamReader, read_answer
)

__all__ = ["CLIENT", "PROVIDER"]
