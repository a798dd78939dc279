"""Reads YAML into plain values, and into nodes that know their places; pure.

It never writes: a writer would change the file's look everywhere. Reading constructs
no objects of the file's choice.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from wizard.formats.terms import Broken, Json
from wizard.formats.text import line_at
from wizard.formats.values import checked_depth

if TYPE_CHECKING:
    from ruamel.yaml import YAML

# The reader needs about half a second for that. Settings are far smaller.
_MOST: Final = 96 * 1024
_MOST_NODES: Final = 200_000
# More than may be nested: a text within quotes may hold brackets too.
_MOST_OPEN: Final = 500
_BRACKET: Final = re.compile(r"[\[\]{}]")
# What the reader lets through for scalars and texts that are none.
_ERRORS: Final = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    AssertionError,
)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands.

    `kind` is "scalar", "map" or "list". `style` is a scalar's quote, `|` or `>`; ''
    for a plain one. `named` says that it has an anchor: other places mean it too.
    """

    kind: str
    start: int
    end: int
    column: int
    line: int
    flow: bool
    style: str
    named: bool
    text: str
    keys: tuple[Node, ...] = ()
    values: tuple[Node, ...] = ()


def read(text: str) -> Json:
    """Return what the text holds; nothing but comments is an empty object.

    Raises `Broken` with the line, also for a key that stands twice in one mapping, for
    two documents in one file and for tags of another program.
    """
    data = _tried("safe", text, lambda reader: reader.load(text))
    if data is None and compose(text) is None:
        return {}
    checked_depth(data, _MOST_NODES)
    return cast("Json", data)


def compose(text: str) -> Node | None:
    """Return the root of a document that `read` takes, None where there is none."""
    root = _tried("rt", text, lambda reader: reader.compose(text))
    if root is None or (_is_scalar(root) and root.start_mark.index == _end(root)):
        return None
    return _node(root, {})


def _tried(kind: str, text: str, call: Callable[[YAML], Any]) -> Any:  # noqa: ANN401 - what the library makes
    # Most files are not YAML, and the library is large.
    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    if len(text) > _MOST:
        raise Broken("the file is too large for YAML settings")
    _refuse_brackets(text)
    try:
        with _quiet():
            return call(YAML(typ=kind, pure=True))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = _why(str(error.context or ""), str(error.problem or ""))
        raise Broken(why, mark.line + 1 if mark else 0) from None
    except (YAMLError, *_ERRORS):
        raise Broken("it is not valid YAML") from None


def _refuse_brackets(text: str) -> None:
    """Refuse what the library would take minutes to find too deep."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _MOST_OPEN:
            line = line_at(text, bracket.start())
            raise Broken("lists and mappings are nested too deep", line)


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _why(context: str, problem: str) -> str:
    if "duplicate key" in problem:
        return "a key stands there twice"
    if "another document" in problem or "single document" in context:
        return "there is a second document in the file"
    return "it is not valid YAML"


def _is_scalar(node: Any) -> bool:  # noqa: ANN401 - a node of the library
    return isinstance(node.value, str)


def _end(node: Any) -> int:  # noqa: ANN401 - a node of the library
    return int(node.end_mark.index)


def _node(raw: Any, seen: dict[int, Node]) -> Node:  # noqa: ANN401 - the library's
    """The library's node as ours; one that aliases share is made once."""
    if id(raw) in seen:
        return seen[id(raw)]
    keys: list[Node] = []
    values: list[Node] = []
    kind = "scalar"
    if not _is_scalar(raw):
        kind = "map" if all(isinstance(one, tuple) for one in raw.value) else "list"
        kind = kind if raw.value else _empty_kind(raw)
        for one in raw.value:
            pair = one if isinstance(one, tuple) else (None, one)
            if pair[0] is not None:
                keys.append(_node(pair[0], seen))
            values.append(_node(pair[1], seen))
    mark = raw.start_mark
    node = Node(
        kind=kind,
        start=int(mark.index),
        end=_end(raw),
        column=int(mark.column),
        line=int(mark.line) + 1,
        flow=bool(raw.flow_style) if kind != "scalar" else False,
        style=str(raw.style or "") if kind == "scalar" else "",
        named=raw.anchor is not None,
        text=raw.value if kind == "scalar" else "",
        keys=tuple(keys),
        values=tuple(values),
    )
    seen[id(raw)] = node
    return node


def _empty_kind(raw: Any) -> str:  # noqa: ANN401 - the library's
    return "list" if type(raw).__name__ == "SequenceNode" else "map"
