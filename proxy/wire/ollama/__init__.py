"""Ollama's own chat protocol, towards a provider only; pure, no I/O.

`POST /api/chat`, after the `ollama` package 0.6.3 and the server's `api/types.go`.
"""

from __future__ import annotations

from typing import Final

from proxy.model import Protocol
from proxy.wire.codec import ProviderCodec
from proxy.wire.ollama.answer import read_answer
from proxy.wire.ollama.request import write_request
from proxy.wire.ollama.stream import StreamReader

PROVIDER: Final = ProviderCodec(
    Protocol.OLLAMA, write_request, StreamReader, read_answer
)

__all__ = ["PROVIDER"]
