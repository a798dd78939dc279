"""What a codec is: the shapes that every wire protocol's modules fill in; no I/O.

A protocol has two sides. Towards a client, requests are read and answers written;
towards a provider, requests are written and answers read. The neutral language of
`proxy.model` stands in the middle of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from proxy.model import Event, Loss, Request
from proxy.model import Protocol as WireProtocol
from proxy.wire.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Target:
    """Who a request is written for.

    `model` is the name that goes upstream. `dialect` says what this provider takes in
    this protocol. `max_output` is the most tokens the model can answer with, None
    where unknown. `context` is the most tokens it can hold in all, None where
    unknown. `stream` asks for a stream.
    """

    protocol: WireProtocol
    provider: str
    model: str
    dialect: Dialect
    stream: bool = False
    max_output: int | None = None
    context: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes in a protocol's own form, and what had no place in them."""

    body: bytes
    losses: tuple[Loss, ...] = ()


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
    ) -> Written:
        """Return the body; raises BrokenOff where the events tell no whole answer."""


class Reader(Protocol):
    """Reads one provider's streamed answer; it never raises, whatever the bytes are.

    The events keep the order that `proxy.model.events` promises: `AnswerStarted`
    first, one `AnswerEnded` or `AnswerFailed` last, nothing behind it.
    `AnswerEnded` is said only where the protocol's own end was seen.
    """

    def feed(self, data: bytes) -> Sequence[Event]:
        """Return the events that these bytes complete."""

    def finish(self) -> Sequence[Event]:
        """Return the last events at a clean end of the connection.

        A stream that was not complete ends in `AnswerFailed` of the kind `CUT`.
        """


class ReaderFactory(Protocol):
    """Makes the reader of one streamed answer."""

    def __call__(self, *, answer_id: str, model: str) -> Reader:
        """Return a reader; id and model stand in where the provider names none."""


class AnswerReader(Protocol):
    """Reads one whole answer of a provider."""

    def __call__(self, body: bytes, *, answer_id: str, model: str) -> Sequence[Event]:
        """Return its events; an error in place of the answer is `AnswerFailed`.

        Raises WireError, and nothing else, where the body is no answer at all.
        """


@dataclass(frozen=True, slots=True)
class ClientCodec:
    """One protocol as its clients speak it."""

    protocol: WireProtocol
    read_request: Callable[[bytes], Request]
    stream_writer: StreamWriterFactory
    write_answer: AnswerWriter


@dataclass(frozen=True, slots=True)
class ProviderCodec:
    """One protocol as its providers speak it."""

    protocol: WireProtocol
    write_request: Callable[[Request, Target], Written]
    stream_reader: ReaderFactory
    read_answer: AnswerReader
