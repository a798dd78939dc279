"""What whole answers and single events say of themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import AnswerEnded, Event, Protocol, Usage
from proxy.wire import PROVIDER_CODEC_OF
from proxy.wire.answer import AnswerFacts, Said, read_answer, read_event
from proxy.wire.tail import tail_holder

NATIVE = [Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT, Protocol.GEMINI]
NO_CACHE = Usage(5, cache_read_tokens=0, cache_write_tokens=0, output_tokens=6)


def facts(protocol: Protocol, answer: dict[str, Any]) -> AnswerFacts:
    return read_answer(protocol, json.dumps(answer).encode())


def said(protocol: Protocol, event: dict[str, Any]) -> Said | None:
    return read_event(protocol, json.dumps(event).encode())


def test_a_messages_answer() -> None:
    answer = {
        "type": "message",
        "model": "claude-x",
        "content": [{"type": "text", "text": "error"}],
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 5, "output_tokens": 6},
    }
    assert facts(Protocol.MESSAGES, answer) == AnswerFacts(NO_CACHE, "max_tokens")


def test_a_responses_answer() -> None:
    answer = {
        "object": "response",
        "model": "gpt-x",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "usage": {
            "input_tokens": 5,
            "input_tokens_details": {"cached_tokens": 2},
            "output_tokens": 6,
        },
    }
    usage = Usage(3, cache_read_tokens=2, cache_write_tokens=0, output_tokens=6)
    assert facts(Protocol.RESPONSES, answer) == AnswerFacts(usage, "completed")
    answer |= {
        "status": "incomplete",
        "incomplete_details": {"reason": "content_filter"},
    }
    assert facts(Protocol.RESPONSES, answer).stop_reason == "content_filter"
    answer |= {"incomplete_details": None}
    assert facts(Protocol.RESPONSES, answer).stop_reason == "incomplete"
    answer |= {"status": "failed", "error": {"code": "server_error", "message": "x"}}
    assert facts(Protocol.RESPONSES, answer).error_type == "server_error"


def test_a_chat_answer() -> None:
    answer = {
        "model": "gpt-4o",
        "choices": [{"finish_reason": None}, 5, {"finish_reason": "length"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 6},
    }
    assert facts(Protocol.CHAT, answer) == AnswerFacts(NO_CACHE, "length")


@pytest.mark.parametrize("protocol", NATIVE)
@pytest.mark.parametrize(
    ("error", "word"),
    [
        ({"type": "rate_limit_error", "message": "x"}, "rate_limit_error"),
        ({"type": None, "code": "invalid_api_key"}, "invalid_api_key"),
        ({"type": "requests", "code": "rate_limit_exceeded"}, "requests"),
        ({"code": 429, "message": "x"}, "429"),
        ({"code": -5}, None),
        ({"type": "a whole sentence with the prompt in it"}, None),
        ("model not found", None),
        (None, None),
    ],
)
def test_an_error_body_tells_its_type(
    protocol: Protocol, error: object, word: str | None
) -> None:
    assert facts(protocol, {"type": "error", "error": error}).error_type == word


@pytest.mark.parametrize("protocol", list(Protocol))
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"<html>", b'{"usage":', b"\xff", b"[" * 99_999]
)
def test_a_body_that_is_no_answer_says_nothing(protocol: Protocol, body: bytes) -> None:
    assert read_answer(protocol, body) == AnswerFacts()
    assert read_event(protocol, body) is None


def test_other_protocols_are_not_read_here() -> None:
    assert facts(Protocol.OLLAMA, {"model": "x"}) == AnswerFacts()
    assert said(Protocol.OLLAMA, {"model": "x"}) is None


@pytest.mark.parametrize(
    ("protocol", "event", "expected"),
    [
        (Protocol.MESSAGES, {"type": "ping"}, Said()),
        (Protocol.MESSAGES, {"type": 5}, Said()),
        (Protocol.MESSAGES, {"type": "message_stop"}, Said(ends=True)),
        (
            Protocol.MESSAGES,
            {"type": "message_delta", "delta": {"stop_reason": None}, "usage": None},
            Said(),
        ),
        (
            Protocol.MESSAGES,
            {
                "type": "message_delta",
                "delta": {"stop_reason": "new reason with blanks"},
            },
            Said(finishes=True),
        ),
        (
            Protocol.MESSAGES,
            {"type": "error"},
            Said(ends=True, failed=True),
        ),
        (Protocol.RESPONSES, {"type": "response.created", "error": None}, Said()),
        (
            Protocol.RESPONSES,
            {"type": "response.failed", "response": {"status": "failed"}},
            Said(stop_reason="failed", ends=True, failed=True),
        ),
        (
            Protocol.RESPONSES,
            {"error": {"type": "server_error"}},
            Said(ends=True, failed=True),
        ),
        (Protocol.CHAT, {"choices": []}, Said()),
        (Protocol.CHAT, {"choices": [{"finish_reason": ""}]}, Said()),
        (
            Protocol.CHAT,
            {"model": "m", "choices": [{}, {"finish_reason": "stop"}]},
            Said(stop_reason="stop", finishes=True),
        ),
        (
            Protocol.CHAT,
            {"error": {"code": 502}, "choices": [{"finish_reason": "error"}]},
            Said(ends=True, failed=True),
        ),
    ],
)
def test_an_event_says(
    protocol: Protocol, event: dict[str, Any], expected: Said
) -> None:
    assert said(protocol, event) == expected


KEYS = st.sampled_from(
    ["type", "error", "usage", "model", "choices", "delta", "response", "stop_reason"]
)
VALUES = st.recursive(
    st.none()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["message_delta", "response.completed", "error"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.sampled_from(NATIVE), st.dictionaries(KEYS, VALUES))
def test_no_answer_breaks_a_reader(protocol: Protocol, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    assert isinstance(read_answer(protocol, body), AnswerFacts)
    read_event(protocol, body)


def test_a_whole_gemini_answer_is_read() -> None:
    answer = {
        "candidates": [{"content": {"parts": []}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4},
    }
    found = facts(Protocol.GEMINI, answer)
    assert found == AnswerFacts(Usage(9, 0, 0, None, 4), "STOP")
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
    assert facts(Protocol.GEMINI, blocked).stop_reason == "SAFETY"


def test_a_gemini_error_is_named_by_its_status() -> None:
    error = {"error": {"code": 429, "message": "x", "status": "RESOURCE_EXHAUSTED"}}
    assert facts(Protocol.GEMINI, error).error_type == "RESOURCE_EXHAUSTED"
    body = json.dumps([error]).encode()
    assert read_answer(Protocol.GEMINI, body).error_type == "RESOURCE_EXHAUSTED"
    found = read_event(Protocol.GEMINI, body)
    assert found == Said(ends=True, failed=True)


def search(status: str = "completed", action: str | None = "search") -> dict[str, Any]:
    made: dict[str, Any] = {"type": "web_search_call", "id": "ws_1", "status": status}
    return made | ({"action": {"type": action}} if action else {})


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ({"output": [search(), search(action=None), {"type": "message"}]}, 2),
        ({"output": [search("failed"), search("in_progress")]}, None),
        ({"output": [search(), search(action="open_page")]}, 1),
        # What the provider counts itself is not added to what is seen.
        (
            {"output": [search()], "tool_usage": {"web_search": {"num_requests": 3}}},
            3,
        ),
        (
            {"output": [search()], "tool_usage": {"web_search": {"num_requests": 0}}},
            None,
        ),
        ({"output": [search()], "tool_usage": None}, 1),
        ({"output": {"type": "web_search_call"}}, None),
        ({"output": [{"type": "message", "text": "web_search_call"}, "x"]}, None),
    ],
)
def test_searches_of_a_responses_answer_are_counted_once(
    answer: dict[str, Any], count: int | None
) -> None:
    whole = {"status": "completed", "usage": {"input_tokens": 5}, **answer}
    assert facts(Protocol.RESPONSES, whole).usage.web_searches == count
    event = said(Protocol.RESPONSES, {"type": "response.completed", "response": whole})
    assert event is not None
    assert event.counts.get("web_searches") == count
    codec = PROVIDER_CODEC_OF[Protocol.RESPONSES]
    told = codec.read_answer(
        json.dumps({"output": [], **whole}).encode(), answer_id="a", model="m"
    )
    ended = told[-1]
    assert isinstance(ended, AnswerEnded)
    assert ended.usage is not None
    assert ended.usage.web_searches == count


@pytest.mark.parametrize(
    ("queries", "count"),
    [(["a", "b"], 2), (["a", "a", ""], 1), ([], None), (None, None), ("a", None)],
)
def test_searches_of_a_gemini_answer_are_counted_once(
    queries: object, count: int | None
) -> None:
    grounded = {"webSearchQueries": queries}
    parts = {"parts": [{"text": "Sun"}], "role": "model"}
    candidate = {"content": parts, "groundingMetadata": grounded}
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 2}
    first = {"candidates": [candidate], "usageMetadata": usage}
    last = {
        "candidates": [candidate | {"finishReason": "STOP"}],
        "usageMetadata": usage,
    }
    assert facts(Protocol.GEMINI, last).usage.web_searches == count
    # A stream names them again.
    chunks = [f"data: {json.dumps(each)}\n\n".encode() for each in (first, last)]
    holder = tail_holder(Protocol.GEMINI)
    reader = PROVIDER_CODEC_OF[Protocol.GEMINI].stream_reader(answer_id="a", model="m")
    told: list[Event] = []
    for chunk in chunks:
        holder.feed(chunk)
        told += reader.feed(chunk)
    assert holder.usage.web_searches == count
    assert holder.usage.output_tokens == 2
    ended = [*told, *reader.finish()][-1]
    assert isinstance(ended, AnswerEnded)
    assert ended.usage is not None
    assert ended.usage.web_searches == count
