"""Says the open output item of a Responses stream, piece by piece; no I/O.

An item's events carry its id and its place in the output; numbering them is the
stream's business.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, TypeAlias

import msgspec

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
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
)
from proxy.wire.responses.citations import write_citation
from proxy.wire.responses.client.answer import (
    LOST_CITATION,
    LOST_PROOF,
    call,
    is_writable,
    item,
    item_id,
    message,
    text_part,
)

Said: TypeAlias = list[tuple[str, dict[str, Json]]]
"""Events to be numbered and sent: name and fields."""

_ARGUMENTS: Final = "function_call_arguments"
_Begun: TypeAlias = TextStarted | ToolCallStarted | ThinkingStarted | PartWhole


class OpenItem:
    """The item being said; this one is whole from the start, the others grow.

    `finished` is the complete item once `done` has been called.
    """

    def __init__(
        self, begun: _Begun, answer_id: str, at: int, taken: Collection[str] = ()
    ) -> None:
        self.losses: list[Loss] = []
        self.finished: Json = None
        self.pieces: Final = Pieces(begun)
        self.id: Final = item_id(answer_id, self.pieces.part(), at, taken)
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


class TextItem(OpenItem):
    """A message with one part, of text or refusal."""

    def __init__(self, begun: TextStarted, answer_id: str, at: int) -> None:
        super().__init__(begun, answer_id, at)
        self._word: Final = "refusal" if begun.refusal else "output_text"
        self._key: Final = "refusal" if begun.refusal else "text"
        self._more: Final[dict[str, Json]] = {} if begun.refusal else {"logprobs": []}
        self._refusal: Final = begun.refusal
        self._texts: list[str] = []
        self._length = 0
        self._annotations: list[Json] = []
        # Most events of an answer are pieces of text: all but number and text of them
        # is written once.
        name = f"response.{self._word}.delta"
        begins = f'event: {name}\ndata: {{"type":"{name}","sequence_number":'
        self._begins: Final = begins.encode()
        place = {"item_id": self.id, "output_index": at, "content_index": 0}
        self._place: Final = b',%b,"delta":' % msgspec.json.encode(place)[1:-1]
        self._ends: Final = b"}\n\n" if begun.refusal else b',"logprobs":[]}\n\n'

    def delta(self, text: str, sequence: int) -> bytes:
        """Return the whole event number `sequence`, which says the next piece."""
        self._texts.append(text)
        self._length += len(text)
        number, piece = str(sequence).encode(), msgspec.json.encode(text)
        return self._begins + number + self._place + piece + self._ends

    def added(self) -> Said:
        """Say that the message and its part begin."""
        begun = message(self.id, "in_progress", [])
        return [
            self._item("added", begun),
            self._say(
                "content_part.added",
                content_index=0,
                part=text_part(Text("", self._refusal)),
            ),
        ]

    def piece(self, event: Event) -> Said:
        """Say a source; pieces of the text itself are `delta`'s."""
        return self._cite(event) if isinstance(event, CitationAdded) else []

    def _cite(self, event: CitationAdded) -> Said:
        shape = write_citation(event.citation, self._length)
        if shape is None or self._word == "refusal":
            self.losses.append(LOST_CITATION)
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
        """Say that the text, its part and the message are complete."""
        part = Text("".join(self._texts), self._refusal)
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

    def __init__(
        self, begun: ThinkingStarted, answer_id: str, at: int, taken: Collection[str]
    ) -> None:
        super().__init__(begun, answer_id, at, taken)
        self._origin: Final = begun.origin
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
            case ThinkingSealed() if is_writable(event.data, self._origin):
                self.pieces.add(event)
            case ThinkingSealed() | SignatureDelta():
                self._unproven()
            case _:
                pass
        return []

    def _unproven(self) -> None:
        # A proof may come in many pieces; it is lost once.
        if LOST_PROOF not in self.losses:
            self.losses.append(LOST_PROOF)

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


def begin(
    event: _Begun, answer_id: str, at: int, taken: Collection[str] = ()
) -> OpenItem | None:
    """Open output item number `at`; None where the protocol cannot show the part.

    `taken` are the ids of the items before it.
    """
    match event:
        case TextStarted():
            return TextItem(event, answer_id, at)
        case ToolCallStarted():
            return _CallItem(event, answer_id, at)
        case ThinkingStarted(sealed=None):
            return _ThinkingItem(event, answer_id, at, taken)
        case ThinkingStarted(sealed=str(sealed), origin=origin):
            writable = is_writable(sealed, origin)
            return _ThinkingItem(event, answer_id, at, taken) if writable else None
        case PartWhole(part=part) if part.protocol is Protocol.RESPONSES:
            return OpenItem(event, answer_id, at)
        case _:
            return None
