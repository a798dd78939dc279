from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.formats import ABSENT, Item, Json, Refused
from wizard.formats.values import (
    checked_depth,
    found,
    same,
    with_value,
    without_empty,
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.text(max_size=2), below, max_size=3)
    ),
    max_leaves=8,
)


@given(_JSON)
def test_a_value_is_the_same_as_itself(value: Json) -> None:
    assert same(value, value)
    assert same([value], [value])
    assert not same([value], [value, None])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (1, 1.0),
        ({"a": 0}, {"a": False}),
        ({"a": 1}, {"b": 1}),
        ([1], [2]),
        ("absent", ABSENT),
        (float("nan"), 1.0),
    ],
)
def test_what_differs_in_kind_differs(one: object, other: object) -> None:
    assert not same(one, other)
    assert not same(other, one)


def test_order_of_keys_and_nan_do_not_count() -> None:
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert same([float("nan")], [float("nan")])


@given(st.dictionaries(st.sampled_from("abc"), _JSON))
def test_what_is_set_is_found_and_nothing_is_changed_in_place(
    data: dict[str, Json],
) -> None:
    before = repr(data)
    assert found(with_value(data, ("x", "y"), 1), ("x", "y")) == 1
    assert found(with_value(data, ("a",), ABSENT), ("a",)) is ABSENT
    assert with_value(data, ("x", "y"), ABSENT) == data or "nan" in before
    assert repr(data) == before


def test_elements_are_known_by_name() -> None:
    data: list[Json] = [{"name": "a"}, 5, {"name": "b", "u": 1}]
    item = Item("name", "b")
    assert found(data, (item, "u")) == 1
    assert found({}, (item,)) is ABSENT
    assert found(data, (Item("name", "c"),)) is ABSENT
    assert with_value(data, (item,), ABSENT) == data[:2]
    assert with_value(data, (Item("name", "c"),), ABSENT) == data
    assert found(with_value(data, (item,), {"u": 2}), (item, "u")) == 2
    with pytest.raises(Refused):
        with_value({}, (item,), {})
    with pytest.raises(Refused):
        with_value([], ("k",), 1)


def test_empty_parents_go_one_by_one() -> None:
    assert list(without_empty({"a": {"b": {}}}, ("a", "b", "c"))) == [
        {"a": {"b": {}}},
        {"a": {}},
        {},
    ]
    assert list(without_empty({"a": {"z": 1}}, ("a", "b"))) == [{"a": {"z": 1}}]


def test_depth_and_number_are_limited() -> None:
    deep: list[object] = []
    for _ in range(128):
        deep = [deep]
    checked_depth(deep)
    with pytest.raises(Refused):
        checked_depth([deep])
    with pytest.raises(Refused):
        checked_depth([1, 2, 3], 3)
