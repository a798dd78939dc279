"""What is written for a provider, its vendor would take: types, rules and all."""

import importlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import fitted
from upstream.record import Seen
from upstream.rules import refusal

from proxy.model import Protocol
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS

PLACES = {
    Protocol.MESSAGES: ("anthropic", "/v1/messages"),
    Protocol.RESPONSES: ("responses", "/v1/responses"),
    Protocol.CHAT: ("chat", "/v1/chat/completions"),
    Protocol.GEMINI: ("gemini", "/v1beta/models/m:generateContent"),
    Protocol.OLLAMA: ("ollama", "/api/chat"),
}
HEADERS = ((b"x-api-key", b"not-a-secret"), (b"anthropic-version", b"2023-06-01"))


@pytest.mark.parametrize("protocol", Protocol)
@settings(max_examples=60)
@given(st.data())
def test_a_fitted_request_is_taken(protocol: Protocol, data: st.DataObject) -> None:
    room, path = PLACES[protocol]
    request = data.draw(fitted(protocol))
    dialect = VENDOR_DIALECTS[protocol]
    target = Target(protocol, "scripted", "m", dialect, stream=request.stream)
    write = importlib.import_module(f"proxy.wire.{room}.outgoing").write_request
    body = write(request, target).body
    assert refusal(Seen(0, "POST", path, HEADERS, body, 0.0)) is None
