"""Decides which earlier reasoning a target may see again; makes no proof up.

A signature or sealed reasoning goes back to the provider and model that made it, and to
nobody else: others answer 400. Readable reasoning goes where the dialect takes it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, Protocol

from proxy.model import Message, Origin, Part, Thinking, ToolCall
from proxy.model import Protocol as WireProtocol
from proxy.translation.reach import Reach
from proxy.wire.codec import Target
from proxy.wire.dialect import ReasoningBack
from proxy.wire.losses import Noted
from proxy.wire.sealing import unseal

_DATED: Final = re.compile(r"([-@](latest|20\d{6}|20\d\d-\d\d-\d\d))+$")


class Recall(Protocol):
    """What the gateway remembers for clients that cannot carry reasoning back."""

    def thinking(self, call_id: str) -> tuple[Thinking, ...]:
        """Return what was thought before the call the client knows by this id."""


def recalled(message: Message, recall: Recall) -> Message:
    """Return an answer of the assistant with what was thought before its calls.

    Proofs that stand alone stay directly before their call, all else begins the turn.
    Readable reasoning the client brought back gives way to what is remembered.
    """
    first: list[Part] = []
    rest: list[Part] = []
    for part in message.parts:
        for each in recall.thinking(part.id) if isinstance(part, ToolCall) else ():
            alone = not (each.text or each.summary or each.sealed)
            (rest if alone else first).append(each)
        rest.append(part)
    if len(first) + len(rest) == len(message.parts):
        return message
    known = {id(part) for part in message.parts if isinstance(part, Thinking)}
    kept = [part for part in rest if id(part) not in known]
    return replace(message, parts=(*first, *kept))


def opened(part: Thinking) -> Thinking:
    """Return reasoning out of our own wrap; as it is where it was never wrapped."""
    wrap = part.signature or part.sealed
    inside = None if wrap is None else unseal(wrap)
    if inside is None:
        return part
    text = part.text if inside.text is None else inside.text
    summary = () if inside.text is not None else part.summary
    carrier = None if part.origin is None else part.origin.protocol
    if inside.protocol is WireProtocol.RESPONSES and carrier is not inside.protocol:
        # Its summary came back in the one place that the client's protocol has.
        shown = (part.text,) if part.text else part.summary
        text, summary = inside.text or "", shown
    return Thinking(
        text=text,
        summary=summary,
        signature=inside.signature,
        sealed=inside.sealed,
        origin=inside.origin,
        id=inside.id,
    )


def fit_thinking(
    part: Thinking, target: Target, noted: Noted, reach: Reach, *, calls: bool
) -> Thinking | None:
    """Return the reasoning as the target may see it, None where it must not.

    `calls` says that the turn it stands in called tools.
    """
    part = opened(part)
    same = reach.same
    whole = _whole(part, target.protocol, same=same)
    if whole and own(part.origin, target, foreign=reach.foreign):
        return part if same else replace(part, extras={})
    text = part.text or "\n\n".join(part.summary)
    back = target.dialect.reasoning_back
    if text and (
        back is ReasoningBack.ALWAYS or (back is ReasoningBack.TOOL_TURN and calls)
    ):
        return Thinking(text, origin=part.origin)
    if part.text or part.summary or part.signature or part.sealed:
        noted.add("thinking_replay")
    return None


def own(origin: Origin | None, target: Target, *, foreign: bool = False) -> bool:
    """Whether the target itself made this reasoning.

    What a client brings back unwrapped names no provider: it counts as the target's
    own, unless it is known to be `foreign`.
    """
    if origin is None or origin.protocol is not target.protocol:
        return False
    if foreign and not origin.provider:
        return False
    if origin.provider not in {"", target.provider}:
        return False
    return not origin.model or family(origin.model) == family(target.model)


def family(model: str) -> str:
    """Return a model's name without vendor and date."""
    return _DATED.sub("", model.rpartition("/")[2].lower())


def _whole(part: Thinking, protocol: WireProtocol, *, same: bool) -> bool:
    """Whether the part holds what its maker needs to take it back."""
    if protocol is WireProtocol.RESPONSES:
        # Without its sealed form an item is only an id of something never kept.
        return same or part.sealed is not None
    return part.signature is not None or part.sealed is not None
