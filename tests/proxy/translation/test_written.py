"""What the translation leaves is what the vendors' own types take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import CLIENTS, requests
from sdk_types import check_request

from proxy.model import Protocol, Request
from proxy.translation.fit import fit
from proxy.wire.anthropic.provider.request import write_request as write_messages
from proxy.wire.chat.provider.request import write_request as write_chat
from proxy.wire.codec import Target, Written
from proxy.wire.dialect import VENDOR_DIALECTS
from proxy.wire.gemini.provider.request import write_request as write_gemini
from proxy.wire.ollama.request import write_request as write_ollama
from proxy.wire.responses.provider.request import write_request as write_responses

_WRITERS: Final[dict[Protocol, Callable[[Request, Target], Written]]] = {
    Protocol.MESSAGES: write_messages,
    Protocol.RESPONSES: write_responses,
    Protocol.CHAT: write_chat,
    Protocol.GEMINI: write_gemini,
    Protocol.OLLAMA: write_ollama,
}


@pytest.mark.parametrize("source", CLIENTS)
@pytest.mark.parametrize("protocol", list(Protocol))
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_vendor_takes_what_any_client_asks(
    source: Protocol, protocol: Protocol, data: st.DataObject
) -> None:
    target = Target(
        protocol, "there", "model-x", VENDOR_DIALECTS[protocol], stream=True
    )
    request = fit(data.draw(requests(source)), target).request
    written = _WRITERS[protocol](request, target)
    check_request(protocol, written.body)
    assert _WRITERS[protocol](request, target) == written
