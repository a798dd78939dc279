"""What a document holds, as plain values: found, set and compared; pure.

It must not know how a document is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from wizard.formats.terms import (
    ABSENT,
    Absent,
    Edit,
    Item,
    Json,
    KeyPath,
    Refused,
)

MOST_DEEP: Final = 128


def found(data: Json, path: KeyPath) -> Json | Absent:
    """Return the value at `path`, ABSENT where there is none.

    Of several elements that an `Item` fits, the first counts.
    """
    for step in path:
        below = _below(data, step)
        if isinstance(below, Absent):
            return ABSENT
        data = below
    return data


def without_empty(data: Json, path: KeyPath) -> Iterator[Json]:
    """Yield `data` as it is, then without the empty objects above `path`, one by one.

    TOML knows tables that are there only because something is in them.
    """
    yield data
    while path := path[:-1]:
        if found(data, path) != {}:
            return
        data = with_value(data, path, ABSENT)
        yield data


def place_of(elements: Sequence[Json], item: Item) -> int | None:
    """Return where the element that `item` means stands in a list, None if nowhere.

    Raises `Refused` if there are two.
    """
    places = [
        at
        for at, element in enumerate(elements)
        if isinstance(element, dict) and element.get(item.key) == item.value
    ]
    if len(places) > 1:
        raise Refused("the list has two elements with the name of ours")
    return places[0] if places else None


def with_value(data: Json, path: KeyPath, value: Json | Absent) -> Json:
    """Return `data` with the value at `path` set or taken away, parents created.

    Nothing is changed in place. Raises `Refused` where a parent is of another kind.
    """
    step, rest = path[0], path[1:]
    if isinstance(step, Item):
        return _with_element(data, step, rest, value)
    if not isinstance(data, dict):
        raise Refused("a key above ours is not an object")
    if rest and step in data:
        return {**data, step: with_value(data[step], rest, value)}
    if isinstance(value, Absent):
        return {key: old for key, old in data.items() if key != step}
    return {**data, step: nested(rest, value)}


def carrying_name(edit: Edit) -> Edit:
    """Return the edit with the element's own name in its value, if it is an element.

    Raises `Refused` where the value is no object or carries another name.
    """
    last = edit.path[-1]
    if isinstance(last, str) or isinstance(edit.value, Absent):
        return edit
    return replace(edit, value=_named(last, edit.value))


def nested(path: KeyPath, value: Json) -> Json:
    """Return `value` within new objects and lists, one for each step of `path`."""
    for step in reversed(path):
        value = [_named(step, value)] if isinstance(step, Item) else {step: value}
    return value


def element_of(item: Item, rest: KeyPath, value: Json) -> Json:
    """Return the new element of a list that holds `value` at `rest`."""
    return _named(item, nested(rest, value))


def leaves(
    edit: Edit, data: Json, is_value: Callable[[KeyPath], bool]
) -> Iterator[Edit]:
    """Yield the edit in its smallest steps: an object over an object key by key.

    So what stands beside the values inside an object of ours stays. An object for
    which `is_value` is true is set whole.
    """
    old, new = found(data, edit.path), edit.value
    if not isinstance(old, dict) or not isinstance(new, dict) or not old:
        yield edit
        return
    if is_value(edit.path):
        yield edit
        return
    for key, value in new.items():
        yield from leaves(Edit((*edit.path, key), value), data, is_value)
    for key in old:
        if key not in new:
            yield Edit((*edit.path, key), ABSENT)


def over_null(edit: Edit, data: Json) -> Edit:
    """Return the edit with a null above our key replaced by what belongs there."""
    if isinstance(edit.value, Absent):
        return edit
    for length in range(1, len(edit.path)):
        if found(data, edit.path[:length]) is None:
            value = nested(edit.path[length:], edit.value)
            return replace(edit, path=edit.path[:length], value=value)
    return edit


def same(one: object, other: object) -> bool:
    """Whether two values are equal in kind too: `True` is not 1, 1 is not 1.0.

    The order of keys does not count.
    """
    pairs = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs.extend((left[key], right[key]) for key in left)
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs.extend(zip(left, right, strict=True))
        elif left != right and (left == left or right == right):  # noqa: PLR0124 - NaN
            return False
    return True


def checked_depth(data: object, most_nodes: int | None = None) -> None:
    """Raise `Refused` where objects and lists are nested too deep or multiply.

    YAML's aliases let one value stand in many places; `most_nodes` limits that.
    """
    nodes = 0
    level: list[object] = [data]
    depth = 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > MOST_DEEP + 1 or (most_nodes is not None and nodes > most_nodes):
            raise Refused("objects and lists are nested too deep")
        level = [below for value in level for below in _inside(value)]


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _below(data: Json, step: str | Item) -> Json | Absent:
    if isinstance(step, Item):
        if not isinstance(data, list):
            return ABSENT
        for element in data:
            if isinstance(element, dict) and element.get(step.key) == step.value:
                return element
        return ABSENT
    if isinstance(data, dict):
        return data.get(step, ABSENT)
    return ABSENT


def _with_element(data: Json, item: Item, rest: KeyPath, value: Json | Absent) -> Json:
    if not isinstance(data, list):
        raise Refused("what should be a list is none")
    at = place_of(data, item)
    if at is None:
        if isinstance(value, Absent):
            return data
        return [*data, element_of(item, rest, value)]
    if rest:
        return [*data[:at], with_value(data[at], rest, value), *data[at + 1 :]]
    if isinstance(value, Absent):
        return [*data[:at], *data[at + 1 :]]
    return [*data[:at], _named(item, value), *data[at + 1 :]]


def _named(item: Item, value: Json) -> Json:
    """The element itself; it must be found again by the name it is asked for with."""
    if not isinstance(value, dict) or value.get(item.key, item.value) != item.value:
        raise Refused("an element of a list must carry its own name")
    return {item.key: item.value, **value}
