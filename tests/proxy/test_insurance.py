from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.insurance import HEAD_BYTES, Head
from proxy.model import Protocol

_MESSAGES = (
    b'event: message_start\ndata: {"type":"message_start","message":{"content":[]}}\n\n'
    b'event: ping\ndata: {"type":"ping"}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0}\n\n'
)
_RESPONSES = (
    b'data: {"type":"response.created","response":{"output":[]}}\n\n'
    b'data: {"type":"response.in_progress"}\n\n'
    b'data: {"type":"response.output_item.added","item":{}}\n\n'
)
_CHAT = b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
CASES = [
    (Protocol.MESSAGES, _MESSAGES, b'data: {"type":"content_block_delta"}\n\n'),
    (Protocol.MESSAGES, _MESSAGES, b'data: {"type": "message_stop"}\n\n'),
    (Protocol.RESPONSES, _RESPONSES, b'data: {"type":"response.output_text.delta"}'),
    (Protocol.RESPONSES, _RESPONSES, b'data: {"type":"response.completed"}'),
    (Protocol.RESPONSES, _RESPONSES, b'{"type": "response.output_item.done"}'),
    (Protocol.CHAT, _CHAT, b'data: {"choices":[{"delta":{"content":"H"}}]}\n\n'),
    (Protocol.CHAT, _CHAT, b'{"delta":{"tool_calls":[{"function":{"name":"x"}}]}}'),
    (Protocol.CHAT, _CHAT, b'data: {"choices":[{"finish_reason":"stop"}]}'),
]


@pytest.mark.parametrize(("protocol", "head", "content"), CASES)
def test_a_head_is_held_until_content_comes(
    protocol: Protocol, head: bytes, content: bytes
) -> None:
    holder = Head(protocol)
    assert (holder.feed(head), holder.open) == (b"", False)
    assert (holder.feed(content), holder.open) == (head + content, True)
    assert holder.feed(b"more") == b"more"


@given(st.sampled_from(CASES), st.lists(st.integers(0, 400), max_size=8))
def test_however_it_is_cut_every_byte_comes_out_in_order(
    case: tuple[Protocol, bytes, bytes], cuts: list[int]
) -> None:
    protocol, head, content = case
    data = head + content
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    holder = Head(protocol)
    out = b"".join(holder.feed(data[a:b]) for a, b in itertools.pairwise(edges))
    assert holder.open
    assert out == data


def test_gemini_has_no_head() -> None:
    assert Head(Protocol.GEMINI).feed(b"data: {") == b"data: {"


def test_a_head_without_end_is_let_go() -> None:
    holder = Head(Protocol.MESSAGES)
    out = b"".join(holder.feed(b": ping\n\n" * 512) for _ in range(40))
    assert holder.open
    assert len(out) > HEAD_BYTES


def test_what_is_held_can_be_released() -> None:
    holder = Head(Protocol.MESSAGES)
    _ = holder.feed(_MESSAGES)
    assert holder.release() == _MESSAGES
    assert holder.feed(b"x") == b"x"
