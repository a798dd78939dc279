"""The price document: what is read, and what is refused with a sentence."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.prices.document import DocumentError, amount, minute_of, read_document


def _document(**changed: Any) -> dict[str, Any]:
    source = {"type": "provider-docs", "reference": "x", "retrieved": "2026-11-21"}
    entry = {"prices": {"input": "1", "output": "2.5"}}
    model = {"id": "m", "aliases": ["n"], "entries": [entry]}
    provider = {"id": "p", "source": source, "models": [model]}
    whole = {
        "schema": 1,
        "id": "x 1",
        "built": "2026-11-21",
        "currency": "USD",
        "licence": "facts",
        "providers": [provider],
    }
    return whole | changed


def _with(entry: dict[str, Any]) -> dict[str, Any]:
    whole = _document()
    whole["providers"][0]["models"][0]["entries"] = [
        {"prices": {"input": "1", "output": "2"}} | entry
    ]
    return whole


def _read(value: object) -> str:
    return read_document(json.dumps(value).encode()).id


def test_a_document_is_read() -> None:
    assert _read(_document()) == "x 1"
    whole = _with(
        {
            "above": 5,
            "starts": "2026-01-02",
            "from": "23:00",
            "to": "01:30",
            "variant": {"service_tier": "flex"},
            "sources": {
                "input": {
                    "type": "manual-review",
                    "reference": "a person",
                    "retrieved": "2026-11-20",
                }
            },
        }
    )
    entry = read_document(json.dumps(whole).encode()).providers[0].models[0].entries[0]
    assert (minute_of(entry.begin), minute_of(entry.end)) == (1380, 90)
    assert entry.sources["input"].reference == "a person"
    assert minute_of("") is None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ([], "no price document"),
        ({}, "no price document"),
        (_document(schema=2), "schema 2"),
        (_document(currency="EUR"), "dollars"),
        (_document(providers={}), "no price document"),
        (_document(more=1), "no price document"),
        (_document(providers=[*_document()["providers"]] * 2), "there twice"),
        (_with({"prices": {"input": 1.5}}), "no price document"),
        (_with({"prices": {"input": "-1"}}), "decimal"),
        (_with({"prices": {"input": "1e3"}}), "decimal"),
        (_with({"prices": {"input": "NaN"}}), "decimal"),
        (_with({"prices": {"input": ""}}), "decimal"),
        (_with({"prices": {"inptu": "1"}}), "not known"),
        (_with({"variant": {"route": "x"}}), "not known"),
        (_with({"variant": {"speed": "Fast"}}), "lower case"),
        (_with({"variant": {"speed": ""}}), "lower case"),
        (_with({"above": -1}), "negative"),
        (_with({"from": "01:00"}), "hours"),
        (_with({"from": "01:00", "to": "24:00"}), "hours"),
        (_with({"weekday": "mon"}), "no price document"),
    ],
)
def test_what_cannot_be_true_is_refused(value: object, word: str) -> None:
    with pytest.raises(DocumentError, match=word):
        _read(value)


@pytest.mark.parametrize("id_", ["", "  ", "x" * 201, "x\x1b[2J", "x\ny", "x\u202ey"])
def test_an_id_is_short_and_can_be_shown(id_: str) -> None:
    with pytest.raises(DocumentError):
        _read(_document(id=id_))
    assert _read(_document(id="x" * 200))


@pytest.mark.parametrize("text", ["\x07", "\x7f", "\u009b", "x" * 2_001])
@pytest.mark.parametrize(
    "place", ["licence", "reference", "url", "model", "alias", "provider", "inner"]
)
def test_texts_are_bounded_and_steer_no_terminal(place: str, text: str) -> None:
    whole = _document()
    provider = whole["providers"][0]
    model = provider["models"][0]
    source = {"type": "manual-review", "reference": text, "retrieved": "2026-11-20"}
    match place:
        case "licence":
            whole["licence"] = text
        case "reference" | "url":
            provider["source"][place] = text
        case "model":
            model["id"] = text
        case "alias":
            model["aliases"] = [text]
        case "provider":
            provider["id"] = text
        case _:
            model["entries"][0]["sources"] = {"input": source}
    with pytest.raises(DocumentError) as caught:
        _read(whole)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_a_name_stands_once_at_a_provider() -> None:
    whole = _document()
    model = whole["providers"][0]["models"][0]
    whole["providers"][0]["models"].append(model | {"id": "n", "aliases": []})
    with pytest.raises(DocumentError, match="there twice"):
        _read(whole)
    model["entries"] = []
    whole["providers"][0]["models"] = [model]
    with pytest.raises(DocumentError, match="no prices"):
        _read(whole)


@given(data=st.binary() | st.text().map(str.encode))
def test_bytes_are_a_document_or_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        read_document(data)


def test_amounts_are_exact() -> None:
    assert amount("0.13999999999999999") == Decimal("0.13999999999999999")
    with pytest.raises(DocumentError):
        amount("9" * 10)
