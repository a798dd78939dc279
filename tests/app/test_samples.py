"""Requests in a file: what is read of them, and what is said of those that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.failure import CommandFailed
from app.samples import MOST_BYTES, Sample, Unusable, call_of, read_samples
from proxy.guard import Endpoint
from proxy.model import Protocol

MESSAGES, CHAT = Protocol.MESSAGES, Protocol.CHAT
TURN = [{"role": "user", "content": "hello"}]


def sample(value: Any) -> Sample:
    return Sample("line 1", json.dumps(value).encode())


def written(folder: Path, data: bytes) -> str:
    path = folder / "requests.jsonl"
    path.write_bytes(data)
    return str(path)


def test_a_whole_file_is_one_request_over_several_lines(tmp_path: Path) -> None:
    body = json.dumps({"model": "m", "messages": TURN}, indent=2).encode()
    (found,) = read_samples(written(tmp_path, b"\xef\xbb\xbf" + body))
    assert found == Sample("request", body)


def test_each_line_is_one_request_and_is_named_by_its_number(tmp_path: Path) -> None:
    found = read_samples(written(tmp_path, b'{"a":1}\r\n\n{"b":2}\nnot json\n'))
    assert [each.name for each in found] == ["line 1", "line 3", "line 4"]
    assert found[1].data == b'{"b":2}'


@pytest.mark.parametrize("data", [b"", b"\n \n", b"hello", b"\xff\xfe{", b'{"a"'])
def test_what_is_not_json_is_said(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CommandFailed) as failed:
        read_samples(written(tmp_path, data))
    assert "is not JSON" in failed.value.message


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    for place in (tmp_path / "none", tmp_path):
        with pytest.raises(CommandFailed) as failed:
            read_samples(str(place))
        assert str(place) in failed.value.message


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(CommandFailed, match="cannot be read") as failed:
        read_samples(str(path))
    assert "32 MB" in failed.value.message


@pytest.mark.parametrize(
    ("body", "protocol"),
    [
        ({"model": "m", "messages": TURN}, CHAT),
        ({"model": "m", "messages": TURN, "system": "s"}, MESSAGES),
        ({"messages": TURN, "tools": [{"name": "x", "input_schema": {}}]}, MESSAGES),
        ({"model": "m", "input": "hello"}, Protocol.RESPONSES),
        ({"model": "models/m", "contents": []}, Protocol.GEMINI),
    ],
)
def test_a_body_alone_tells_its_protocol(body: Any, protocol: Protocol) -> None:
    call = call_of(sample(body), "", ())
    assert call.protocol is protocol
    assert call.body.data == json.dumps(body).encode()


def test_a_client_decides_between_forms_that_look_alike() -> None:
    body = sample({"model": "m", "messages": TURN})
    assert call_of(body, "claude-code", (MESSAGES,)).protocol is MESSAGES
    assert call_of(body, "opencode", (CHAT, MESSAGES)).protocol is CHAT


def test_a_path_tells_everything_gemini_needs() -> None:
    line = sample(
        {
            "path": "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
            "headers": {"User-Agent": "GeminiCLI/1"},
            "body": {"contents": []},
        }
    )
    call = call_of(line, "", ())
    assert call.endpoint is Endpoint.GENERATE_STREAM
    assert (call.path_model, call.query) == ("gemini-3-pro", "alt=sse")
    assert call.header("user-agent") == "GeminiCLI/1"


def test_headers_may_be_pairs_and_a_body_a_text() -> None:
    body = json.dumps({"model": "m", "input": "hej då"})
    line = sample(
        {
            "protocol": "openai-responses",
            "headers": [["authorization", "Bearer sk-canary-not-a-secret"]],
            "body": body,
        }
    )
    call = call_of(line, "codex", ())
    assert call.endpoint is Endpoint.RESPONSES
    assert call.credentials.own
    assert json.loads(call.body.data)["input"] == "hej då"


def test_a_model_of_gemini_stands_beside_its_contents() -> None:
    inside = sample({"protocol": "gemini", "body": {"contents": [], "model": "m"}})
    beside = sample({"protocol": "gemini", "model": "m", "body": {"contents": []}})
    nowhere = sample({"protocol": "gemini", "body": {"contents": [], "model": 3}})
    without = sample({"contents": []})
    every = (inside, beside, nowhere, without)
    found = [call_of(each, "", ()).path_model for each in every]
    assert found == ["m", "m", "", ""]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1], "no JSON object"),
        ({"x": 1}, "no body of a request"),
        ({"body": [1]}, "no JSON object"),
        ({"body": {"messages": []}, "headers": 3}, "not as they should be"),
        ({"body": {}, "protocol": "soap"}, "none of anthropic-messages"),
        ({"body": {}, "protocol": "ollama-chat"}, "none of anthropic-messages"),
        ({"body": {}, "path": "/v2/strange"}, "none that Turnout serves"),
        ({"body": {}, "path": "v1/messages"}, "not a plain path"),
        ({"body": {}, "path": "/v1/models"}, "none that Turnout serves"),
        ({"body": {}, "path": "/v1/messages/count_tokens"}, "asks for no answer"),
    ],
)
def test_what_is_no_request_says_why(value: Any, words: str) -> None:
    with pytest.raises(Unusable, match=words):
        call_of(sample(value), "", ())


def test_a_line_that_is_not_json_says_so_and_quotes_nothing() -> None:
    with pytest.raises(Unusable) as failed:
        call_of(Sample("line 9", b'{"key": "sk-canary'), "", ())
    assert "canary" not in str(failed.value)
