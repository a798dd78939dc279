"""Requests and answers in the neutral language, of every protocol (Hypothesis).

`requests` is what a client of the protocol could have sent, as its reader leaves it;
`fitted` is what the translation leaves for a provider of the protocol's own vendor;
`event_lines` is what such a provider could have answered. Nothing here has extras,
and all that is signed or sealed is what the scripted provider takes for its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hypothesis import strategies as st
from upstream.turns import SIGNATURE

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Base64,
    CacheMark,
    CallKind,
    Choice,
    CustomTool,
    Document,
    Event,
    FileId,
    FunctionTool,
    Grammar,
    Image,
    JsonObject,
    Limits,
    Message,
    Metadata,
    Namespace,
    Origin,
    OutputFormat,
    Part,
    PartEnded,
    Ping,
    Protocol,
    Reasoning,
    Request,
    Role,
    Sampling,
    SignatureDelta,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    Thinking,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    Tool,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    ToolChoice,
    ToolResult,
    Url,
    Usage,
    UsageReported,
)

CLIENTS: Final = (
    Protocol.MESSAGES,
    Protocol.RESPONSES,
    Protocol.CHAT,
    Protocol.GEMINI,
)
PIXEL: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
_PDF: Final = "JVBERi0xLjQKJSVFT0YK"
_ADDRESS: Final = "https://example.com/a"


@dataclass(frozen=True, slots=True)
class _Grammar:
    """What one protocol has words for."""

    instructions: tuple[Role, ...] = ()
    """Roles of instructions between turns."""
    system: int = 2
    """Pieces of system text outside the messages, at most."""
    images: tuple[Image, ...] = ()
    documents: tuple[Document, ...] = ()
    result_parts: tuple[Image | Document, ...] = ()
    result_errors: tuple[bool | None, ...] = (None,)
    efforts: tuple[str, ...] = ()
    budgets: bool = False
    custom: bool = False
    namespaces: bool = False
    parallel: bool = True
    choices: tuple[Choice, ...] = tuple(Choice)
    formats: tuple[str, ...] = ("json_schema",)
    stops: int = 4
    sampling: tuple[str, ...] = ("temperature", "top_p")
    marks: bool = False
    user: bool = False
    verbatim: bool = False
    """Arguments travel as the model wrote them, not as an object."""
    single: bool = False
    """Each result of a tool is a message of its own."""
    items: bool = False
    """Each text, call, piece of reasoning and result is a message of its own."""
    strict: bool = True
    signed: bool = False
    """A signature stands directly before the first call of every answer."""
    limit_needed: bool = False
    usage_wish: bool = False
    extra_wishes: tuple[str, ...] = field(default=())


_DATA: Final = Image(Base64("image/png", PIXEL))
_LINKED: Final = Image(Url(_ADDRESS))
_PAPER: Final = Document(Base64("application/pdf", _PDF))
_LEVELS: Final = ("low", "medium", "high")

_GRAMMARS: Final[dict[Protocol, _Grammar]] = {
    Protocol.MESSAGES: _Grammar(
        instructions=(Role.SYSTEM,),
        images=(_DATA, _LINKED, Image(FileId("file_1"))),
        documents=(
            _PAPER,
            Document(Url(_ADDRESS), "A", "From the web."),
            Document(Text("plain words"), "notes", citations=True),
            Document((Text("one"), _DATA)),
        ),
        result_parts=(_DATA, _LINKED, _PAPER),
        result_errors=(None, True, False),
        efforts=(*_LEVELS, "xhigh", "max"),
        budgets=True,
        stops=6,
        sampling=("temperature", "top_p", "top_k"),
        marks=True,
        user=True,
        limit_needed=True,
    ),
    Protocol.RESPONSES: _Grammar(
        instructions=(Role.SYSTEM, Role.DEVELOPER),
        system=1,
        images=(_DATA, replace(_LINKED, detail="low"), Image(FileId("file_1"))),
        documents=(
            replace(_PAPER, name="a.pdf"),
            Document(Url(_ADDRESS)),
            Document(FileId("file_2")),
        ),
        result_parts=(_DATA, _LINKED),
        efforts=("none", "minimal", *_LEVELS, "xhigh", "max"),
        custom=True,
        namespaces=True,
        formats=("text", "json_object", "json_schema"),
        stops=0,
        user=True,
        verbatim=True,
        items=True,
        extra_wishes=("verbosity", "cache_key", "summary"),
    ),
    Protocol.CHAT: _Grammar(
        instructions=(Role.SYSTEM, Role.DEVELOPER),
        system=0,
        images=(_DATA, replace(_LINKED, detail="high")),
        documents=(replace(_PAPER, name="a.pdf"), Document(FileId("file_2"))),
        efforts=("none", "minimal", *_LEVELS, "xhigh"),
        custom=True,
        formats=("text", "json_object", "json_schema"),
        sampling=("temperature", "top_p", "seed"),
        user=True,
        verbatim=True,
        single=True,
        usage_wish=True,
        extra_wishes=("verbosity", "cache_key"),
    ),
    Protocol.GEMINI: _Grammar(
        images=(_DATA,),
        documents=(_PAPER,),
        result_errors=(None, True),
        efforts=("minimal", *_LEVELS),
        budgets=True,
        parallel=False,
        formats=("json_object", "json_schema"),
        stops=5,
        sampling=("temperature", "top_p", "top_k", "seed"),
        strict=False,
    ),
    Protocol.OLLAMA: _Grammar(
        images=(_DATA,),
        efforts=_LEVELS,
        parallel=False,
        choices=(Choice.AUTO,),
        formats=("json_object", "json_schema"),
        stops=6,
        sampling=("temperature", "top_p", "top_k", "seed"),
        strict=False,
    ),
}

SCHEMAS: Final[tuple[JsonObject, ...]] = (
    {"type": "object", "properties": {}},
    {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "Where."}},
        "required": ["path"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "mode": {"type": "string", "enum": ["fast", "slow"]},
            "deep": {"type": "object", "properties": {"ü": {"type": "boolean"}}},
        },
    },
)
_OBJECTS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"path": "a ü.py"},
    {"lines": [1, 2, 3], "deep": {"ü": None, "e": ""}},
    {"text": 'quo"te\n\N{LINE SEPARATOR}\U0001f600', "half": 1.5, "big": 2**53},
)

_WORDS: Final = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12
)
_NAMES: Final = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,20}", fullmatch=True)


def requests(protocol: Protocol) -> st.SearchStrategy[Request]:
    """Requests that a client of this protocol could have sent."""
    return _requests(protocol, _GRAMMARS[protocol])


def fitted(protocol: Protocol) -> st.SearchStrategy[Request]:
    """Requests as the translation leaves them for a provider of this protocol.

    Roles alternate, a user's message begins with its results, arguments are objects.
    """
    whole = replace(
        _GRAMMARS[protocol],
        items=False,
        single=False,
        verbatim=False,
        marks=False,
        signed=protocol is Protocol.GEMINI,
    )
    return _requests(protocol, whole)


# --- conversations ------------------------------------------------------------------


@st.composite
def _requests(draw: st.DrawFn, protocol: Protocol, grammar: _Grammar) -> Request:
    tools = draw(_tools(grammar))
    messages = tuple(draw(_conversation(protocol, grammar, tools)))
    system: tuple[Part, ...] = tuple(
        Text(each) for each in draw(st.lists(_WORDS, max_size=grammar.system))
    )
    plain = Request(
        protocol=protocol,
        model="some-model",
        messages=messages,
        system=system,
        tools=tools,
        tool_choice=draw(_choice(grammar, tools)),
        stream=draw(st.booleans()),
    )
    wished = draw(_wishes(grammar, plain))
    return draw(_marked(wished)) if grammar.marks else wished


@st.composite
def _conversation(
    draw: st.DrawFn, protocol: Protocol, grammar: _Grammar, tools: tuple[Tool, ...]
) -> list[Message]:
    said: list[Message] = []
    calls = 0
    waiting: list[Part] = []
    for _ in range(draw(st.integers(1, 3))):
        said += _split(Role.USER, [*waiting, *draw(_asked(grammar))], grammar)
        answer = draw(_answered(protocol, grammar, tools, calls))
        made = [part for part in answer if isinstance(part, ToolCall)]
        calls += len(made)
        said += _split(Role.ASSISTANT, answer, grammar)
        waiting = [draw(_result(grammar, call)) for call in made]
        if grammar.instructions and not made and draw(st.booleans()):
            role = draw(st.sampled_from(grammar.instructions))
            said.append(Message(role, (Text(draw(_WORDS)),)))
    last = [*waiting, *(draw(_asked(grammar)) if not waiting else ())]
    return said + _split(Role.USER, last, grammar)


def _split(role: Role, parts: list[Part], grammar: _Grammar) -> list[Message]:
    if not parts:
        return []
    alone: tuple[type[Part], ...] = ()
    if grammar.items:
        alone = (Thinking, ToolCall, ToolResult)
    elif grammar.single:
        alone = (ToolResult,)
    if not alone:
        return [Message(role, tuple(parts))]
    said: list[Message] = []
    together: list[Part] = []
    for part in parts:
        if not isinstance(part, alone):
            together.append(part)
            continue
        if together:
            said.append(Message(role, tuple(together)))
            together = []
        said.append(Message(role, (part,)))
    return [*said, Message(role, tuple(together))] if together else said


@st.composite
def _asked(draw: st.DrawFn, grammar: _Grammar) -> list[Part]:
    parts: list[Part] = [Text(draw(_WORDS))]
    shown: tuple[Part, ...] = (*grammar.images, *grammar.documents)
    if shown and draw(st.integers(0, 2)) == 0:
        parts.insert(draw(st.integers(0, 1)), draw(st.sampled_from(shown)))
    return parts


@st.composite
def _answered(
    draw: st.DrawFn,
    protocol: Protocol,
    grammar: _Grammar,
    tools: tuple[Tool, ...],
    calls: int,
) -> list[Part]:
    texts: list[Part] = [Text(each) for each in draw(st.lists(_WORDS, max_size=1))]
    made: list[Part] = []
    usable = list(_callable(tools))
    if usable:
        ids = [f"call_{calls + at}" for at in range(draw(st.integers(0, 3)))]
        made += [draw(_call(grammar, usable, each)) for each in ids]
    thoughts: list[Part] = []
    if draw(st.booleans()):
        thoughts.append(draw(_thinking(protocol)))
    signed = protocol is Protocol.GEMINI and made
    if signed and (grammar.signed or draw(st.booleans())):
        # The signature stands directly before the call it belongs to.
        origin = Origin(Protocol.GEMINI)
        made.insert(0, Thinking(signature=SIGNATURE, origin=origin))
    if not texts and not made:
        texts.append(Text(draw(_WORDS)))
    return [*thoughts, *texts, *made]


@st.composite
def _thinking(draw: st.DrawFn, protocol: Protocol) -> Thinking:
    origin, words = Origin(protocol), draw(_WORDS)
    match protocol:
        case Protocol.MESSAGES:
            if draw(st.booleans()):
                return Thinking(sealed=SIGNATURE, origin=origin)
            return Thinking(words, signature=SIGNATURE, origin=origin)
        case Protocol.RESPONSES:
            summary = tuple(draw(st.lists(_WORDS, max_size=2)))
            return Thinking(summary=summary, sealed=SIGNATURE, origin=origin, id="rs_1")
        case _:
            return Thinking(words, origin=origin)


@st.composite
def _call(
    draw: st.DrawFn,
    grammar: _Grammar,
    usable: list[tuple[FunctionTool | CustomTool, str | None]],
    call_id: str,
) -> ToolCall:
    tool, namespace = draw(st.sampled_from(usable))
    if isinstance(tool, CustomTool):
        free = draw(_WORDS)
        return ToolCall(call_id, tool.name, free, CallKind.CUSTOM, namespace)
    value = draw(st.sampled_from(_OBJECTS))
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if grammar.verbatim:
        text = draw(st.sampled_from([text, json.dumps(value), "", '{"broken": ']))
    return ToolCall(call_id, tool.name, text, namespace=namespace)


@st.composite
def _result(draw: st.DrawFn, grammar: _Grammar, call: Part) -> ToolResult:
    assert isinstance(call, ToolCall)
    parts: list[Part] = [Text(draw(_WORDS))]
    if grammar.result_parts and draw(st.integers(0, 2)) == 0:
        parts.append(draw(st.sampled_from(grammar.result_parts)))
    wrong = draw(st.sampled_from(grammar.result_errors))
    # Chat's message of a tool does not say which kind of call it answers.
    kind = CallKind.FUNCTION if grammar.single else call.kind
    return ToolResult(call.id, tuple(parts), wrong, kind)


# --- tools and wishes ---------------------------------------------------------------


@st.composite
def _tools(draw: st.DrawFn, grammar: _Grammar) -> tuple[Tool, ...]:
    names = draw(st.lists(_NAMES, max_size=4, unique=True))
    tools: list[Tool] = [draw(_tool(grammar, name)) for name in names]
    if grammar.namespaces and tools and draw(st.booleans()):
        # The same name may stand inside a group and beside it.
        inner = FunctionTool(names[0], "Inside.", SCHEMAS[1], strict=False)
        tools.append(Namespace("group", "A group.", (inner,)))
    return tuple(tools)


@st.composite
def _tool(draw: st.DrawFn, grammar: _Grammar, name: str) -> FunctionTool | CustomTool:
    words = draw(st.sampled_from([None, "Does it."]))
    if grammar.custom and draw(st.integers(0, 3)) == 0:
        rules = draw(st.sampled_from([None, Grammar("lark", "start: /.+/")]))
        return CustomTool(name, words, rules)
    schema = draw(st.sampled_from(SCHEMAS))
    strict = draw(st.sampled_from([None, False])) if grammar.strict else None
    return FunctionTool(name, words, schema, strict)


@st.composite
def _choice(
    draw: st.DrawFn, grammar: _Grammar, tools: tuple[Tool, ...]
) -> ToolChoice | None:
    direct = [each for each in tools if isinstance(each, FunctionTool | CustomTool)]
    if not direct or draw(st.booleans()):
        return None
    choice = draw(st.sampled_from(grammar.choices))
    if choice is not Choice.TOOL:
        return ToolChoice(choice)
    tool = draw(st.sampled_from(direct))
    custom = isinstance(tool, CustomTool)
    kind = CallKind.CUSTOM if custom else CallKind.FUNCTION
    return ToolChoice(choice, tool.name, kind)


@st.composite
def _wishes(draw: st.DrawFn, grammar: _Grammar, plain: Request) -> Request:
    def maybe(value: Any) -> Any:
        return draw(st.sampled_from([None, value]))

    limit = 4096 if grammar.limit_needed else maybe(4096)
    dice = {"temperature": 0.5, "top_p": 0.25, "top_k": 40, "seed": 7}
    sampling = Sampling(**{name: maybe(dice[name]) for name in grammar.sampling})
    words = _WORDS.filter(str.strip) if grammar.limit_needed else _WORDS
    stops = draw(st.lists(words, max_size=grammar.stops, unique=True))
    calls = bool(plain.tools) and grammar.parallel
    reasoning = draw(_reasoning(grammar))
    if grammar.limit_needed and reasoning is not None and reasoning.mode:
        # With a budget it takes neither dice nor force, nor an unthinking history.
        reasoning = reasoning if _thinks(plain) else Reasoning(effort="low")
        sampling = Sampling()
    if grammar.limit_needed:
        # Its word for this stands inside the choice, which must not be `none`.
        chosen = plain.tool_choice
        calls = calls and chosen is not None and chosen.choice is not Choice.NONE
    more = {name: maybe("low") for name in grammar.extra_wishes if name != "summary"}
    return replace(
        plain,
        parallel_tools=draw(st.sampled_from([None, True, False])) if calls else None,
        limits=Limits(limit, stop_sequences=tuple(stops)),
        sampling=sampling,
        reasoning=reasoning,
        output_format=draw(_format(grammar)),
        metadata=Metadata(user=maybe("user-1") if grammar.user else None),
        stream_usage=grammar.usage_wish and plain.stream and draw(st.booleans()),
        **more,
    )


def _thinks(request: Request) -> bool:
    """Whether no call is forced and every answer begins with reasoning."""
    choice = request.tool_choice
    free = choice is None or choice.choice in {Choice.AUTO, Choice.NONE}
    answers = [each for each in request.messages if each.role is Role.ASSISTANT]
    return free and all(isinstance(each.parts[0], Thinking) for each in answers)


@st.composite
def _reasoning(draw: st.DrawFn, grammar: _Grammar) -> Reasoning | None:
    kind = draw(st.sampled_from(["none", "effort", "budget"]))
    if kind == "none":
        return None
    if kind == "budget" and grammar.budgets:
        return Reasoning(mode="enabled", budget_tokens=2048)
    display = "auto" if "summary" in grammar.extra_wishes else None
    return Reasoning(effort=draw(st.sampled_from(grammar.efforts)), display=display)


@st.composite
def _format(draw: st.DrawFn, grammar: _Grammar) -> OutputFormat | None:
    kind = draw(st.sampled_from([None, *grammar.formats]))
    if kind is None:
        return None
    if kind != "json_schema":
        return OutputFormat(kind)
    named = grammar.verbatim
    return OutputFormat(kind, "answer" if named else None, SCHEMAS[1])


@st.composite
def _marked(draw: st.DrawFn, request: Request) -> Request:
    """The request with cache marks at the ends of its system text and tools."""
    in_system, in_tools = draw(st.booleans()), draw(st.booleans())
    ttl = draw(st.sampled_from([None, "1h"]))
    if request.system and in_system:
        *before, last = request.system
        assert isinstance(last, Text)
        marked = replace(last, cache=CacheMark(ttl))
        request = replace(request, system=(*before, marked))
    if request.tools and in_tools:
        *others, tool = request.tools
        assert isinstance(tool, FunctionTool)
        tools = (*others, replace(tool, cache=CacheMark()))
        request = replace(request, tools=tools)
    return request


def _callable(
    tools: tuple[Tool, ...],
) -> Iterator[tuple[FunctionTool | CustomTool, str | None]]:
    for tool in tools:
        inside = tool.tools if isinstance(tool, Namespace) else (tool,)
        named = tool.name if isinstance(tool, Namespace) else None
        for each in inside:
            if isinstance(each, FunctionTool | CustomTool):
                yield each, named


# --- answers ------------------------------------------------------------------------


_COUNT: Final = st.none() | st.integers(0, 10**6)
_ASIDES: Final[tuple[Event, ...]] = (Ping(), UsageReported(Usage()))
_INTERLEAVES: Final = (Protocol.CHAT, Protocol.RESPONSES)


@st.composite
def event_lines(
    draw: st.DrawFn, protocol: Protocol, *, complete: bool | None = None
) -> tuple[Event, ...]:
    """Answers of a provider of this protocol, as legal lines of events.

    Parts overlap where the protocol can interleave them. `complete` leaves out, or
    asks for, lines that end in a failure.
    """
    lines = [
        draw(_part_line(protocol, at, draw(st.sampled_from(["text", "think", "call"]))))
        for at in range(draw(st.integers(0, 4)))
    ]
    early, usage = draw(_usages())
    events: list[Event] = [AnswerStarted("abc123", "some-model", early)]
    events += draw(_merged(lines, together=protocol in _INTERLEAVES))
    whole = draw(st.booleans()) if complete is None else complete
    if not whole:
        del events[draw(st.integers(1, len(events))) :]
        return (*events, AnswerFailed(FailureKind.CUT, "The answer broke off."))
    called = any(isinstance(each, ToolCallStarted) for each in events)
    ends = [StopReason.END_TURN, StopReason.MAX_TOKENS, StopReason.REFUSAL]
    stop = StopReason.TOOL_USE if called else draw(st.sampled_from(ends))
    return (*events, AnswerEnded(stop, usage=usage))


@st.composite
def _usages(draw: st.DrawFn) -> tuple[Usage, Usage]:
    """Counts before the first word, and at the end, when none has become less."""
    fresh, read, wrote, said = (draw(_COUNT) for _ in range(4))
    thought = None if said is None else draw(st.none() | st.integers(0, said))
    whole = Usage(fresh, read, wrote, None, said, thought)
    early = Usage(fresh, read, wrote, None, None if said is None else min(said, 1))
    return draw(st.sampled_from([Usage(), early])), whole


@st.composite
def _merged(
    draw: st.DrawFn, lines: list[list[Event]], *, together: bool
) -> list[Event]:
    """The lines one after the other or mixed; each begins after the one before it."""
    waiting = [list(line) for line in lines]
    events: list[Event] = []
    begun = 0
    while any(waiting):
        ready = [at for at in range(begun + 1) if at < len(waiting) and waiting[at]]
        at = draw(st.sampled_from(ready)) if together else ready[0]
        begun = max(begun, at + 1)
        events.append(waiting[at].pop(0))
        if draw(st.integers(0, 9)) == 0:
            events.append(draw(st.sampled_from(_ASIDES)))
    return events


@st.composite
def _part_line(draw: st.DrawFn, protocol: Protocol, at: int, kind: str) -> list[Event]:
    pieces = draw(st.lists(_WORDS, min_size=1, max_size=3))
    match kind:
        case "text":
            inner: list[Event] = [TextStarted(at)]
            inner += [TextDelta(at, each) for each in pieces]
        case "think":
            inner = [ThinkingStarted(at, origin=Origin(protocol))]
            summed = 0 if protocol is Protocol.RESPONSES else None
            inner += [ThinkingDelta(at, each, summed) for each in pieces]
            if protocol is Protocol.MESSAGES:
                inner.append(SignatureDelta(at, "c2ln"))
            if protocol is Protocol.RESPONSES:
                inner.append(ThinkingSealed(at, "c2VhbGVk"))
        case _:
            text = json.dumps(draw(st.sampled_from(_OBJECTS)), ensure_ascii=False)
            cut = draw(st.integers(0, len(text)))
            inner = [ToolCallStarted(at, f"call_{at}", draw(_NAMES))]
            inner += [ToolCallArguments(at, each) for each in (text[:cut], text[cut:])]
    return [*inner, PartEnded(at)]
