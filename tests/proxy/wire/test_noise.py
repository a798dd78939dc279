"""Whatever comes: no reader raises or breaks the order, no request but in WireError."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from answer_laws import check_line
from answer_scripts import CASES
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import CLIENTS, requests

from proxy.model import Event, Protocol, Request
from proxy.wire import (
    CLIENT_CODEC_OF,
    PROVIDER_CODEC_OF,
    PROVIDER_CODECS,
    ProviderCodec,
    Target,
    WireError,
)
from proxy.wire.dialect import VENDOR_DIALECTS

_GOLDEN = Path(__file__).resolve().parents[2] / "golden"
_RECORDED = [
    path.read_bytes()
    for pattern in ("*/provider_*/stream.sse", "ollama-chat/*/stream.ndjson")
    for path in sorted(_GOLDEN.glob(pattern))
]


def _ours(protocol: Protocol, case: str) -> bytes:
    asked = Request(protocol, "m", (), stream=True, stream_usage=True)
    writer = CLIENT_CODEC_OF[protocol].stream_writer(asked, created=1)
    return b"".join(writer.write(event) for event in CASES[case])


_STREAMS = [*_RECORDED, *(_ours(each, case) for each in CLIENTS for case in CASES)]
_ODD = st.sampled_from(
    [
        b"null",
        b"-1",
        b"1e400",
        b"99999999999999999999",
        b'"\\ud800"',
        b'"\xff"',
        b"[]",
        b"{}",
        b"[[[[{}]]]]",
        b'{"type":7}',
        b"true",
        b"\n",
        b"\r\n\r\n",
        b"data:",
        b": \n\n",
        b"event: ping\ndata: {}\n\n",
        b"data: [DONE]\n\n",
        b'data: {"error":{"message":"no"}}\n\n',
        b"<html>",
        b"\x00",
        b"\xef\xbb\xbf",
    ]
)
_MARKS = (b"\n\n", b",", b":", b"{", b"}", b'"', b"\n", b"[")


@st.composite
def _spoilt(draw: st.DrawFn, clean: st.SearchStrategy[bytes]) -> bytes:
    """Sound bytes with pieces left out, said twice, or others put in their place."""
    data = draw(clean)
    for _ in range(draw(st.integers(0, 3))):
        mark = draw(st.sampled_from(_MARKS))
        spots = [at for at in range(len(data)) if data.startswith(mark, at)] or [0]
        start, end = sorted(
            (draw(st.sampled_from(spots)), draw(st.sampled_from(spots)))
        )
        match draw(st.sampled_from(["drop", "twice", "odd", "cut"])):
            case "drop":
                data = data[:start] + data[end:]
            case "twice":
                data = data[:end] + data[start:]
            case "odd":
                data = data[:start] + draw(_ODD | st.binary(max_size=9)) + data[end:]
            case _:
                data = data[:end]
    return data


_ALL = pytest.mark.parametrize(
    "codec", PROVIDER_CODECS, ids=lambda codec: codec.protocol
)
_EACH = pytest.mark.parametrize("protocol", CLIENTS)
_NOISE = _spoilt(st.sampled_from(_STREAMS) | st.binary(max_size=60))


@_ALL
@settings(max_examples=100)
@given(data=_NOISE, cuts=st.lists(st.integers(0, 2000), max_size=3))
def test_no_stream_breaks_a_reader(
    codec: ProviderCodec, data: bytes, cuts: list[int]
) -> None:
    reader = codec.stream_reader(answer_id="abc123", model="a-model")
    events: list[Event] = []
    at = 0
    for cut in [*sorted(cuts), len(data)]:
        events += reader.feed(data[at:cut])
        at = max(at, cut)
    check_line([*events, *reader.finish()])


_ANSWERS = [
    path.read_bytes() for path in sorted(_GOLDEN.glob("*/*/answer.json"))
] + _STREAMS[:8]


@_ALL
@given(body=_spoilt(st.sampled_from(_ANSWERS)) | st.binary(max_size=60))
def test_no_body_breaks_a_reader(codec: ProviderCodec, body: bytes) -> None:
    with contextlib.suppress(WireError):
        check_line(codec.read_answer(body, answer_id="abc123", model="a-model"))


def _refusal(protocol: Protocol, body: bytes) -> str:
    """What a client is told of its body; '.' where the body is a request."""
    try:
        CLIENT_CODEC_OF[protocol].read_request(body)
    except WireError as error:
        return str(error)
    return "."


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    """Requests of any protocol; each is given to the readers of all."""
    protocol = draw(st.sampled_from(list(Protocol)))
    request = draw(requests(protocol))
    dialect = VENDOR_DIALECTS[protocol]
    target = Target(protocol, "p", "m", dialect, stream=request.stream)
    return PROVIDER_CODEC_OF[protocol].write_request(request, target).body


@_EACH
@settings(max_examples=40)
@given(body=_spoilt(_bodies()))
def test_no_body_breaks_a_request_s_reader(protocol: Protocol, body: bytes) -> None:
    assert _refusal(protocol, body).endswith(".")


@st.composite
def _swapped(draw: st.DrawFn) -> bytes:
    """A request in which one value, at any depth, is of another type."""
    whole: Any = json.loads(draw(_bodies()))
    at: Any = whole
    while True:
        keys = sorted(at) if isinstance(at, dict) else list(range(len(at)))
        key = draw(st.sampled_from(keys))
        inner = at[key]
        if not inner or not isinstance(inner, dict | list) or draw(st.booleans()):
            at[key] = draw(st.sampled_from([None, 7, -1.5, True, "x", [], {}, [{}]]))
            return json.dumps(whole).encode()
        at = inner


@_EACH
@settings(max_examples=40)
@given(body=_swapped())
def test_no_value_in_the_wrong_place_breaks_one(
    protocol: Protocol, body: bytes
) -> None:
    assert _refusal(protocol, body).endswith(".")
