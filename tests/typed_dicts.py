"""Holds JSON against a TypedDict, deep and strict: no field more, none missing.

Pydantic would look into an `Iterable[...]` only when it is read, and take the wrong one
of several types meanwhile. Types that cannot come out of JSON are left out of a union.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
)
from typing import get_type_hints as hints_of

import typing_extensions

_UNIONS = (Union, types.UnionType)
_MARKS = {
    Required,
    NotRequired,
    Annotated,
    typing_extensions.Required,
    typing_extensions.NotRequired,
    typing_extensions.ReadOnly,
}
_NEEDED = {Required, typing_extensions.Required}
_LISTS = {list, Iterable, Sequence}
_MAPS = {dict, Mapping}
_SCALARS: dict[Any, tuple[type, ...]] = {
    str: (str,),
    bool: (bool,),
    int: (int,),
    float: (int, float),
    type(None): (type(None),),
    None: (type(None),),
}


def problems(
    value: Any, kind: Any, also: frozenset[str] = frozenset(), path: str = ""
) -> list[str]:
    """What is wrong with `value` as a `kind`, each with its path; [] if nothing is.

    `also` are fields that may stand anywhere, whatever is in them.
    """
    return list(_problems(value, kind, also, path))


def _problems(value: Any, kind: Any, also: frozenset[str], path: str) -> Iterator[str]:
    kind, origin = _bare(kind)
    if kind in {Any, object}:
        return
    if typing_extensions.is_typeddict(kind):
        yield from _fields(value, kind, also, path)
    elif origin in _UNIONS:
        yield from _best(value, get_args(kind), also, path)
    elif origin is Literal:
        if not any(
            value == each and type(value) is type(each) for each in get_args(kind)
        ):
            yield f"{path}: {value!r} is none of {get_args(kind)}"
    elif origin in _LISTS or kind is list:
        yield from _list(value, get_args(kind), also, path)
    elif origin in _MAPS or kind is dict:
        yield from _map(value, get_args(kind), also, path)
    elif kind in _SCALARS:
        wanted = _SCALARS[kind]
        if not isinstance(value, wanted) or (
            isinstance(value, bool) and bool not in wanted
        ):
            yield f"{path}: {type(value).__name__} is not {kind.__name__}"
    else:
        yield f"{path}: {kind} cannot come out of JSON"


def _bare(kind: Any) -> tuple[Any, Any]:
    """The kind without the marks around it, and its origin."""
    while True:
        if isinstance(kind, typing_extensions.TypeAliasType):
            kind = kind.__value__
            continue
        origin = get_origin(kind)
        if origin not in _MARKS:
            return kind, origin
        kind = get_args(kind)[0]


@cache
def _hints(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The fields of a TypedDict by their names in JSON, and whether each is needed."""
    found: dict[str, tuple[Any, bool]] = {}
    for name, hint in hints_of(kind, include_extras=True).items():
        alias = next(
            (
                mark.alias
                for mark in getattr(_inside(hint), "__metadata__", ())
                if getattr(mark, "alias", None)
            ),
            name,
        )
        origin = get_origin(hint)
        total = getattr(kind, "__total__", False) and name in kind.__required_keys__
        needed = origin in _NEEDED or (total and origin not in _MARKS - _NEEDED)
        found[alias] = (hint, needed)
    return found


def _inside(hint: Any) -> Any:
    while get_origin(hint) in _MARKS and not hasattr(hint, "__metadata__"):
        hint = get_args(hint)[0]
    return hint


def _fields(value: Any, kind: Any, also: frozenset[str], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {type(value).__name__} is not an object ({kind.__name__})"
        return
    hints = _hints(kind)
    for name in value:
        if name in hints:
            yield from _problems(value[name], hints[name][0], also, f"{path}.{name}")
        elif name not in also:
            yield f"{path}.{name}: {kind.__name__} does not know it"
    for name, (_, needed) in hints.items():
        if needed and name not in value:
            yield f"{path}.{name}: {kind.__name__} needs it"


def _list(
    value: Any, inner: tuple[Any, ...], also: frozenset[str], path: str
) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {type(value).__name__} is not a list"
        return
    for at, each in enumerate(value if inner else ()):
        yield from _problems(each, inner[0], also, f"{path}[{at}]")


def _map(
    value: Any, inner: tuple[Any, ...], also: frozenset[str], path: str
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {type(value).__name__} is not an object"
        return
    for name, each in value.items() if inner else ():
        yield from _problems(each, inner[1], also, f"{path}[{name!r}]")


def _best(
    value: Any, kinds: tuple[Any, ...], also: frozenset[str], path: str
) -> Iterator[str]:
    """What is wrong with the member of a union that the value comes nearest to."""
    best: tuple[int, list[str]] | None = None
    for kind in kinds:
        found = problems(value, kind, also, path)
        if not found:
            return
        # A wrong word in `type` or `role` means another member was meant.
        marks = (f"{path}.type:", f"{path}.role:", f"{path}:")
        far = 1000 * sum(each.startswith(marks) for each in found)
        if best is None or far + len(found) < best[0]:
            best = (far + len(found), found)
    yield from best[1] if best else [f"{path}: an empty union"]
