"""Typed reading of decoded JSON."""

import pytest

from proxy.model import Json
from proxy.wire.fields import Fields, WireError, json_text

_ALL: dict[str, Json] = {
    "text": "a",
    "flag": False,
    "whole": 3,
    "number": 1.5,
    "map": {"x": 1},
    "list": [1],
    "texts": ["a"],
    "objects": [{}],
    "null": None,
}
_READERS = ["text", "flag", "whole", "number", "map", "list", "texts", "objects"]


@pytest.mark.parametrize("reader", _READERS)
def test_each_reader_takes_its_own_type_or_nothing(reader: str) -> None:
    assert getattr(Fields(_ALL), reader)(reader) is not None
    assert getattr(Fields(_ALL), reader)("null") is None
    assert getattr(Fields(_ALL), reader)("absent") is None


@pytest.mark.parametrize("reader", _READERS)
def test_each_reader_refuses_other_types(reader: str) -> None:
    alike = {
        ("number", "whole"),
        *((a, b) for a in ("list", "texts", "objects") for b in ("list", "texts")),
        ("list", "objects"),
    }
    for key in _ALL:
        if key in {reader, "null"} or (reader, key) in alike:
            continue
        with pytest.raises(WireError, match=rf"^top\.{key}"):
            getattr(Fields(_ALL, "top"), reader)(key)


def test_texts_and_objects_look_into_the_list() -> None:
    with pytest.raises(WireError, match=r"^texts must hold strings only\.$"):
        Fields({"texts": ["a", 1]}).texts("texts")
    with pytest.raises(WireError, match=r"^a\[1\] must be an object, not a string\.$"):
        Fields({"a": [{}, "x"]}).objects("a")


def test_what_nobody_read_is_the_rest() -> None:
    fields = Fields(_ALL)
    fields.text("text")
    fields.any("null")
    assert fields.rest == {k: v for k, v in _ALL.items() if k not in {"text", "null"}}
    for key in _ALL:
        fields.any(key)
    assert fields.rest == {}
    assert fields.raw == _ALL


def test_the_rest_of_an_inner_object_is_kept_below_its_name() -> None:
    top = Fields({"x": 1, "inner": {"known": "a", "new": 2}})
    inner = top.need_object("inner")
    assert top.rest_with("inner", None) == {"x": 1}
    assert top.rest_with("inner", inner)["inner"] == {"known": "a", "new": 2}
    inner.text("known")
    assert top.rest_with("inner", inner) == {"x": 1, "inner": {"new": 2}}
    inner.any("new")
    assert top.rest_with("inner", inner) == {"x": 1}


def test_paths_are_told() -> None:
    inner = Fields({"a": {"b": [{"c": 1}]}}).need_object("a")
    (entry,) = inner.need_objects("b")
    with pytest.raises(WireError, match=r"^a\.b\[0\]\.c must be a string"):
        entry.text("c")
    with pytest.raises(WireError, match=r"^a\.b\[0\]\.d is missing\.$"):
        entry.need_object("d")


def test_json_text_is_compact() -> None:
    assert json_text({"ä": [1, None]}) == '{"ä":[1,null]}'
