"""Turns the pieces of a Chat provider's answer into neutral events; no I/O.

Text, refusal and reasoning are one open part at a time; calls stay open beside them,
because their pieces may interleave.
"""

from __future__ import annotations

from typing import Final

import msgspec

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Citation,
    CitationAdded,
    Event,
    Json,
    Opaque,
    Origin,
    PartEnded,
    PartWhole,
    Protocol,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    Usage,
    UsageReported,
)
from proxy.wire.chat.provider.calls import Calls
from proxy.wire.chat.provider.chunks import (
    Choice,
    Chunk,
    Delta,
    entries_of,
    inside,
    text_of,
)
from proxy.wire.chat.provider.end import BROKE, breaks, failure_of, stop_of
from proxy.wire.chat.provider.reasoning import Details, thought_of
from proxy.wire.counts import chat_counts, members
from proxy.wire.served import openai_served

_ORIGIN: Final = Origin(Protocol.CHAT)
_TEXT: Final = "text"
_REFUSAL: Final = "refusal"
_THOUGHT: Final = "thought"
_TAIL: Final = 12


class Assembly:
    """One answer while it comes in; after `over` it takes nothing more.

    `answer_id` and `model` stand in where the provider names none. `finished` tells
    that the provider said why the answer ended; `text` is the part that plain text
    goes on in, None where none is open.
    """

    __slots__ = (
        "_answer_id",
        "_calls",
        "_details",
        "_kind",
        "_model",
        "_next",
        "_open",
        "_reason",
        "_refused",
        "_started",
        "_tier",
        "_told",
        "_word",
        "finished",
        "over",
        "text",
    )

    def __init__(self, answer_id: str, model: str) -> None:
        self._answer_id = answer_id
        self._model = model
        self._calls = Calls(_tail(answer_id), self._place)
        self._details = Details()
        self._started = False
        self._next = 0
        self._open = 0
        self._kind = ""
        self._reason = ""
        self._word: str | None = None
        self._refused = False
        self._told: object = None
        self._tier: object = None
        self.finished = False
        self.over = False
        self.text: int | None = None

    @property
    def started(self) -> bool:
        """Whether the answer's first event has been given."""
        return self._started

    def take(self, chunk: Chunk, out: list[Event]) -> None:
        """Take a chunk, or a whole answer, and add its events to `out`."""
        if chunk.error:
            self.fail(failure_of(chunk.error), out)
            return
        if not self._started:
            self._start(chunk, out)
        self._count(chunk)
        for choice in chunk.choices or ():
            if choice.index is None or choice.index == 0:
                self._choose(choice, out)

    def complete(self, out: list[Event]) -> None:
        """End the answer as the provider did."""
        if not self._started:
            self._start(Chunk(), out)
        if breaks(self._reason):
            self.fail(AnswerFailed(FailureKind.UPSTREAM_ERROR, BROKE), out)
            return
        self._close(out)
        out.extend(self._calls.end())
        stop = stop_of(
            self._reason,
            calls=self._calls.any,
            refused=self._refused,
            word=self._word,
        )
        self.over = True
        out.append(AnswerEnded(stop, self._word, self._usage()))

    def fail(self, failed: AnswerFailed, out: list[Event]) -> None:
        """End the answer with a failure; what it cost so far is told first."""
        self.over = True
        usage = self._usage()
        if self._started and usage != Usage():
            out.append(UsageReported(usage))
        out.append(failed)

    def _start(self, chunk: Chunk, out: list[Event]) -> None:
        self._started = True
        answer_id = text_of(chunk.id) or self._answer_id
        out.append(AnswerStarted(answer_id, text_of(chunk.model) or self._model))

    def _count(self, chunk: Chunk) -> None:
        if chunk.service_tier is not None:
            self._tier = chunk.service_tier
        told = chunk.usage
        if not told and isinstance(chunk.x_groq, dict):
            # Groq tells the usage of a stream in a member of its own.
            told = chunk.x_groq.get("usage")
        if not told:
            # Moonshot tells it inside the choice.
            told = next((c.usage for c in chunk.choices or () if c.usage), None)
        if told and not (self._told and _nothing(told)):
            # Some servers tell it with every chunk: only the last is looked at.
            self._told = told

    def _usage(self) -> Usage:
        found = members(msgspec.json.encode(self._told)) if self._told else None
        if not found:
            return Usage()
        tier = msgspec.Raw(msgspec.json.encode(self._tier))
        served = openai_served({"service_tier": tier})
        return Usage(**chat_counts(found), served=served)

    def _choose(self, choice: Choice, out: list[Event]) -> None:
        delta = choice.delta
        if delta is None and not self.finished and self._next == 0:
            delta = choice.message
        if delta is not None:
            self._add(delta, out)
        reason = text_of(choice.finish_reason)
        if reason:
            self.finished = True
            self._reason = reason
        if isinstance(choice.stop_reason, str) and reason in {"stop", "eos"}:
            # vLLM names the word that stopped it.
            self._word = choice.stop_reason or None

    def _add(self, delta: Delta, out: list[Event]) -> None:
        self._think(delta, out)
        if delta.content:
            self._content(delta.content, out)
        if refusal := text_of(delta.refusal):
            self._refused = True
            self._say(_REFUSAL, refusal, out)
        for each in entries_of(delta.annotations):
            out.append(CitationAdded(self._into(_TEXT, out), _citation(each)))
        if isinstance(delta.audio, dict) and "data" in delta.audio:
            self._whole("audio", delta.audio, out)
        for each in entries_of(delta.tool_calls):
            self._call(each, out)
        if isinstance(delta.function_call, dict):
            self._call({"index": -1, "function": delta.function_call}, out)

    def _think(self, delta: Delta, out: list[Event]) -> None:
        proof = delta.reasoning_details and self._details.take(delta.reasoning_details)
        thought = thought_of(delta)
        if thought:
            self._say(_THOUGHT, thought, out)
        elif proof:
            self._into(_THOUGHT, out)

    def _content(self, content: object, out: list[Event]) -> None:
        if isinstance(content, str):
            self._say(_TEXT, content, out)
        elif isinstance(content, list):
            for each in content:
                self._piece(each, out)

    def _piece(self, piece: Json, out: list[Event]) -> None:
        """Take content in parts: Mistral gives its reasoning so."""
        if isinstance(piece, str):
            self._say(_TEXT, piece, out)
        elif isinstance(piece, dict):
            match piece.get("type"):
                case "text":
                    self._say(_TEXT, text_of(piece.get("text")), out)
                case "refusal":
                    self._say(_REFUSAL, text_of(piece.get("refusal")), out)
                case "thinking":
                    self._say(_THOUGHT, _thinking(piece.get("thinking")), out)
                case kind:
                    self._whole(text_of(kind) or "content", piece, out)

    def _call(self, piece: dict[str, Json], out: list[Event]) -> None:
        self._close(out)
        out.extend(self._calls.take(piece))

    def _say(self, kind: str, text: str, out: list[Event]) -> None:
        if not text:
            return
        at = self._into(kind, out)
        out.append(ThinkingDelta(at, text) if kind == _THOUGHT else TextDelta(at, text))

    def _into(self, kind: str, out: list[Event]) -> int:
        """Return the open part of that kind, a new one where another was open."""
        if self._kind == kind:
            return self._open
        self._close(out)
        self._kind, self._open = kind, self._place()
        if kind == _THOUGHT:
            out.append(ThinkingStarted(self._open, origin=_ORIGIN))
        else:
            out.append(TextStarted(self._open, refusal=kind == _REFUSAL))
            self.text = self._open if kind == _TEXT else None
        return self._open

    def _whole(self, kind: str, raw: dict[str, Json], out: list[Event]) -> None:
        self._close(out)
        out.append(PartWhole(self._place(), Opaque(Protocol.CHAT, kind, raw)))

    def _close(self, out: list[Event]) -> None:
        if not self._kind:
            return
        if self._kind == _THOUGHT and (sealed := self._details.sealed()):
            out.append(ThinkingSealed(self._open, sealed))
        out.append(PartEnded(self._open))
        self._kind, self.text = "", None

    def _place(self) -> int:
        self._next += 1
        return self._next - 1


def _nothing(usage: object) -> bool:
    """Say whether a usage counts nothing: some servers end a stream with one."""
    if not isinstance(usage, dict):
        return True
    return not (usage.get("prompt_tokens") or usage.get("completion_tokens"))


def _tail(answer_id: str) -> str:
    return "".join(each for each in answer_id if each.isalnum())[-_TAIL:] or "0"


def _thinking(thinking: Json) -> str:
    if isinstance(thinking, list):
        return "".join(text_of(each.get("text")) for each in entries_of(thinking))
    return text_of(thinking)


def _citation(raw: dict[str, Json]) -> Citation:
    start, end = (
        inside(raw, "url_citation", "start_index"),
        inside(raw, "url_citation", "end_index"),
    )
    return Citation(
        protocol=Protocol.CHAT,
        raw=raw,
        url=text_of(inside(raw, "url_citation", "url")) or None,
        title=text_of(inside(raw, "url_citation", "title")) or None,
        quote=text_of(inside(raw, "url_citation", "content")) or None,
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
    )
