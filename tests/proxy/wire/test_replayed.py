"""Recorded streams of all providers, replayed whole and broken to each client.

However the bytes come, the client gets a sound stream of its protocol; of a cut one it
gets an error event last, and never a sign of completeness.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from answer_laws import check_line
from answer_ways import Way
from golden_files import Golden
from neutral_requests import CLIENTS
from sdk_types import check_stream
from stream_order import CHECKS
from upstream import gemini
from upstream.turns import Answer, Part, Text, Thinking, ToolCall

from proxy.model import Protocol
from proxy.wire.gemini.provider.stream import StreamReader

_GOLDEN = Path(__file__).resolve().parents[2] / "golden"
_STREAMS = {
    (protocol, path.parent.name): path.read_bytes()
    for protocol in Protocol
    for pattern in ("provider_*/stream.sse", "*/stream.ndjson")
    for path in sorted((_GOLDEN / protocol).glob(pattern))
}
_EACH = pytest.mark.parametrize("client", CLIENTS)
_RECORDED = pytest.mark.parametrize(("provider", "case"), list(_STREAMS), ids=str)


def _replay(client: Protocol, provider: Protocol, *chunks: bytes) -> tuple[bytes, bool]:
    """What the client gets, and whether it is complete."""
    stream, conversion = Way(client, provider).stream(*chunks)
    blocks = stream.split(b"\n\n")
    # How many signs of life there are depends on the pieces.
    said = [each for each in blocks if not each.startswith((b":", b"event: ping"))]
    return b"\n\n".join(said), conversion.ended is not None


def _check(client: Protocol, stream: bytes, *, complete: bool) -> None:
    """A sound stream; the checkers know a broken one by its error."""
    if stream.count(b"\n\n") == 1 and _broken(client, stream):
        # Nothing was said before: the lane gives an error in place of the stream.
        return
    CHECKS[client](stream)
    assert complete == (not _broken(client, stream))


_BROKEN = {
    Protocol.MESSAGES: b"event: error\n",
    Protocol.RESPONSES: b"event: response.failed\n",
    Protocol.CHAT: b'data: {"error":',
    Protocol.GEMINI: b'data: {"error":',
}
_COMPLETE = {
    Protocol.MESSAGES: (b"event: message_stop", b"event: message_delta"),
    Protocol.RESPONSES: (b"event: response.completed", b"event: response.incomplete"),
    Protocol.CHAT: (b"[DONE]", b'"finish_reason":"'),
    Protocol.GEMINI: (b'"finishReason"',),
}


def _broken(client: Protocol, stream: bytes) -> bool:
    """Whether the last event is an error; if so nothing says that it is complete."""
    last = stream.rpartition(b"\n\n")[0].rpartition(b"\n\n")[2]
    broken = last.startswith(_BROKEN[client])
    if broken:
        assert not any(word in stream for word in _COMPLETE[client])
    return broken


@_RECORDED
def test_a_recorded_stream_arrives_however_it_comes(
    provider: Protocol, case: str
) -> None:
    data = _STREAMS[provider, case]
    forms = _other_forms(provider, data)
    for client in CLIENTS:
        _check_forms(client, provider, data, forms)


def _check_forms(
    client: Protocol, provider: Protocol, data: bytes, forms: list[list[bytes]]
) -> None:
    whole, complete = _replay(client, provider, data)
    _check(client, whole, complete=complete)
    if client is not provider:
        # What only its own protocol knows goes on to it as it came, types or not.
        check_stream(client, whole)
    for other in forms:
        assert _replay(client, provider, *other) == (whole, complete)


def _other_forms(provider: Protocol, data: bytes) -> list[list[bytes]]:
    """The same answer in other bytes, or the same bytes in other pieces."""
    pieces = [data[at : at + 1] for at in range(len(data))]
    ends = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    forms = [pieces, [ends], [ends[at : at + 7] for at in range(0, len(ends), 7)]]
    if provider is Protocol.OLLAMA or b"\r" in data:
        return forms
    lines = data.replace(b'data: {"', b'data: {\ndata: "')
    return [*forms, [lines], [data.replace(b"data: ", b"data:")]]


@_RECORDED
def test_a_recorded_stream_cut_between_lines_is_never_complete(
    provider: Protocol, case: str
) -> None:
    data = _STREAMS[provider, case]
    ends = [at for at, byte in enumerate(data) if byte in b"\r\n"]
    places = sorted({0, *ends, *(at + 1 for at in ends)})
    for client in CLIENTS:
        _check_cuts(client, provider, case, places)


# One of each protocol, with calls where it is short enough.
_AT_EVERY_BYTE = [
    (Protocol.MESSAGES, "provider_search"),
    (Protocol.RESPONSES, "provider_only_last"),
    (Protocol.CHAT, "provider_openai_interleaved_calls"),
    (Protocol.GEMINI, "provider_call"),
    (Protocol.OLLAMA, "parallel_calls"),
]


@_EACH
@pytest.mark.parametrize(("provider", "case"), _AT_EVERY_BYTE, ids=str)
def test_a_stream_cut_at_any_byte_is_never_complete(
    client: Protocol, provider: Protocol, case: str
) -> None:
    _check_cuts(client, provider, case, range(len(_STREAMS[provider, case])))


def _check_cuts(
    client: Protocol, provider: Protocol, case: str, places: Iterable[int]
) -> None:
    data = _STREAMS[provider, case]
    whole, complete = _replay(client, provider, data)
    heard = Way(client, provider).heard
    ended = False
    for at in places:
        stream, ended = _replay(client, provider, data[:at])
        if ended:
            # Only counts, or nothing, can stand behind what ends an answer.
            assert complete
            assert heard(stream) == heard(whole)
        else:
            _check(client, stream, complete=False)
    # Of the bytes that end it, most must be there.
    assert ended == complete


# --- Gemini's own: as its vendor's server frames them ---------------------------------

_CITED: dict[str, object] = {
    "candidates": [
        {
            "content": {"parts": [{"text": "Sonnig, 20\N{DEGREE SIGN}."}]},
            "finishReason": "STOP",
            "index": 0,
            "groundingMetadata": {
                "groundingChunks": [
                    {"web": {"uri": "https://example.com/a", "title": "A"}}
                ],
                "groundingSupports": [
                    {
                        "segment": {"startIndex": 0, "endIndex": 6, "text": "Sonnig"},
                        "groundingChunkIndices": [0],
                    }
                ],
                "webSearchQueries": ["weather"],
            },
        }
    ],
    "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
    "modelVersion": "gemini-3-pro",
    "responseId": "r1",
}
_BLOCKED: dict[str, object] = {
    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
    "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
    "modelVersion": "gemini-3-pro",
    "responseId": "r1",
}
_CALL = ToolCall.of("read_file", path="a \N{LATIN SMALL LETTER U WITH DIAERESIS}.py")


def _gemini(*parts: Part) -> bytes:
    return b"".join(gemini.stream(Answer(parts), "gemini-3-pro", 1))


_SCRIPTS: dict[str, bytes] = {
    "provider_call": _gemini(Text("Reading."), _CALL),
    "provider_thinking_and_calls": _gemini(
        Thinking("Which file is it?"), Text("Reading both."), _CALL, _CALL
    ),
    "provider_cited": gemini.event(_CITED),
    "provider_blocked": gemini.event(_BLOCKED),
    "provider_error": gemini.event(gemini.error(503, "The model is overloaded.")),
}


@pytest.mark.parametrize("case", _SCRIPTS)
def test_gemini_s_streams_read_as_recorded(case: str, golden: Golden) -> None:
    folder = f"gemini/{case}"
    golden.check(f"{folder}/stream.sse", _SCRIPTS[case])
    reader = StreamReader(answer_id="abc123", model="m")
    events = [*reader.feed(_SCRIPTS[case]), *reader.finish()]
    check_line(events)
    told = "".join(f"{event}\n" for event in events)
    golden.check(f"{folder}/events.txt", told.encode())
