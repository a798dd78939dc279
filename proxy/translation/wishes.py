"""Fits limits, sampling, reasoning and the form of the answer to a target; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from proxy.model import (
    Kept,
    Limits,
    Message,
    Metadata,
    OutputFormat,
    Part,
    Protocol,
    Reasoning,
    Request,
    Role,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from proxy.translation.closed import close
from proxy.translation.names import digest
from proxy.wire.codec import Target
from proxy.wire.dialect import FormatWord, ReasoningWord
from proxy.wire.effort import LEAST_BUDGET, budget_of, level_of, nearest
from proxy.wire.fields import json_text
from proxy.wire.losses import Noted

MESSAGES_OUTPUT: Final = 32_000
"""Tokens asked for in Messages, which needs a limit, where nobody named one."""

_GEMINI_BEFORE_3: Final = re.compile(r"(?:^|/)gemini-[12](?:[.-]|$)")
_LEAST_OUTPUT: Final = {Protocol.RESPONSES: 16}
_ID_LENGTH: Final = 64
"""Characters of a user id or cache key that OpenAI takes."""


def fit_limits(
    request: Request, target: Target, noted: Noted
) -> tuple[Limits, tuple[str, ...]]:
    """Return the limits sent, and the stop sequences the gateway must enforce."""
    limits, most = request.limits, target.max_output
    tokens = limits.max_output_tokens
    if tokens is None and target.protocol is Protocol.MESSAGES:
        tokens = most or MESSAGES_OUTPUT
    if tokens is not None:
        tokens = _tokens(tokens, target, noted, same=_same(request, target))
    calls = limits.max_tool_calls
    if calls is not None and target.protocol is not Protocol.RESPONSES:
        noted.add("max_tool_calls")
        calls = None
    stops = tuple(dict.fromkeys(each for each in limits.stop_sequences if each))
    if len(stops) > target.dialect.stop_limit:
        return Limits(tokens, calls), stops
    blank = _refused_stops(stops, request, target)
    taken = tuple(each for each in stops if each not in blank)
    return Limits(tokens, calls, taken), blank


def _refused_stops(
    stops: tuple[str, ...], request: Request, target: Target
) -> tuple[str, ...]:
    """Messages takes no stop sequence of white space, which others' clients like."""
    if target.protocol is not Protocol.MESSAGES or _same(request, target):
        return ()
    return tuple(each for each in stops if not each.strip())


def _tokens(tokens: int, target: Target, noted: Noted, *, same: bool) -> int:
    if target.max_output is not None and tokens > target.max_output:
        noted.add("max_tokens_clamped")
        return target.max_output
    least = _LEAST_OUTPUT.get(target.protocol, 0 if same else 1)
    if tokens < least:
        noted.add("least_tokens")
        return least
    return tokens


def _same(request: Request, target: Target) -> bool:
    return request.protocol is target.protocol


def fit_sampling(
    request: Request, target: Target, thinks: Reasoning | None, noted: Noted
) -> Sampling:
    """Return the dice the target takes; `thinks` is the fitted wish to think."""
    given, dialect = request.sampling, target.dialect
    temperature, top_p, top_k = given.temperature, given.top_p, given.top_k
    messages = target.protocol is Protocol.MESSAGES
    # Messages answers 400 to dice while a model thinks, but for top_p near 1.
    thinking = messages and thinks is not None and thinks.mode not in {None, "disabled"}
    if not dialect.sampling or thinking:
        if any(each is not None for each in (temperature, top_p)):
            noted.add("sampling")
        temperature = top_p = None
    if top_k is not None and (not dialect.top_k or thinking):
        noted.add("sampling")
        top_k = None
    if temperature is not None and messages and temperature > 1:
        noted.add("temperature_clamped")
        temperature = 1.0
    seed = given.seed
    if seed is not None and not dialect.seed_field:
        noted.add("seed")
        seed = None
    return Sampling(temperature, top_p, top_k, seed)


def fit_reasoning(
    request: Request,
    target: Target,
    messages: tuple[Message, ...],
    limits: Limits,
    noted: Noted,
) -> Reasoning | None:
    """Return the wish to think in the words of the target; None says nothing.

    `messages` are the fitted ones.
    """
    wish = request.reasoning
    if wish is None:
        return None
    word, same = target.dialect.reasoning, _same(request, target)
    if wish.extras and not same:
        noted.add("reasoning_options", wish.extras)
    if word is ReasoningWord.NONE:
        if level_of(wish) not in {None, "none"}:
            noted.add("reasoning_wish")
        return None
    fitted = _worded(wish, request.protocol, target, limits, noted)
    if fitted is None:
        return None
    if _must_pause(fitted, target, messages):
        noted.add("thinking_off")
        fitted = Reasoning(mode="disabled")
    if same:
        kept = wish.context, wish.extras
        return replace(fitted, display=wish.display, context=kept[0], extras=kept[1])
    return replace(fitted, display=_display(wish))


def _display(wish: Reasoning) -> str | None:
    """`summarized` where the client wants to see reasoning, its own word for not."""
    if wish.display is not None:
        return "omitted" if wish.display in {"omitted", "none"} else "summarized"
    return "summarized" if wish.mode in {"enabled", "adaptive"} else None


def _worded(
    wish: Reasoning,
    source: Protocol,
    target: Target,
    limits: Limits,
    noted: Noted,
) -> Reasoning | None:
    level, dialect = level_of(wish), target.dialect
    word = dialect.reasoning
    if level is None:
        return _unmeasured(wish, target, limits, noted)
    switched = word in {ReasoningWord.THINKING, ReasoningWord.ADAPTIVE}
    if level == "none" and (switched or target.protocol is Protocol.OLLAMA):
        # Ollama's models think where nothing is said; `think` is false for "none".
        return Reasoning(mode="disabled")
    taken = nearest(level, dialect.efforts)
    if taken is None:
        noted.add("effort_mapped")
        return None
    measured = wish.budget_tokens is not None and wish.effort is None
    if word is ReasoningWord.THINKING:
        return _budgeted(wish, taken, target, limits, noted)
    if taken != level or (measured and word is not ReasoningWord.REASONING):
        noted.add("effort_mapped")
    if word is ReasoningWord.ADAPTIVE:
        own = source is Protocol.MESSAGES and wish.mode is None
        return Reasoning(mode=None if own else "adaptive", effort=taken)
    budget = wish.budget_tokens if word is ReasoningWord.REASONING else None
    return Reasoning(effort=taken, budget_tokens=budget)


def _unmeasured(
    wish: Reasoning, target: Target, limits: Limits, noted: Noted
) -> Reasoning | None:
    """Thinking asked for without saying how much: the model's own measure."""
    word = target.dialect.reasoning
    if wish.mode not in {"enabled", "adaptive", "between_tools"}:
        shown = wish.display is not None
        return Reasoning() if shown or wish.context is not None else None
    if word is ReasoningWord.ADAPTIVE:
        return Reasoning(mode="adaptive")
    if word is ReasoningWord.THINKING and target.protocol is Protocol.MESSAGES:
        noted.add("effort_mapped")
        return _thinking("medium", None, limits, noted)
    if word is ReasoningWord.THINKING:
        return Reasoning(mode="adaptive")
    return Reasoning()


def _budgeted(
    wish: Reasoning, level: str, target: Target, limits: Limits, noted: Noted
) -> Reasoning:
    if target.protocol is Protocol.MESSAGES:
        if wish.budget_tokens is None:
            noted.add("effort_mapped")
        return _thinking(level, wish.budget_tokens, limits, noted)
    asked, most = wish.budget_tokens, limits.max_output_tokens
    budget = budget_of(level, most) if asked is None else asked
    if asked is None and target.protocol is Protocol.GEMINI:
        noted.add("effort_mapped")
    return Reasoning(mode="enabled", effort=level, budget_tokens=budget)


def _thinking(
    level: str, budget: int | None, limits: Limits, noted: Noted
) -> Reasoning:
    """Messages' own form: at least 1,024 tokens and fewer than the whole answer."""
    most = limits.max_output_tokens
    if most is not None and most <= LEAST_BUDGET:
        noted.add("thinking_off")
        return Reasoning(mode="disabled")
    wanted = budget_of(level, most) if budget is None else budget
    fits = max(wanted, LEAST_BUDGET)
    if most is not None and fits >= most:
        fits = most - 1
    if budget is not None and fits != budget:
        noted.add("effort_mapped")
    return Reasoning(mode="enabled", budget_tokens=fits)


def _must_pause(
    fitted: Reasoning, target: Target, messages: tuple[Message, ...]
) -> bool:
    """Whether thinking would be refused, as an open tool turn began without it.

    Models with a budget of thinking answer 400 where the assistant's turn being
    continued does not begin with signed thinking of their own.
    """
    budgets = target.dialect.reasoning is ReasoningWord.THINKING
    if not budgets or target.protocol is not Protocol.MESSAGES:
        return False
    if fitted.mode in {None, "disabled"}:
        return False
    first: Message | None = None
    for message in reversed(messages):
        if message.role is Role.ASSISTANT:
            first = message
        elif message.role is Role.USER and not any(
            isinstance(each, ToolResult) for each in message.parts
        ):
            break
    if first is None or not any(isinstance(each, ToolCall) for each in first.parts):
        return False
    return not isinstance(first.parts[0], Thinking)


def fit_format(
    request: Request, target: Target, tools: Sequence[Tool], noted: Noted
) -> tuple[OutputFormat | None, tuple[Part, ...]]:
    """Return the form of the answer, and instructions where it cannot be enforced.

    `tools` are those that may be called: some servers enforce a form by leaving no
    way to call.
    """
    wish, word = request.output_format, target.dialect.output_format
    if tools and not _same(request, target) and _form_forbids_calls(target):
        word = FormatWord.NONE
    if wish is None or wish.kind == "text":
        return (wish if _same(request, target) else None), ()
    if _same(request, target) and word is FormatWord.SCHEMA:
        return wish, ()
    if not _same(request, target) and wish.extras:
        wish = replace(wish, extras={})
    held = _held(wish, target, noted) if word is FormatWord.SCHEMA else None
    if held is not None:
        return held, ()
    noted.add("output_format")
    told: tuple[Part, ...] = (Text(_in_words(wish)),)
    return (OutputFormat("json_object") if word is FormatWord.OBJECT else None), told


def _held(wish: OutputFormat, target: Target, noted: Noted) -> OutputFormat | None:
    """The form as a server that knows schemas enforces it; None where it cannot."""
    if target.protocol is not Protocol.MESSAGES:
        return wish
    if wish.kind != "json_schema" or wish.schema is None:
        return None
    closed = close(wish.schema)
    if closed is None:
        return None
    if closed.simpler:
        noted.add("output_schema")
    return replace(wish, schema=closed.schema)


def _form_forbids_calls(target: Target) -> bool:
    """Whether the server takes no form beside tools.

    Ollama binds all that the model writes to the form, calls too; before Gemini 3 the
    vendor refuses the two together.
    """
    if target.protocol is Protocol.GEMINI:
        return _GEMINI_BEFORE_3.search(target.model) is not None
    return target.protocol is Protocol.OLLAMA


def _in_words(wish: OutputFormat) -> str:
    told = "Answer with one JSON object and nothing else: no words around it, no fence."
    if wish.schema is None:
        return told
    return f"{told} It must match this JSON Schema:\n{json_text(dict(wish.schema))}"


def fit_rest(request: Request, target: Target, noted: Noted) -> Request:
    """Return the request with only those small wishes the target has words for."""
    dialect, same = target.dialect, _same(request, target)
    parallel = request.parallel_tools
    if parallel is False and request.tools and not dialect.parallel_switch:
        noted.add("parallel_tools")
    verbosity, cache = request.verbosity, request.cache
    if verbosity is not None and not dialect.verbosity:
        noted.add("verbosity")
        verbosity = None
    if cache is not None and not dialect.cache_marks:
        noted.add("cache_marks")
        cache = None
    if request.include and not same:
        noted.add("extra_output", request.include)
    if request.kept.store and not same:
        noted.add("stored_answer")
    return replace(
        request,
        parallel_tools=parallel if dialect.parallel_switch else None,
        verbosity=verbosity,
        cache=cache,
        cache_key=_cache_key(request, target, noted),
        include=request.include if same else (),
        metadata=_metadata(request, target, noted),
        kept=request.kept if same else Kept(),
    )


def _cache_key(request: Request, target: Target, noted: Noted) -> str | None:
    key = request.cache_key
    if key is not None and not target.dialect.cache_key:
        noted.add("cache_fields")
        return None
    return key if key is None or _same(request, target) else _short(key, noted)


def _metadata(request: Request, target: Target, noted: Noted) -> Metadata:
    user, labels = request.metadata.user, request.metadata.labels
    if user is not None and not target.dialect.user:
        noted.add("user")
        user = None
    if user is not None and not _same(request, target):
        user = _short(user, noted)
    # What Messages keeps beside the user's id is of no other protocol.
    own = _same(request, target) and target.protocol is Protocol.MESSAGES
    if labels and not target.dialect.labels and not own:
        noted.add("metadata")
        labels = {}
    return Metadata(user, labels)


def _short(text: str, noted: Noted) -> str:
    if len(text) <= _ID_LENGTH:
        return text
    noted.add("user_shortened")
    return digest(text, 48)
