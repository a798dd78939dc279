from __future__ import annotations

import json

import pytest

from proxy.model import Base64, Document, Image, Part, Protocol, Url
from proxy.wire import CLIENT_CODEC_OF
from proxy.wire.data_url import source_of


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("data:image/png;base64,YQ==", Base64("image/png", "YQ==")),
        ("data:image/jpg;base64,YQ==", Base64("image/jpeg", "YQ==")),
        ("DATA:Image/PNG;BASE64,YQ==", Base64("image/png", "YQ==")),
        (
            "data:text/plain;charset=utf-8;name=a;base64,YQ==",
            Base64("text/plain", "YQ=="),
        ),
        ("data:;base64,YQ==", Base64("", "YQ==")),
        ("data:text/plain,a", Url("data:text/plain,a")),
        ("data:base64,a", Url("data:base64,a")),
        ("data:", Url("data:")),
        ("https://example.org/a;base64,b", Url("https://example.org/a;base64,b")),
    ],
)
def test_an_address_is_read(url: str, source: Base64 | Url) -> None:
    assert source_of(url) == source


def _first(protocol: Protocol, url: str) -> Part:
    if protocol is Protocol.CHAT:
        part: dict[str, object] = {"type": "image_url", "image_url": {"url": url}}
        key = "messages"
    else:
        part, key = {"type": "input_image", "image_url": url}, "input"
    body = {"model": "m", key: [{"role": "user", "content": [part]}]}
    request = CLIENT_CODEC_OF[protocol].read_request(json.dumps(body).encode())
    return request.messages[0].parts[0]


@pytest.mark.parametrize("protocol", [Protocol.CHAT, Protocol.RESPONSES])
def test_a_pdf_sent_as_a_picture_is_a_document(protocol: Protocol) -> None:
    part = _first(protocol, "Data:application/pdf;x=y;base64,JVBE")
    assert isinstance(part, Document)
    assert part.source == Base64("application/pdf", "JVBE")
    assert part.extras == {}


@pytest.mark.parametrize("protocol", [Protocol.CHAT, Protocol.RESPONSES])
def test_a_picture_stays_one(protocol: Protocol) -> None:
    part = _first(protocol, "data:image/jpg;base64,YQ==")
    assert isinstance(part, Image)
    assert part.source == Base64("image/jpeg", "YQ==")
