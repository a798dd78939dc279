import json

import pytest

from app.trial import CLIENT, Collected, trial_call
from proxy.guard import Endpoint
from proxy.model import Protocol

ANSWERS: dict[Protocol, dict[str, object]] = {
    Protocol.MESSAGES: {
        "content": [
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": "Hello "},
            {"type": "text", "text": "you"},
        ]
    },
    Protocol.RESPONSES: {
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "content": [{"type": "output_text", "text": "Hello "}]},
            {"type": "message", "content": [{"type": "output_text", "text": "you"}]},
        ]
    },
    Protocol.CHAT: {"choices": [{"message": {"content": "Hello you"}}]},
}


async def collected(*pieces: bytes) -> Collected:
    answer = Collected()
    await answer.start(200, ())
    for piece in pieces:
        await answer.write(piece)
    await answer.end()
    return answer


@pytest.mark.parametrize("protocol", ANSWERS)
async def test_the_words_of_an_answer(protocol: Protocol) -> None:
    data = json.dumps(ANSWERS[protocol]).encode()
    answer = await collected(data[:7], data[7:])
    assert answer.text(protocol) == "Hello you"
    assert (answer.started, answer.status, answer.cut) == (True, 200, False)


@pytest.mark.parametrize("protocol", ANSWERS)
async def test_the_words_of_an_error(protocol: Protocol) -> None:
    answer = await collected(b'{"error": {"message": "No such model."}}')
    assert answer.text(protocol) == "No such model."


@pytest.mark.parametrize("protocol", ANSWERS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[1]",
        b"{}",
        b"\xff",
        b"<html>",
        b"[" * 100_000,
        b'{"content": 1, "output": 1, "choices": 1}',
        b'{"content": [1], "output": [1], "choices": [1]}',
        b'{"content": [{"text": 1}], "output": [{"content": [1]}]}',
        b'{"choices": [{"message": 1}]}',
        b'{"choices": [{"message": {"content": null}}]}',
    ],
)
async def test_any_other_answer_has_no_words(protocol: Protocol, data: bytes) -> None:
    assert (await collected(data)).text(protocol) == ""


def test_a_cut_answer_is_noted() -> None:
    answer = Collected()
    answer.abort()
    assert answer.cut
    assert not answer.started


@pytest.mark.parametrize(
    ("protocol", "endpoint", "field"),
    [
        (Protocol.MESSAGES, Endpoint.MESSAGES, "messages"),
        (Protocol.RESPONSES, Endpoint.RESPONSES, "input"),
        (Protocol.CHAT, Endpoint.CHAT, "messages"),
    ],
)
def test_a_tried_prompt_is_a_clients_request(
    protocol: Protocol, endpoint: Endpoint, field: str
) -> None:
    call = trial_call("req_1", 'Say "hi"', "m", protocol, 12.5)
    body = json.loads(call.body.data)
    assert (call.endpoint, call.client, call.arrived) == (endpoint, CLIENT, 12.5)
    assert body["model"] == "m"
    assert 'Say "hi"' in json.dumps(body[field]).replace("\\", "")
    assert "stream" not in body
    assert call.header("content-type") == "application/json"
    is_messages = protocol is Protocol.MESSAGES
    assert ("max_tokens" in body) is is_messages
    assert (call.header("anthropic-version") is not None) is is_messages
    # Nobody else may keep what was tried.
    assert body.get("store", False) is False


STREAMS = {
    Protocol.MESSAGES: (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":'
        b'{"type":"text_delta","text":"Hello "}}\n\ndata: {"type":'
        b'"content_block_delta","delta":{"type":"text_delta","text":"you"}}\n\n'
    ),
    Protocol.RESPONSES: (
        b'data: {"type":"response.output_text.delta","delta":"Hello "}\n\n'
        b'data: {"type":"response.output_text.delta","delta":"you"}\n\n'
        b'data: {"type":"response.function_call_arguments.delta","delta":"{"}\n\n'
    ),
    Protocol.CHAT: (
        b': hi\n\ndata: {"choices":[{"delta":{"content":"Hello "}}]}\n\n'
        b'data: {"choices":[{"delta":{"content":"you"}}]}\n\n'
        b'data: {"choices":[]}\n\ndata: [DONE]\n\n'
    ),
}


@pytest.mark.parametrize("protocol", STREAMS)
async def test_a_stream_nobody_asked_for_has_words_too(protocol: Protocol) -> None:
    answer = await collected(STREAMS[protocol])
    assert answer.text(protocol) == "Hello you"
    assert answer.failure(None) == ""


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (b'{"content": []}', None, ""),
        (
            b'{"content": [',
            "cut",
            "The provider's answer ended before it was complete.",
        ),
        (b"", "cut", "The provider's answer ended before it was complete."),
        (b"<html>", None, "The provider's answer could not be read."),
        (b"", None, "The provider's answer could not be read."),
        (b"", "rate_limited", "It ended in an error: rate limited."),
        (b'{"error": {"message": "No."}}', "rejected", "No."),
        (b'data: {"error": {"message": "No."}}\n\n', None, "No."),
        (b'data: {"response": {"error": {"message": "No."}}}\n\n', None, "No."),
    ],
)
async def test_a_failure_is_always_a_sentence(
    body: bytes, kind: str | None, sentence: str
) -> None:
    assert (await collected(body)).failure(kind) == sentence


async def test_a_cut_answer_is_a_failure_although_its_record_is_missing() -> None:
    answer = await collected(STREAMS[Protocol.CHAT])
    answer.abort()
    assert "before it was complete" in answer.failure(None)
    refused = Collected()
    await refused.start(500, ())
    await refused.write(b"{}")
    assert refused.failure(None)
