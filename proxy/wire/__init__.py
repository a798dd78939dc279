"""Wire protocols as pure codecs: bytes to the neutral language and back, no I/O.

`CODECS` is the list of them; nothing registers itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from proxy.model import Event, Loss, Request
from proxy.model import Protocol as WireProtocol
from proxy.wire.anthropic import answer as anthropic_answer
from proxy.wire.anthropic import request as anthropic_request
from proxy.wire.anthropic import stream as anthropic_stream
from proxy.wire.chat import answer as chat_answer
from proxy.wire.chat import request as chat_request
from proxy.wire.chat import stream as chat_stream
from proxy.wire.fields import WireError
from proxy.wire.responses import answer as responses_answer
from proxy.wire.responses import request as responses_request
from proxy.wire.responses import stream as responses_stream


class Writer(Protocol):
    """Writes one answer as a stream; `losses` names what had no place in it."""

    losses: list[Loss]

    def write(self, event: Event) -> bytes:
        """Return the bytes that say `event`, b'' where there is nothing to say."""


class StreamWriterFactory(Protocol):
    """Makes the writer of one streamed answer."""

    def __call__(
        self, request: Request, *, created: int, request_id: str | None = None
    ) -> Writer:
        """Return a writer; `created` is in Unix seconds."""


class AnswerWriter(Protocol):
    """Writes one answer as a single JSON body."""

    def __call__(
        self,
        request: Request,
        events: Iterable[Event],
        *,
        created: int,
        request_id: str | None = None,
    ) -> bytes:
        """Return the body; raises BrokenOff where the events tell no whole answer."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One wire protocol: its reader of requests and its writers of answers."""

    protocol: WireProtocol
    read_request: Callable[[bytes], Request]
    stream_writer: StreamWriterFactory
    write_answer: AnswerWriter


CODECS: Final = (
    Codec(
        WireProtocol.MESSAGES,
        anthropic_request.read_request,
        anthropic_stream.StreamWriter,
        anthropic_answer.write_answer,
    ),
    Codec(
        WireProtocol.RESPONSES,
        responses_request.read_request,
        responses_stream.StreamWriter,
        responses_answer.write_answer,
    ),
    Codec(
        WireProtocol.CHAT,
        chat_request.read_request,
        chat_stream.StreamWriter,
        chat_answer.write_answer,
    ),
)

CODEC_OF: Final = MappingProxyType({each.protocol: each for each in CODECS})
"""The codecs by protocol; protocols without one are not in it."""

__all__ = ["CODECS", "CODEC_OF", "Codec", "WireError", "Writer"]
