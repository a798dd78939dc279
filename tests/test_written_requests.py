"""What is written for a provider, its vendor would take: types, rules and all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import fitted
from upstream.record import Seen
from upstream.rules import refusal

from proxy.model import Protocol
from proxy.wire import PROVIDER_CODEC_OF, Target
from proxy.wire.dialect import VENDOR_DIALECTS

PLACES = {
    Protocol.MESSAGES: "/v1/messages",
    Protocol.RESPONSES: "/v1/responses",
    Protocol.CHAT: "/v1/chat/completions",
    Protocol.GEMINI: "/v1beta/models/m:generateContent",
    Protocol.OLLAMA: "/api/chat",
}
HEADERS = ((b"x-api-key", b"not-a-secret"), (b"anthropic-version", b"2023-06-01"))


@pytest.mark.parametrize("protocol", Protocol)
@settings(max_examples=60)
@given(st.data())
def test_a_fitted_request_is_taken(protocol: Protocol, data: st.DataObject) -> None:
    request = data.draw(fitted(protocol))
    dialect = VENDOR_DIALECTS[protocol]
    target = Target(protocol, "scripted", "m", dialect, stream=request.stream)
    body = PROVIDER_CODEC_OF[protocol].write_request(request, target).body
    seen = Seen(0, "POST", PLACES[protocol], HEADERS, body, 0.0)
    assert refusal(seen) is None
