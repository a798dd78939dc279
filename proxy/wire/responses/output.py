"""Says the open output item of a Responses stream, piece by piece; no I/O.

An item's events carry its id and its place in the output; numbering them is the
stream's business.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from proxy.model import (
    CallKind,
    CitationAdded,
    Event,
    Json,
    Loss,
    PartWhole,
    Pieces,
    Protocol,
    SignatureDelta,
    Text,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
)
from proxy.wire.responses.answer import call, item, item_id, message, text_part
from proxy.wire.responses.citations import write_citation

Said: TypeAlias = list[tuple[str, dict[str, Json]]]
"""Events to be numbered and sent: name and fields."""

_ARGUMENTS: Final = "function_call_arguments"
_Begun: TypeAlias = TextStarted | ToolCallStarted | ThinkingStarted | PartWhole


class OpenItem:
    """The item being said; this one is whole from the start, the others grow.

    `finished` is the complete item once `done` has been called.
    """

    def __init__(self, begun: _Begun, answer_id: str, at: int) -> None:
        self.losses: list[Loss] = []
        self.finished: Json = None
        self.pieces: Final = Pieces(begun)
        self.id: Final = item_id(answer_id, self.pieces.part(), at)
        self.at: Final = at

    def added(self) -> Said:
        """Say that the item begins."""
        return [self._item("added", item(self.pieces.part(), self.id))]

    def piece(self, event: Event) -> Said:
        """Say the next piece; a whole item has none."""
        del event
        return []

    def done(self) -> Said:
        """Say that the item is complete."""
        return self._done(item(self.pieces.part(), self.id))

    def _done(self, finished: Json) -> Said:
        self.finished = finished
        return [self._item("done", finished)]

    def _item(self, word: str, shape: Json) -> tuple[str, dict[str, Json]]:
        fields: dict[str, Json] = {"output_index": self.at, "item": shape}
        return f"response.output_item.{word}", fields

    def _say(self, name: str, **fields: Json) -> tuple[str, dict[str, Json]]:
        place: dict[str, Json] = {"item_id": self.id, "output_index": self.at}
        return f"response.{name}", {**place, **fields}


class _TextItem(OpenItem):
    """A message with one part, of text or refusal."""

    def __init__(self, begun: TextStarted, answer_id: str, at: int) -> None:
        super().__init__(begun, answer_id, at)
        self._word: Final = "refusal" if begun.refusal else "output_text"
        self._key: Final = "refusal" if begun.refusal else "text"
        self._more: Final[dict[str, Json]] = {} if begun.refusal else {"logprobs": []}
        self._empty: Final = text_part(Text("", begun.refusal))
        self._length = 0
        self._annotations: list[Json] = []

    def added(self) -> Said:
        begun = message(self.id, "in_progress", [])
        return [
            self._item("added", begun),
            self._say("content_part.added", content_index=0, part=self._empty),
        ]

    def piece(self, event: Event) -> Said:
        match event:
            case TextDelta():
                self.pieces.add(event)
                self._length += len(event.text)
                name = f"{self._word}.delta"
                delta = event.text
                return [self._say(name, content_index=0, delta=delta, **self._more)]
            case CitationAdded():
                return self._cite(event)
            case _:
                return []

    def _cite(self, event: CitationAdded) -> Said:
        shape = write_citation(event.citation, self._length)
        if shape is None or self._word == "refusal":
            self.losses.append(Loss("citation", "A citation has no place."))
            return []
        self._annotations.append(shape)
        at = len(self._annotations) - 1
        return [
            self._say(
                "output_text.annotation.added",
                content_index=0,
                annotation_index=at,
                annotation=shape,
            )
        ]

    def done(self) -> Said:
        part = self.pieces.part()
        if not isinstance(part, Text):
            return []
        shape = text_part(part, self._annotations)
        text: dict[str, Json] = {self._key: part.text, **self._more}
        return [
            self._say(f"{self._word}.done", content_index=0, **text),
            self._say("content_part.done", content_index=0, part=shape),
            *self._done(message(self.id, "completed", [shape])),
        ]


class _CallItem(OpenItem):
    """A call of a function or of a custom tool."""

    def __init__(self, begun: ToolCallStarted, answer_id: str, at: int) -> None:
        super().__init__(begun, answer_id, at)
        custom = begun.kind is CallKind.CUSTOM
        self._word: Final = "custom_tool_call_input" if custom else _ARGUMENTS
        self._key: Final = "input" if custom else "arguments"
        self._wrote = custom

    def added(self) -> Said:
        part = self.pieces.part()
        if not isinstance(part, ToolCall):
            return []
        return [self._item("added", call(part, self.id, "in_progress"))]

    def piece(self, event: Event) -> Said:
        if not isinstance(event, ToolCallArguments) or not event.text:
            return []
        self.pieces.add(event)
        self._wrote = True
        return [self._say(f"{self._word}.delta", delta=event.text)]

    def done(self) -> Said:
        part = self.pieces.part()
        if not isinstance(part, ToolCall):
            return []
        shape = call(part, self.id, "completed")
        whole = shape[self._key]
        empty = [] if self._wrote else [self._say(f"{self._word}.delta", delta=whole)]
        said = self._say(f"{self._word}.done", **{self._key: whole})
        return [*empty, said, *self._done(shape)]


class _ThinkingItem(OpenItem):
    """Reasoning: parts of a summary, the reasoning itself, or sealed only."""

    def __init__(self, begun: ThinkingStarted, answer_id: str, at: int) -> None:
        super().__init__(begun, answer_id, at)
        self._own: Final = (
            begun.origin is not None and begun.origin.protocol is Protocol.RESPONSES
        )
        # The part being said: its place in the summary, or "text"; None before one.
        self._part: int | str | None = None
        self._said: list[str] = []

    def piece(self, event: Event) -> Said:
        match event:
            case ThinkingDelta(text=""):
                return []
            case ThinkingDelta():
                self.pieces.add(event)
                return self._thought(event)
            case ThinkingSealed() if self._own:
                self.pieces.add(event)
            case ThinkingSealed() | SignatureDelta():
                lost = Loss("signature", "The proof of the reasoning has no place.")
                self.losses.append(lost)
            case _:
                pass
        return []

    def _thought(self, event: ThinkingDelta) -> Said:
        part = "text" if event.summary is None else event.summary
        said: Said = []
        if part != self._part:
            said = [*self._close(), self._open(part)]
        self._said.append(event.text)
        return [*said, self._words("delta", delta=event.text)]

    def _open(self, part: int | str) -> tuple[str, dict[str, Json]]:
        self._part, self._said = part, []
        return self._frame("added", "")

    def _close(self) -> Said:
        if self._part is None:
            return []
        text = "".join(self._said)
        said = [self._words("done", text=text), self._frame("done", text)]
        self._part = None
        return said

    def _words(self, word: str, **fields: Json) -> tuple[str, dict[str, Json]]:
        if self._part == "text":
            return self._say(f"reasoning_text.{word}", content_index=0, **fields)
        name = f"reasoning_summary_text.{word}"
        return self._say(name, summary_index=self._part, **fields)

    def _frame(self, word: str, text: str) -> tuple[str, dict[str, Json]]:
        if self._part == "text":
            part: Json = {"type": "reasoning_text", "text": text}
            return self._say(f"content_part.{word}", content_index=0, part=part)
        part = {"type": "summary_text", "text": text}
        name = f"reasoning_summary_part.{word}"
        return self._say(name, summary_index=self._part, part=part)

    def done(self) -> Said:
        return [*self._close(), *super().done()]


def begin(event: _Begun, answer_id: str, at: int) -> OpenItem | None:
    """Open output item number `at`; None where the protocol cannot show the part."""
    match event:
        case TextStarted():
            return _TextItem(event, answer_id, at)
        case ToolCallStarted():
            return _CallItem(event, answer_id, at)
        case ThinkingStarted(sealed=None):
            return _ThinkingItem(event, answer_id, at)
        case ThinkingStarted(origin=origin):
            own = origin is not None and origin.protocol is Protocol.RESPONSES
            return _ThinkingItem(event, answer_id, at) if own else None
        case PartWhole(part=part):
            own = part.protocol is Protocol.RESPONSES
            return OpenItem(event, answer_id, at) if own else None
