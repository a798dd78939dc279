"""Wire protocols as pure codecs: bytes to the neutral language and back, no I/O.

`CLIENT_CODECS` and `PROVIDER_CODECS` list them; nothing registers itself.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from proxy.model import Protocol
from proxy.wire.anthropic import answer as anthropic_answer
from proxy.wire.anthropic import request as anthropic_request
from proxy.wire.anthropic import stream as anthropic_stream
from proxy.wire.chat import answer as chat_answer
from proxy.wire.chat import request as chat_request
from proxy.wire.chat import stream as chat_stream
from proxy.wire.codec import ClientCodec, ProviderCodec, Target, Writer, Written
from proxy.wire.fields import WireError
from proxy.wire.responses import answer as responses_answer
from proxy.wire.responses import request as responses_request
from proxy.wire.responses import stream as responses_stream

CLIENT_CODECS: Final = (
    ClientCodec(
        Protocol.MESSAGES,
        anthropic_request.read_request,
        anthropic_stream.StreamWriter,
        anthropic_answer.write_answer,
    ),
    ClientCodec(
        Protocol.RESPONSES,
        responses_request.read_request,
        responses_stream.StreamWriter,
        responses_answer.write_answer,
    ),
    ClientCodec(
        Protocol.CHAT,
        chat_request.read_request,
        chat_stream.StreamWriter,
        chat_answer.write_answer,
    ),
)

CLIENT_CODEC_OF: Final = MappingProxyType(
    {each.protocol: each for each in CLIENT_CODECS}
)
"""By protocol; those that no client of ours speaks are not in it."""

__all__ = [
    "CLIENT_CODECS",
    "CLIENT_CODEC_OF",
    "ClientCodec",
    "ProviderCodec",
    "Target",
    "WireError",
    "Writer",
    "Written",
]
