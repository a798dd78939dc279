"""One type of a vendor's answers: a sample, and what becomes of each of its fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from proxy.model import Event, Protocol
from proxy.wire import PROVIDER_CODEC_OF

Data = dict[str, Any]

SAME = "a constant of the type"
CLOCK = "times of the server; the record has our own"
ECHO = "repeats the request, which we have"
TIER = "what it ran on; prices follow the model and counts"
TOTAL = "the sum of counts that are read"
SPLIT = "counts by medium; prices here know none"
ODDS = "probabilities of words: asked for, they are named as lost (logprobs)"
OURS = "made by the package, not sent"
WITHOUT = "tells the client's program nothing that the neutral answer has a place for"


@dataclass(frozen=True, slots=True)
class Kind:
    """One type: a sample of it, where it stands, and what becomes of its fields.

    `read` gives each field that is read another value; `left` why the others are not.
    `path` leads to the sample inside `body`.
    """

    protocol: Protocol
    type: type[BaseModel]
    body: Data
    path: tuple[str | int, ...]
    read: Mapping[str, Any]
    left: Mapping[str, str]
    streamed: bool = False

    def events(self, **changes: Any) -> Sequence[Event]:
        """What is read of the sample with these fields changed."""
        body = json.loads(json.dumps(self.body))
        at: Any = body
        for step in self.path:
            at = at[step]
        for name, value in changes.items():
            at[camel(name) if self.protocol is Protocol.GEMINI else name] = value
        codec = PROVIDER_CODEC_OF[self.protocol]
        data = json.dumps(body).encode()
        if not self.streamed:
            return codec.read_answer(data, answer_id="a", model="m")
        reader = codec.stream_reader(answer_id="a", model="m")
        last = b"data: [DONE]\n\n"
        return [*reader.feed(b"data: %b\n\n%b" % (data, last)), *reader.finish()]


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)
