"""The Responses protocol of OpenAI, both sides of it, no I/O."""

from __future__ import annotations

from typing import Final

from proxy.model import Protocol
from proxy.wire.codec import ClientCodec, ProviderCodec
from proxy.wire.responses.client.answer import write_answer
from proxy.wire.responses.client.request import read_request
from proxy.wire.responses.client.stream import StreamWriter
from proxy.wire.responses.provider.answer import read_answer
from proxy.wire.responses.provider.request import write_request
from proxy.wire.responses.provider.stream import StreamReader

CLIENT: Final = ClientCodec(
    Protocol.RESPONSES, read_request, StreamWriter, write_answer
)
PROVIDER: Final = ProviderCodec(
    Protocol.RESPONSES, write_request, StreamReader, read_answer
)

__all__ = ["CLIENT", "PROVIDER"]
