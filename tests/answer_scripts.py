"""Answers as lines of neutral events: named cases, and all that may be (Hypothesis)."""

from __future__ import annotations

from hypothesis import strategies as st

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CallKind,
    Citation,
    CitationAdded,
    Event,
    Origin,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    ServerPart,
    SignatureDelta,
    StopReason,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
)

Script = tuple[Event, ...]

_START = AnswerStarted("abc123", "some-model", Usage(input_tokens=20, output_tokens=0))
_USAGE = Usage(
    input_tokens=20, cache_read_tokens=5, cache_write_tokens=2, output_tokens=9
)
_CITED = Citation(
    protocol=Protocol.RESPONSES,
    raw={
        "type": "url_citation",
        "url": "https://example.com/a",
        "title": "A",
        "start_index": 0,
        "end_index": 5,
    },
    url="https://example.com/a",
    title="A",
    start=0,
    end=5,
)
_LOCATED = Citation(
    protocol=Protocol.MESSAGES,
    raw={
        "type": "web_search_result_location",
        "url": "https://example.com/b",
        "title": "B",
        "cited_text": "sun",
        "encrypted_index": "eA==",
    },
    url="https://example.com/b",
)
_SEARCH: ServerPart = ServerPart(
    protocol=Protocol.RESPONSES,
    kind="web_search_call",
    raw={
        "id": "ws_1",
        "type": "web_search_call",
        "status": "completed",
        "action": {"type": "search", "query": "weather", "queries": ["weather"]},
    },
)


def _ended(stop: StopReason, word: str | None = None) -> AnswerEnded:
    return AnswerEnded(stop, word, _USAGE)


CASES: dict[str, Script] = {
    "text": (
        _START,
        TextStarted(0),
        TextDelta(0, "Hello"),
        TextDelta(0, " wörld \N{LINE SEPARATOR}\n"),
        PartEnded(0),
        _ended(StopReason.END_TURN),
    ),
    "thinking_then_call": (
        _START,
        ThinkingStarted(0, origin=Origin(Protocol.MESSAGES)),
        ThinkingDelta(0, "Which file"),
        ThinkingDelta(0, " is it?"),
        SignatureDelta(0, "c2ln"),
        PartEnded(0),
        Ping(),
        TextStarted(1),
        TextDelta(1, "Reading."),
        PartEnded(1),
        ToolCallStarted(2, "call_1", "read_file"),
        ToolCallArguments(2, '{"path":'),
        ToolCallArguments(2, '"a.py"}'),
        PartEnded(2),
        _ended(StopReason.TOOL_USE),
    ),
    "interleaved_calls": (
        _START,
        ToolCallStarted(0, "call_1", "read_file"),
        ToolCallStarted(1, "call_2", "list_files"),
        ToolCallArguments(0, '{"path":'),
        ToolCallArguments(1, '{"folder"'),
        ToolCallArguments(0, '"a.py"}'),
        ToolCallArguments(1, ':"b"}'),
        ToolCallStarted(2, "call_3", "now"),
        PartEnded(1),
        PartEnded(0),
        PartEnded(2),
        _ended(StopReason.TOOL_USE),
    ),
    "custom_call": (
        _START,
        ToolCallStarted(0, "call_1", "apply_patch", CallKind.CUSTOM, "files"),
        ToolCallArguments(0, '*** Begin "Patch"\n'),
        ToolCallArguments(0, "\\ end\t"),
        PartEnded(0),
        _ended(StopReason.TOOL_USE),
    ),
    "summary_and_sealed": (
        _START,
        ThinkingStarted(0, origin=Origin(Protocol.RESPONSES)),
        ThinkingDelta(0, "First.", 0),
        ThinkingDelta(0, "Second", 1),
        ThinkingDelta(0, " one.", 1),
        ThinkingSealed(0, "c2VhbGVk"),
        PartEnded(0),
        ThinkingStarted(1, "cmVkYWN0ZWQ=", Origin(Protocol.MESSAGES)),
        PartEnded(1),
        TextStarted(2),
        TextDelta(2, "Done."),
        PartEnded(2),
        _ended(StopReason.END_TURN),
    ),
    "refusal": (
        _START,
        TextStarted(0, refusal=True),
        TextDelta(0, "I would rather not."),
        PartEnded(0),
        AnswerEnded(StopReason.REFUSAL, None, _USAGE, "Not this.", "cyber"),
    ),
    "searched_and_cited": (
        _START,
        PartWhole(0, _SEARCH),
        TextStarted(1),
        TextDelta(1, "Sunny"),
        CitationAdded(1, _CITED),
        PartEnded(1),
        _ended(StopReason.END_TURN),
    ),
    "searched_by_another": (
        _START,
        PartWhole(
            0,
            ServerPart(
                Protocol.MESSAGES,
                "server_tool_use",
                {
                    "type": "server_tool_use",
                    "id": "srvtoolu_1",
                    "name": "web_search",
                    "input": {"query": "weather"},
                },
            ),
        ),
        TextStarted(1),
        TextDelta(1, "Sunny"),
        CitationAdded(1, _LOCATED),
        CitationAdded(1, Citation(Protocol.GEMINI, {})),
        PartEnded(1),
        AnswerEnded(
            StopReason.END_TURN, usage=Usage(5, output_tokens=1, web_searches=1)
        ),
    ),
    "sealed_by_another": (
        _START,
        ThinkingStarted(0, origin=Origin(Protocol.MESSAGES)),
        ThinkingDelta(0, "Hm."),
        ThinkingSealed(0, "c2VhbGVk"),
        PartEnded(0),
        ThinkingStarted(1, "cmVkYWN0ZWQ=", Origin(Protocol.RESPONSES)),
        PartEnded(1),
        _ended(StopReason.END_TURN),
    ),
    "cut_by_length": (
        _START,
        TextStarted(0),
        TextDelta(0, "Once upon"),
        PartEnded(0),
        UsageReported(Usage(reasoning_tokens=0)),
        _ended(StopReason.MAX_TOKENS),
    ),
    "stop_sequence": (
        _START,
        TextStarted(0),
        TextDelta(0, "one "),
        PartEnded(0),
        _ended(StopReason.STOP_SEQUENCE, "two"),
    ),
    "empty": (AnswerStarted("abc123", "some-model"), AnswerEnded(StopReason.END_TURN)),
    "failed": (
        _START,
        TextStarted(0),
        TextDelta(0, "Once upon"),
        AnswerFailed(FailureKind.CUT, "The provider's answer broke off."),
    ),
}


_TEXT = st.text(max_size=12)
_OWN = st.sampled_from([None, *(Origin(each) for each in list(Protocol)[:3])])
_COUNT = st.none() | st.integers(0, 10**6)
_USAGES = st.builds(Usage, _COUNT, _COUNT, _COUNT, st.none(), _COUNT, _COUNT, st.none())


@st.composite
def _texts(draw: st.DrawFn, index: int) -> list[Event]:
    pieces: list[Event] = [TextDelta(index, each) for each in draw(st.lists(_TEXT))]
    if draw(st.booleans()):
        pieces.append(CitationAdded(index, _CITED))
    refusal = not any(isinstance(each, CitationAdded) for each in pieces)
    return [TextStarted(index, refusal and draw(st.booleans())), *pieces]


@st.composite
def _thoughts(draw: st.DrawFn, index: int) -> list[Event]:
    origin = draw(_OWN)
    if draw(st.booleans()):
        return [ThinkingStarted(index, draw(_TEXT), origin)]
    # First the summary, part after part, then the reasoning itself.
    places: list[int | None] = [*sorted(draw(st.lists(st.integers(0, 2)))), None]
    line: list[Event] = [ThinkingStarted(index, None, origin)]
    line += [ThinkingDelta(index, draw(_TEXT), each) for each in places]
    if draw(st.booleans()):
        line.append(SignatureDelta(index, draw(_TEXT)))
    return line


@st.composite
def _calls(draw: st.DrawFn, index: int) -> list[Event]:
    custom = draw(st.booleans())
    kind = CallKind.CUSTOM if custom else CallKind.FUNCTION
    namespace = draw(st.sampled_from([None, "files"]))
    pieces = draw(st.lists(_TEXT) if custom else st.sampled_from(_ARGUMENTS))
    return [
        ToolCallStarted(index, f"call_{index}", "a_tool", kind, namespace),
        *(ToolCallArguments(index, each) for each in pieces),
    ]


_ASIDES: list[Event] = [Ping(), UsageReported(Usage())]
_ARGUMENTS: list[list[str]] = [
    [],
    [""],
    ["{}"],
    ['{"a"', "", ": [1, 2", "]}"],
    ['{"ü": "\\u00fc', '"}'],
]


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Whole answers, their parts interleaved in any way that keeps each in order."""
    makers = draw(st.lists(st.sampled_from([_texts, _thoughts, _calls]), max_size=4))
    lines = [draw(make(at)) for at, make in enumerate(makers)]
    waiting = [[*line, PartEnded(at)] for at, line in enumerate(lines)]
    events: list[Event] = [AnswerStarted("abc123", "m", draw(_USAGES))]
    begun = 0
    while any(waiting):
        ready = [at for at in range(begun + 1) if at < len(waiting) and waiting[at]]
        at = draw(st.sampled_from(ready))
        begun = max(begun, at + 1)
        events.append(waiting[at].pop(0))
        if draw(st.integers(0, 9)) == 0:
            events.append(draw(st.sampled_from(_ASIDES)))
    stop = draw(st.sampled_from(StopReason))
    events.append(AnswerEnded(stop, None, draw(_USAGES)))
    return tuple(events)
