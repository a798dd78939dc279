"""Reads what a Gemini provider answers into events, whole or piece by piece; no I/O.

Shapes: `GenerateContentResponse` of the `google-genai` SDK 3.3.0. Of several
candidates only the first is read: nobody here asks for more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CitationAdded,
    Event,
    PartEnded,
    SignatureDelta,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
    Variant,
)
from proxy.wire.counts import (
    Counts,
    gemini_counts,
    gemini_searches,
    members,
    settled,
    unanswered,
)
from proxy.wire.fields import WireError
from proxy.wire.gemini.endings import Error, ended, failed, refused
from proxy.wire.gemini.parts import ORIGIN
from proxy.wire.gemini.provider.answer_parts import Call, Part, kept_part
from proxy.wire.gemini.provider.grounding import Sources
from proxy.wire.served import gemini_served, latest


class _Content(msgspec.Struct, gc=False):
    parts: list[Part] | None = None


class _Candidate(msgspec.Struct, rename="camel", gc=False):
    content: _Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    index: int | None = None
    grounding_metadata: msgspec.Raw = msgspec.Raw(b"")


class _Feedback(msgspec.Struct, rename="camel", gc=False):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Response(msgspec.Struct, rename="camel", gc=False):
    """One response, as far as it is read; parts and counts wait undecoded."""

    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: msgspec.Raw = msgspec.Raw(b"")
    model_version: str | None = None
    response_id: str | None = None
    error: Error | str | None = None


_ONE: Final = msgspec.json.Decoder(Response)
_MANY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider sent a part that cannot be read."
)
_CUT: Final = AnswerFailed(FailureKind.CUT, "The provider's answer broke off.")


Told = tuple[Response, msgspec.Raw]
"""A response, and the bytes it was decoded of."""


def decode_responses(data: bytes) -> list[Told]:
    """Decode a response, or a list of them.

    Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError.
    """
    if data[:1] != b"{" and data.lstrip()[:1] == b"[":
        return [(_ONE.decode(each), each) for each in _MANY.decode(data)]
    return [(_ONE.decode(data), msgspec.Raw(data))]


def read_answer(body: bytes, *, answer_id: str, model: str) -> Sequence[Event]:
    """Return the events of a whole answer; an error in its place is `AnswerFailed`.

    Raises WireError, and nothing else, where the body is no answer at all.
    """
    try:
        responses = decode_responses(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WireError("The provider's answer is no Gemini response.") from None
    if not any(_says(each) for each, _ in responses):
        raise WireError("The provider's answer holds no candidate.")
    builder = AnswerBuilder(answer_id=answer_id, model=model)
    events = [event for each in responses for event in builder.take(*each)]
    return [*events, *builder.close(whole=True)]


def _says(response: Response) -> bool:
    blocked = response.prompt_feedback is not None
    return bool(response.candidates) or blocked or response.error is not None


class AnswerBuilder:
    """Turns the responses of one answer into its events; nothing raises.

    `over`: the last event has been given. Texts and thoughts in a row are one part; a
    signature becomes reasoning without text before the part that bears it.
    """

    __slots__ = (
        "_answer_id",
        "_call_ids",
        "_counts",
        "_index",
        "_late",
        "_message",
        "_model",
        "_open",
        "_reason",
        "_refused",
        "_served",
        "_sources",
        "_started",
        "_usage",
        "over",
    )

    def __init__(self, *, answer_id: str, model: str) -> None:
        self.over = False
        self._answer_id = answer_id
        self._model = model
        self._started = False
        self._index = -1
        # What kind of part is open: text, thinking or none ('').
        self._open = ""
        # The signature of a text that had begun without it.
        self._late: str | None = None
        self._call_ids: set[str] = set()
        self._reason: str | None = None
        self._message: str | None = None
        self._refused: str | None = None
        self._usage = msgspec.Raw(b"")
        self._counts: Counts = {}
        self._served: Variant | None = None
        self._sources = Sources()

    def take(self, response: Response, raw: msgspec.Raw) -> list[Event]:
        """Return the events of the next response; `raw` is what it was decoded of."""
        if self.over:
            return []
        text = _only_text(response) if self._open == "text" else None
        if text and self._reason is None:
            self._usage = response.usage_metadata or self._usage
            return [TextDelta(self._index, text)]
        error = response.error
        if error is not None:
            told = Error(message=error) if isinstance(error, str) else error
            return self.fail(failed(told))
        if response.usage_metadata:
            self._usage = response.usage_metadata
        events: list[Event] = [] if self._started else self._start(response)
        feedback = response.prompt_feedback
        if feedback is not None and feedback.block_reason:
            self._refused = feedback.block_reason
            self._message = feedback.block_reason_message
        for candidate in response.candidates or ():
            if not candidate.index:
                self._candidate(candidate, raw, events)
                break
        return events

    def close(self, *, whole: bool = False) -> list[Event]:
        """Return the last events, now that the provider has nothing more to say.

        A whole answer needs no finish reason where it has parts.
        """
        if self.over:
            return []
        reason = self._reason or ("STOP" if whole and self._index >= 0 else None)
        if self._index < 0 and (reason or self._refused):
            self._silent()
        usage = self._told()
        if self._refused is not None and self._reason is None:
            last: AnswerEnded | AnswerFailed = refused(
                self._refused, self._message, usage
            )
        elif reason is None:
            return self.fail(_CUT)
        else:
            called = bool(self._call_ids)
            last = ended(reason, self._message, usage, called=called)
        if isinstance(last, AnswerFailed):
            return self.fail(last)
        events: list[Event] = []
        self._close(events)
        self.over = True
        return [*events, last]

    def fail(self, event: AnswerFailed) -> list[Event]:
        """End the answer as failed; what it cost so far is told before."""
        self.over = True
        usage = self._told()
        if not self._started or usage == Usage():
            return [event]
        return [UsageReported(usage), event]

    def _start(self, response: Response) -> list[Event]:
        self._started = True
        usage = self._told()
        return [
            AnswerStarted(
                response.response_id or self._answer_id,
                response.model_version or self._model,
                None if usage == Usage() else usage,
            )
        ]

    def _told(self) -> Usage:
        """Return the counts told so far; the later ones stand."""
        told = members(self._usage) if self._usage else None
        if told is not None:
            self._counts |= gemini_counts(told)
            self._served = latest(self._served, gemini_served(told))
        return Usage(**settled(self._counts), served=self._served)

    def _silent(self) -> None:
        """Count no output for an answer that ended without a word."""
        usage = members(self._usage) if self._usage else None
        if usage is not None:
            self._counts = unanswered(self._counts | gemini_counts(usage), usage)

    def _candidate(
        self, candidate: _Candidate, raw: msgspec.Raw, events: list[Event]
    ) -> None:
        content = candidate.content
        # What comes after the finish reason is no part of the answer any more.
        if content is not None and content.parts and self._reason is None:
            for at, part in enumerate(content.parts):
                self._part(part, at, raw, events)
                if self.over:
                    return
        if candidate.grounding_metadata:
            self._sources.take(candidate.grounding_metadata)
            self._counts |= gemini_searches(members(candidate.grounding_metadata) or {})
        if self._open == "text":
            self._cite(events)
        if candidate.finish_reason and candidate.finish_reason != _UNSPECIFIED:
            self._reason = self._reason or candidate.finish_reason
            self._message = candidate.finish_message or self._message

    def _part(self, part: Part, at: int, raw: msgspec.Raw, events: list[Event]) -> None:
        if part.text is not None:
            if part.thought:
                self._thought(part, events)
            else:
                self._text(part, events)
            return
        try:
            call = part.call()
            arguments = "" if call is None else call.arguments
            kept = None if call is not None else kept_part(raw, at)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            events.extend(self.fail(_UNREADABLE))
            return
        if call is not None:
            self._call(call, arguments, part.thought_signature, events)
        elif kept is not None:
            self._close(events)
            self._index += 1
            events.append(kept.at(self._index))
        elif part.thought:
            self._thought(part, events)
        else:
            self._text(part, events)

    def _text(self, part: Part, events: list[Event]) -> None:
        if part.thought_signature and self._open == "text":
            # It stands behind this text then: no sentence is cut in two for it.
            self._late = part.thought_signature
        elif part.thought_signature:
            self._sign(part.thought_signature, events)
        if not part.text:
            return
        if self._open != "text":
            self._close(events)
            self._begin("text")
            events.append(TextStarted(self._index))
            self._cite(events)
        events.append(TextDelta(self._index, part.text))

    def _thought(self, part: Part, events: list[Event]) -> None:
        if self._open != "thinking":
            if not part.text and not part.thought_signature:
                return
            self._close(events)
            self._begin("thinking")
            events.append(ThinkingStarted(self._index, origin=ORIGIN))
        if part.text:
            events.append(ThinkingDelta(self._index, part.text))
        if part.thought_signature:
            events.append(SignatureDelta(self._index, part.thought_signature))
            self._close(events)

    def _call(
        self, call: Call, arguments: str, signature: str | None, events: list[Event]
    ) -> None:
        self._close(events)
        if signature:
            self._sign(signature, events)
        call_id = call.id or ""
        if not call_id or call_id in self._call_ids:
            call_id = f"call_{self._answer_id[-16:]}_{len(self._call_ids)}"
        self._call_ids.add(call_id)
        self._index += 1
        events.append(ToolCallStarted(self._index, call_id, call.name))
        events.append(ToolCallArguments(self._index, arguments))
        events.append(PartEnded(self._index))

    def _sign(self, signature: str, events: list[Event]) -> None:
        self._close(events)
        self._index += 1
        events.append(ThinkingStarted(self._index, origin=ORIGIN))
        events.append(SignatureDelta(self._index, signature))
        events.append(PartEnded(self._index))

    def _begin(self, kind: str) -> None:
        self._open = kind
        self._index += 1

    def _cite(self, events: list[Event]) -> None:
        events.extend(
            CitationAdded(self._index, citation) for citation in self._sources.given()
        )

    def _close(self, events: list[Event]) -> None:
        if self._open:
            self._open = ""
            events.append(PartEnded(self._index))
        if self._late is not None:
            signature, self._late = self._late, None
            self._sign(signature, events)


def _only_text(response: Response) -> str | None:
    """Return the text of a response that says nothing else: most are such."""
    candidates = response.candidates
    if not candidates or response.error is not None or response.prompt_feedback:
        return None
    first = candidates[0]
    if first.index or first.finish_reason or first.grounding_metadata:
        return None
    parts = first.content.parts if first.content else None
    if not parts or len(parts) > 1:
        return None
    part = parts[0]
    return None if part.thought or part.thought_signature else part.text


_UNSPECIFIED: Final = "FINISH_REASON_UNSPECIFIED"
