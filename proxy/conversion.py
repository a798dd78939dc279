"""Turns one provider's answer into the client's protocol, piece by piece; no I/O.

Provider bytes go in, client bytes come out. What a client could take for the end stays
inside until the caller has put the answer on record, and so does the bare head, as
long as another route could still be tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Loss,
    Ping,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from proxy.wire.losses import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from proxy.model import Event
    from proxy.translation.veil import Veil
    from proxy.wire import Writer
    from proxy.wire.codec import Reader

CHARACTERS_A_TOKEN = 4
"""What a token of an answer stands for where a provider counts none."""


class Step(Protocol):
    """Something that events go through on their way to the client."""

    def feed(self, event: Event) -> Sequence[Event]:
        """Return what becomes of the event."""


@dataclass(slots=True)
class _Seen:
    """What is known of the answer so far: for the record, never a guess."""

    usage: Usage
    characters: int = 0


class Conversion:
    """One answer on its way from a provider's protocol to the client's.

    `heard` says that more than signs of life has come.
    `unheard` says that the answer was ended here and its provider has yet to say what
    it cost. `steps` are what the events go through in order. `writer` is None where
    the client wants the answer whole: then the events are kept in `told` for the
    caller. `guess` is told a
    client as its input where the protocol wants counts before the provider has any;
    it never gets into `usage`. `text_passes` says that no step looks at text; `veil`
    comes before them all.
    """

    def __init__(
        self,
        reader: Reader,
        steps: Sequence[Step],
        writer: Writer | None,
        *,
        guess: Usage | None = None,
        keep: bool = False,
        text_passes: bool = False,
        veil: Veil | None = None,
    ) -> None:
        """Start before the first byte; `keep` keeps the events beside writing them."""
        self._reader = reader
        self._veil = veil
        self._steps = tuple(steps) if veil is None else (veil, *steps)
        self._text_passes = text_passes
        self._writer = writer
        self._guess = guess
        self._seen = _Seen(Usage())
        self._held: list[bytes] = []
        self._spoken = False
        self._alive = False
        self._keep = keep or writer is None
        self.told: list[Event] = []
        self.ended: AnswerEnded | None = None
        self.failed: AnswerFailed | None = None
        self.losses: list[Loss] = []
        self.heard = False
        self.unheard = False

    @property
    def over(self) -> bool:
        """Whether the answer has come to its end, good or bad."""
        return self.ended is not None or self.failed is not None

    @property
    def usage(self) -> Usage:
        """What the provider has told so far."""
        return self._seen.usage

    def feed(self, data: bytes) -> bytes:
        """Return the client's bytes for these of the provider."""
        return self.push(self._reader.feed(data))

    def finish(self) -> bytes:
        """Take a clean end of the provider's bytes."""
        if self.over and not self.unheard:
            return b""
        return self.push(self._reader.finish())

    def push(self, events: Iterable[Event]) -> bytes:
        """Return the client's bytes for events of the provider."""
        out: list[bytes] = []
        for event in events:
            # In a name of its own, as what follows may change it.
            over = self.over
            if over:
                self._behind(event)
                continue
            if (
                self._text_passes
                and type(event) is TextDelta
                and (self._veil is None or self._veil.passes(event.text))
            ):
                self._take(event, out)
                continue
            for each in self._through(event, 0):
                if self.over:
                    break
                self._take(each, out)
            # A step may end an answer that its provider goes on with.
            self.unheard = self.ended is not None and type(event) is not AnswerEnded
        return out[0] if len(out) == 1 else b"".join(out)

    def leave(self) -> None:
        """Give up waiting for what an answer that was ended here has cost.

        What was counted of its output so far is less than what will be billed, so it is
        unknown then.
        """
        if self.unheard and self.ended is not None:
            told = self._seen.usage
            known = replace(told, output_tokens=None, reasoning_tokens=None)
            self._seen.usage = known
            self.ended = replace(self.ended, usage=known)

    def ping(self) -> bytes:
        """Return a sign of life, b'' where the client's protocol has none.

        It takes the head along if that is still here, and may come before any head.
        """
        if self._writer is None or self.over:
            return b""
        alive = self._writer.write(Ping())
        return self._flush() + alive if alive else b""

    def last(self) -> bytes:
        """Return the bytes that end the answer; to be asked once it is on record."""
        if self.ended is None:
            return b""
        if self._writer is None:
            # A whole answer tells the same counts as the end of a stream.
            self.told[-1] = self._with_counts(self.ended)
            return b""
        told = self._flush() + self._writer.write(self._with_counts(self.ended))
        self.losses.extend(self._writer.losses)
        return told

    def break_off(self, kind: FailureKind, message: str) -> bytes:
        """Return the event that ends the client's stream early."""
        if self._writer is None:
            return b""
        return self._flush() + self._writer.write(AnswerFailed(kind, message))

    def _behind(self, event: Event) -> None:
        """Count what a provider tells behind an end that was set here."""
        if not self.unheard or self.ended is None:
            return
        if isinstance(event, UsageReported | AnswerEnded):
            self._count(event.usage)
            self.ended = replace(self.ended, usage=self._seen.usage)
        self.unheard = not isinstance(event, AnswerEnded)

    def _through(self, event: Event, at: int) -> Sequence[Event]:
        if at == len(self._steps):
            return (event,)
        if at == len(self._steps) - 1:
            return self._steps[at].feed(event)
        return [
            each
            for inner in self._steps[at].feed(event)
            for each in self._through(inner, at + 1)
        ]

    def _take(self, event: Event, out: list[bytes]) -> None:
        if self._keep and type(event) is not Ping:
            self.told.append(event)
        if type(event) is TextDelta:
            # The way of nearly every event.
            self._seen.characters += len(event.text)
            self._say(event, out)
            return
        self.heard = self.heard or type(event) is not Ping
        match event:
            case AnswerStarted():
                self._count(event.usage)
                self._hold(self._with_guess(event))
            case UsageReported():
                self._count(event.usage)
                self._hold(event)
            case TextStarted() | ThinkingStarted() | ToolCallStarted():
                # That a part begins says nothing yet: another route may say it, too.
                self._hold(event)
            case Ping():
                self._live(event)
            case AnswerEnded():
                self._count(event.usage)
                self.ended = event
            case AnswerFailed():
                self.failed = event
            case _:
                if isinstance(event, ThinkingDelta | ToolCallArguments):
                    self._seen.characters += len(event.text)
                self._say(event, out)
        if self._spoken and self._held:
            out.append(self._flush())

    def _say(self, event: Event, out: list[bytes]) -> None:
        if self._writer is None:
            return
        if self._held:
            out.append(self._flush())
        self._spoken = True
        out.append(self._writer.write(event))

    def _live(self, event: Ping) -> None:
        # Of a flood of comments before the first word one is worth holding.
        if self._spoken or not self._alive:
            self._alive = True
            self._hold(event)

    def _hold(self, event: Event) -> None:
        if self._writer is not None:
            data = self._writer.write(event)
            if data:
                self._held.append(data)

    def _flush(self) -> bytes:
        held, self._held = b"".join(self._held), []
        return held

    def _count(self, usage: Usage | None) -> None:
        if usage is not None:
            self._seen.usage = self._seen.usage.merged(usage)

    def _with_guess(self, event: AnswerStarted) -> AnswerStarted:
        known = event.usage or Usage()
        if self._guess is None or known.whole_input is not None:
            return event
        return replace(event, usage=self._guess.merged(known))

    def _with_counts(self, event: AnswerEnded) -> AnswerEnded:
        """Put guesses where the provider counted nothing, and say so as a loss."""
        usage = self._seen.usage
        known = usage.whole_input is not None and usage.output_tokens is not None
        if known or self._guess is None:
            return event
        self.losses.append(named("usage_estimated"))
        counted = -(-self._seen.characters // CHARACTERS_A_TOKEN)
        whole = self._guess if usage.whole_input is None else Usage()
        return replace(
            event, usage=whole.merged(Usage(output_tokens=counted)).merged(usage)
        )
