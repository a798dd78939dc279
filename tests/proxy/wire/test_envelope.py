"""Errors in each protocol's own words, as the vendors' own clients read them."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from anthropic.types import ErrorResponse
from openai.types.responses import ResponseFailedEvent
from openai.types.shared import ErrorObject

from proxy.errors import FailureKind
from proxy.model import Protocol
from proxy.wire.envelope import error_body, error_event, error_type, status_of

SENTENCE = "No route is ready. Add a provider; “details” follow.\nSecond line."

# Status, kind, our word for it, and the SDK class the status becomes.
ANTHROPIC = [
    (400, FailureKind.BAD_REQUEST, "invalid_request_error", "BadRequestError"),
    (401, FailureKind.UNAUTHORIZED, "authentication_error", "AuthenticationError"),
    (402, FailureKind.REJECTED, "billing_error", "APIStatusError"),
    (403, FailureKind.FORBIDDEN, "permission_error", "PermissionDeniedError"),
    (404, FailureKind.NOT_FOUND, "not_found_error", "NotFoundError"),
    (405, FailureKind.METHOD_NOT_ALLOWED, "invalid_request_error", "APIStatusError"),
    (408, FailureKind.BODY_TIMEOUT, "timeout_error", "RequestTimeoutError"),
    (409, FailureKind.REJECTED, "conflict_error", "ConflictError"),
    (413, FailureKind.TOO_LARGE, "request_too_large", "ContentTooLargeError"),
    (415, FailureKind.UNSUPPORTED_MEDIA, "invalid_request_error", "APIStatusError"),
    (422, FailureKind.REJECTED, "invalid_request_error", "UnprocessableEntityError"),
    (429, FailureKind.RATE_LIMITED, "rate_limit_error", "RateLimitError"),
    (500, FailureKind.INTERNAL, "api_error", "InternalServerError"),
    (501, FailureKind.NOT_FOUND, "not_supported", "HTTPNotImplementedError"),
    (502, FailureKind.CONNECT, "api_error", "InternalServerError"),
    (503, FailureKind.STOPPING, "overloaded_error", "ServiceUnavailableError"),
    (504, FailureKind.FIRST_BYTE_TIMEOUT, "timeout_error", "GatewayTimeoutError"),
    (529, FailureKind.UPSTREAM_ERROR, "overloaded_error", "OverloadedError"),
]
OPENAI = [
    (400, FailureKind.BAD_REQUEST, "invalid_request_error", "BadRequestError"),
    (401, FailureKind.UNAUTHORIZED, "authentication_error", "AuthenticationError"),
    (403, FailureKind.FORBIDDEN, "permission_error", "PermissionDeniedError"),
    (400, FailureKind.NO_ROUTE, "invalid_request_error", "BadRequestError"),
    (413, FailureKind.TOO_LARGE, "invalid_request_error", "APIStatusError"),
    (422, FailureKind.REJECTED, "invalid_request_error", "UnprocessableEntityError"),
    (429, FailureKind.RATE_LIMITED, "rate_limit_error", "RateLimitError"),
    (500, FailureKind.INTERNAL, "server_error", "InternalServerError"),
    (504, FailureKind.STALLED, "timeout_error", "InternalServerError"),
]


def response(status: int, body: bytes) -> Any:
    return httpx2.Response(
        status, content=body, request=httpx2.Request("POST", "http://localhost/v1")
    )


def event(raw: bytes) -> tuple[str | None, Any]:
    """Read one SSE event strictly: one optional name line, one data line, a blank."""
    *head, data, end, rest = raw.decode().split("\n")
    assert (end, rest) == ("", "")
    assert data.startswith("data: ")
    name = head[0].removeprefix("event: ") if head else None
    return name, json.loads(data.removeprefix("data: "))


@pytest.mark.parametrize(("status", "kind", "word", "raises"), ANTHROPIC)
def test_messages_errors_are_what_the_sdk_expects(
    status: int, kind: FailureKind, word: str, raises: str
) -> None:
    body = error_body(Protocol.MESSAGES, status, kind, SENTENCE, "req_1")
    read = json.loads(body)
    assert read == {
        "type": "error",
        "error": {"type": word, "message": SENTENCE},
        "request_id": "req_1",
    }
    client = anthropic.Anthropic(api_key="x", base_url="http://localhost")
    answer = response(status, body)
    raised = client._make_status_error_from_response(answer)
    assert raises in {each.__name__ for each in type(raised).__mro__}
    assert isinstance(raised, anthropic.APIStatusError)
    assert SENTENCE.splitlines()[0] in str(raised)


@pytest.mark.parametrize("kind", [FailureKind.BAD_REQUEST, FailureKind.RATE_LIMITED])
def test_messages_errors_fit_the_sdk_types(kind: FailureKind) -> None:
    body = error_body(Protocol.MESSAGES, status_of(kind), kind, SENTENCE, None)
    assert ErrorResponse.model_validate_json(body).error.message == SENTENCE


@pytest.mark.parametrize("protocol", [Protocol.RESPONSES, Protocol.CHAT, None])
@pytest.mark.parametrize(("status", "kind", "word", "raises"), OPENAI)
def test_openai_errors_are_what_the_sdk_expects(
    protocol: Protocol | None, status: int, kind: FailureKind, word: str, raises: str
) -> None:
    body = error_body(protocol, status, kind, SENTENCE, "req_1")
    error = ErrorObject.model_validate(json.loads(body)["error"])
    assert (error.message, error.type, error.param) == (SENTENCE, word, None)
    client = openai.OpenAI(api_key="x", base_url="http://localhost")
    raised = client._make_status_error_from_response(response(status, body))
    assert raises in {each.__name__ for each in type(raised).__mro__}
    assert raised.code == error.code


def test_openai_codes_are_the_ones_clients_act_on() -> None:
    def code(kind: FailureKind) -> str:
        body = error_body(Protocol.CHAT, status_of(kind), kind, "", None)
        return str(json.loads(body)["error"]["code"])

    assert code(FailureKind.UNAUTHORIZED) == "invalid_api_key"
    assert code(FailureKind.RATE_LIMITED) == "rate_limit_exceeded"
    assert code(FailureKind.NO_ROUTE) == "no_route"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (400, "INVALID_ARGUMENT"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (413, "INVALID_ARGUMENT"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
    ],
)
def test_gemini_errors_have_code_message_and_status(status: int, word: str) -> None:
    body = error_body(Protocol.GEMINI, status, FailureKind.REJECTED, SENTENCE, None)
    assert json.loads(body) == {
        "error": {"code": status, "message": SENTENCE, "status": word}
    }


def test_ollama_errors_are_one_sentence() -> None:
    body = error_body(Protocol.OLLAMA, 500, FailureKind.INTERNAL, SENTENCE, None)
    assert json.loads(body) == {"error": SENTENCE}
    line = error_event(Protocol.OLLAMA, FailureKind.CUT, SENTENCE, None)
    assert (json.loads(line), line.count(b"\n")) == ({"error": SENTENCE}, 1)


@pytest.mark.parametrize("kind", list(FailureKind))
@pytest.mark.parametrize("protocol", [*Protocol, None])
def test_every_kind_has_words_in_every_protocol(
    protocol: Protocol | None, kind: FailureKind
) -> None:
    assert 400 <= status_of(kind) <= 599
    word = error_type(protocol, 0, kind)
    assert word == error_type(protocol, status_of(kind), kind)
    assert json.loads(error_body(protocol, status_of(kind), kind, SENTENCE, None))


@pytest.mark.parametrize("protocol", list(Protocol))
def test_offline_is_never_a_reason_to_try_again(protocol: Protocol) -> None:
    word = error_type(protocol, 503, FailureKind.OFFLINE)
    assert word.lower().startswith("permission")


def test_a_messages_stream_ends_with_its_error_event() -> None:
    raw = error_event(Protocol.MESSAGES, FailureKind.STALLED, SENTENCE, "req_1")
    name, data = event(raw)
    assert name == data["type"] == "error"
    assert ErrorResponse.model_validate(data).error.type == "timeout_error"
    client = anthropic.Anthropic(api_key="x", base_url="http://localhost")
    stream = anthropic.Stream(
        cast_to=object, response=response(200, raw), client=client
    )
    with pytest.raises(anthropic.APIStatusError, match="No route"):
        list(stream)


def test_a_responses_stream_ends_as_failed() -> None:
    raw = error_event(
        Protocol.RESPONSES, FailureKind.CUT, SENTENCE, "req_1", sequence=7
    )
    name, data = event(raw)
    read = ResponseFailedEvent.model_validate(data)
    assert name == read.type == "response.failed"
    assert read.sequence_number == 7
    assert read.response.status == "failed"
    assert read.response.error is not None
    assert read.response.error.message == SENTENCE
    assert read.response.error.code == "server_error"
    limited = error_event(Protocol.RESPONSES, FailureKind.RATE_LIMITED, "", None)
    assert event(limited)[1]["response"]["error"]["code"] == "rate_limit_exceeded"


def test_a_chat_stream_ends_with_an_error_chunk_and_no_done() -> None:
    raw = error_event(Protocol.CHAT, FailureKind.CUT, SENTENCE, None)
    name, data = event(raw)
    assert name is None
    assert ErrorObject.model_validate(data["error"]).type == "server_error"
    assert b"[DONE]" not in raw
    client = openai.OpenAI(api_key="x", base_url="http://localhost")
    stream = openai.Stream(cast_to=object, response=response(200, raw), client=client)
    with pytest.raises(openai.APIError, match="No route"):
        list(stream)


def test_a_gemini_stream_ends_with_its_error() -> None:
    raw = error_event(Protocol.GEMINI, FailureKind.STOPPING, SENTENCE, None)
    assert event(raw)[1]["error"]["status"] == "UNAVAILABLE"


def test_a_gemini_error_stays_on_its_line() -> None:
    raw = error_event(Protocol.GEMINI, FailureKind.CUT, "a\u2028b\u2029c", None)
    assert raw.startswith(b'data: {"error"')
    assert not {"\u2028", "\u2029"} & set(raw.decode())
    assert event(raw)[1]["error"]["message"] == "a\u2028b\u2029c"
