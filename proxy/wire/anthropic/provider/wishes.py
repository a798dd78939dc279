"""Writes how a Messages request wants to be answered: limits, thinking, sampling.

Shapes: `MessageCreateParams` of the `anthropic` SDK 2.8.0. Rules of the API: a budget
is at least 1,024 tokens and less than `max_tokens`; thinking goes with no forced call,
no temperature but 1, no `top_k`, and no `top_p` below 0.95; a temperature is at most 1.
A request in this very protocol is given back as it came: its client hears from the
provider itself what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from proxy.model import Limits, OutputFormat, Protocol, Reasoning, Request
from proxy.wire.anthropic.provider.request_blocks import Block
from proxy.wire.codec import Target
from proxy.wire.dialect import ReasoningWord
from proxy.wire.effort import LEAST_BUDGET, budget_of, level_of, nearest
from proxy.wire.losses import Noted

DEFAULT_LIMIT: Final = 32_000
"""Tokens of an answer where neither client nor model names a limit."""

_OFF: Final = {"disabled", "none"}
_SHOWN: Final = {"auto", "concise", "detailed", "summarized"}
_LEAST_TOP_P: Final = 0.95


@dataclass(frozen=True, slots=True)
class Thought:
    """The wish to think as the protocol says it, with the limit it needs."""

    limit: int
    thinking: Block | None = None
    effort: str | None = None

    @property
    def on(self) -> bool:
        """Tell whether the model is asked to think."""
        return self.thinking is not None and self.thinking["type"] != "disabled"


def write_limit(limits: Limits, target: Target) -> int:
    """Return `max_tokens`, which the protocol demands."""
    if limits.max_output_tokens is not None:
        return limits.max_output_tokens
    return target.max_output or DEFAULT_LIMIT


def write_stops(request: Request, lost: Noted) -> list[str]:
    """Return the stop sequences; the API refuses those of blanks only."""
    stops = list(request.limits.stop_sequences)
    if request.protocol is Protocol.MESSAGES:
        return stops
    taken = [each for each in stops if each.strip()]
    if len(taken) < len(stops):
        lost.add("stop_sequences")
    return taken


def write_thought(
    request: Request, target: Target, lost: Noted, *, forced: bool
) -> Thought:
    """Return how the model is asked to think; `forced` tells that it must call."""
    wish, limit = request.reasoning, write_limit(request.limits, target)
    if wish is None:
        return Thought(limit)
    own = request.protocol is Protocol.MESSAGES
    match target.dialect.reasoning:
        case ReasoningWord.ADAPTIVE if own:
            return _as_told(wish, target, limit, lost)
        case ReasoningWord.ADAPTIVE:
            thought = _adaptive(wish, target, limit)
        case ReasoningWord.THINKING:
            thought = _budgeted(wish, target, limit, lost)
        case ReasoningWord.EFFORT:
            return Thought(limit, effort=_level(wish, target))
        case _:
            lost.add("reasoning_wish")
            return Thought(limit)
    if thought.on and forced:
        lost.add("thinking_off")
        # Said aloud: newer models think where nothing is said.
        return replace(thought, limit=limit, thinking={"type": "disabled"})
    return thought


def _as_told(wish: Reasoning, target: Target, limit: int, lost: Noted) -> Thought:
    if wish.mode is None:
        return Thought(limit, effort=wish.effort)
    shape: Block = {"type": wish.mode}
    if (budget := wish.budget_tokens) is not None:
        if budget >= limit == target.max_output:
            # The limit is not the client's any more but what the model can do.
            budget = max(LEAST_BUDGET, limit // 2)
            lost.add("effort_mapped")
        shape["budget_tokens"] = budget
    if wish.display is not None:
        shape["display"] = wish.display
    return Thought(limit, {**shape, **wish.extras}, wish.effort)


def _adaptive(wish: Reasoning, target: Target, limit: int) -> Thought:
    level = level_of(wish)
    if level in _OFF:
        return Thought(limit, {"type": "disabled"})
    if level is None and wish.mode is None:
        return Thought(limit)
    shape: Block = {"type": "adaptive"}
    if wish.display in _SHOWN:
        shape["display"] = "summarized"
    elif wish.display == "omitted":
        shape["display"] = "omitted"
    return Thought(limit, shape, _level(wish, target))


def _budgeted(wish: Reasoning, target: Target, limit: int, lost: Noted) -> Thought:
    level = level_of(wish)
    if level in _OFF:
        return Thought(limit, {"type": "disabled"})
    if level is None and wish.mode is None:
        return Thought(limit)
    asked = wish.budget_tokens or budget_of(level or "medium", None)
    budget, room = _room(asked, target, limit, lost)
    if budget is None:
        return Thought(limit, {"type": "disabled"})
    return Thought(room, {"type": "enabled", "budget_tokens": budget})


def _level(wish: Reasoning, target: Target) -> str | None:
    level = level_of(wish)
    return None if level is None else nearest(level, target.dialect.efforts)


def _room(
    asked: int, target: Target, limit: int, lost: Noted
) -> tuple[int | None, int]:
    """Return a budget that is taken and the limit to go with it.

    The limit grows where the model can answer that long, so that thinking takes
    nothing from the answer; else the budget shrinks. None: there is no room at all.
    """
    budget = max(asked, LEAST_BUDGET)
    if budget != asked:
        lost.add("effort_mapped")
    if budget < limit:
        return budget, limit
    most = target.max_output or limit
    if budget + limit <= most:
        lost.add("least_tokens")
        return budget, budget + limit
    limit = max(limit, min(most, LEAST_BUDGET * 2))
    if limit <= LEAST_BUDGET:
        lost.add("thinking_off")
        return None, limit
    lost.add("effort_mapped")
    return max(LEAST_BUDGET, min(budget, limit // 2)), limit


def write_sampling(request: Request, lost: Noted, *, thinks: bool) -> Block:
    """Return temperature, `top_p` and `top_k` as far as the API takes them."""
    wish = request.sampling
    if wish.seed is not None:
        lost.add("seed")
    heat, top_p, top_k = wish.temperature, wish.top_p, wish.top_k
    if request.protocol is not Protocol.MESSAGES:
        if heat is not None and heat > 1:
            lost.add("temperature_clamped")
            heat = 1.0
        told = (heat, top_p, top_k)
        if thinks:
            heat = heat if heat == 1 else None
            top_p = top_p if top_p is not None and top_p >= _LEAST_TOP_P else None
            top_k = None
        if heat is not None:
            # Newer models refuse the two together.
            top_p = None
        if (heat, top_p, top_k) != told:
            lost.add("sampling")
    pairs = (("temperature", heat), ("top_p", top_p), ("top_k", top_k))
    return {name: value for name, value in pairs if value is not None}


def write_format(form: OutputFormat | None, lost: Noted, *, own: bool) -> Block | None:
    """Return `output_config.format`; None where the answer may have any form."""
    if form is None or form.kind == "text":
        return None
    if own:
        shape: Block = {"type": form.kind}
        schema = {} if form.schema is None else {"schema": form.schema}
        return {**shape, **schema, **form.extras}
    if form.kind != "json_schema" or form.schema is None:
        lost.add("output_format")
        return None
    # Name and description speak to the model; a schema has its own words for them.
    told: Block = {"title": form.name, "description": form.description}
    words = {name: word for name, word in told.items() if word is not None}
    return {"type": "json_schema", "schema": {**words, **form.schema}}
