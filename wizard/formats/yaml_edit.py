"""Sets and takes away one value in YAML; pure.

The library finds the places, the text is spliced. It must not touch what an anchor,
an alias or a merge key makes mean something elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.formats import yaml_write
from wizard.formats.splices import Splice
from wizard.formats.terms import Absent, Edit, Item, Json, KeyPath, Refused
from wizard.formats.text import line_at, line_end
from wizard.formats.values import element_of, found, nested, place_of, same
from wizard.formats.yaml_text import Node, compose
from wizard.formats.yaml_write import Look

_REST = re.compile(r"[ \t]*(?:[ \t]#[^\r\n]*)?(?=\r|\n|\Z)")
_COLON = re.compile(r"[ \t]*:")


def splices_for(text: str, edit: Edit, data: Json) -> list[Splice]:
    """Return what sets or takes away the edit's value; `data` is what the text holds.

    Raises `Refused` where the key cannot be set alone.
    """
    node = compose(text)
    new = edit.value
    if node is None:
        return [] if isinstance(new, Absent) else _first(text, edit.path, new)
    parents: list[tuple[Node, int]] = []
    for at, step in enumerate(edit.path):
        _refuse_shared(node)
        index = _index(node, step, found(data, edit.path[:at]))
        if index is None:
            rest = edit.path[at:]
            there = (text, parents, node)
            return [] if isinstance(new, Absent) else _inserted(*there, rest, new)
        parents.append((node, index))
        _refuse_alias(node, index)
        node = node.values[index]
    _refuse_shared(node)
    if isinstance(new, Absent):
        return _deleted(text, parents)
    if same(found(data, edit.path), new):
        return []
    return _replaced(text, parents, node, new)


def _first(text: str, path: KeyPath, new: Json) -> list[Splice]:
    """The first key of a document that has none yet: behind all comments."""
    if isinstance(path[0], Item):
        lines = yaml_write.element(_new(path, new), 0, Look())
    else:
        lines = yaml_write.member(path[0], _new(path, new), 0, Look())
    end = line_end(text)
    body = end.join(lines)
    if not text or text.endswith("\n"):
        return [Splice(len(text), len(text), body + end)]
    return [Splice(len(text), len(text), end + body)]


def _index(node: Node, step: str | Item, data: Json | Absent) -> int | None:
    """Which value of a mapping or list a step means."""
    if isinstance(step, Item):
        if node.kind != "list" or not isinstance(data, list):
            raise Refused("what should be a list is none", node.line)
        return place_of(data, step)
    if node.kind != "map":
        raise Refused("what should be a mapping is none", node.line)
    if any(key.text == "<<" and not key.style for key in node.keys):
        raise Refused("a mapping above our key has a merge key", node.line)
    places = [at for at, key in enumerate(node.keys) if key.text == step]
    if len(places) > 1:
        line = node.keys[places[1]].line
        raise Refused("a key on the way to ours stands there twice", line)
    return places[0] if places else None


def _refuse_shared(node: Node) -> None:
    if node.named:
        raise Refused("an anchor is on the way to our key", node.line)


def _refuse_alias(node: Node, index: int) -> None:
    """An alias is the node it means, which stands before."""
    key = node.keys[index] if node.kind == "map" else None
    if node.values[index].start < (key.end if key else node.start):
        line = key.line if key else node.line
        raise Refused("an alias is on the way to our key", line)


def _replaced(
    text: str, parents: list[tuple[Node, int]], node: Node, value: Json
) -> list[Splice]:
    """A value in the place of another."""
    holder, index = parents[-1]
    if node.style in {"|", ">"}:
        raise Refused("our key has a block of text there", node.line)
    if node.kind != "scalar" and not node.flow:
        start = _colon(text, holder.keys[index]) if holder.kind == "map" else node.start
        blank = " " if holder.kind == "map" else ""
        return [Splice(start, _last_end(text, node), blank + yaml_write.flow(value))]
    if node.start < node.end:
        return [Splice(node.start, node.end, yaml_write.flow(value))]
    return _in_nothing(text, parents, value)


def _in_nothing(
    text: str, parents: list[tuple[Node, int]], value: Json
) -> list[Splice]:
    """A value behind a key that has none."""
    holder, index = parents[-1]
    at = _colon(text, holder.keys[index])
    if holder.flow or not isinstance(value, dict | list) or not value:
        return [Splice(at, at, " " + yaml_write.flow(value))]
    stop = _line_stop(text, at)
    lines = yaml_write.below(value, holder.keys[index].column, _look(parents[0][0]))
    return [Splice(stop, stop, _on_lines(text, lines))]


def _inserted(
    text: str,
    parents: list[tuple[Node, int]],
    node: Node,
    path: KeyPath,
    new: Json,
) -> list[Splice]:
    """A new member or element of `node`, with all that is missing below it."""
    step, value = path[0], _new(path, new)
    if node.flow:
        return [_into_flow(node, step, value)]
    look = _look(parents[0][0] if parents else node)
    if isinstance(step, str):
        lines = yaml_write.member(step, value, node.column, look)
    else:
        lines = yaml_write.element(value, node.column, look)
    stop = _block_stop(text, node)
    return [Splice(stop, stop, _on_lines(text, lines))]


def _new(path: KeyPath, value: Json) -> Json:
    """What the first step of `path` gets."""
    if isinstance(path[0], Item):
        return element_of(path[0], path[1:], value)
    return nested(path[1:], value)


def _into_flow(node: Node, step: str | Item, value: Json) -> Splice:
    """Behind the last value between the brackets."""
    fresh = yaml_write.flow(value)
    if isinstance(step, str):
        fresh = f"{yaml_write.flow(step)}: {fresh}"
    if not node.values:
        return Splice(node.end - 1, node.end - 1, fresh)
    _refuse_alias(node, len(node.values) - 1)
    end = max([node.values[-1].end, *(key.end for key in node.keys[-1:])])
    return Splice(end, end, ", " + fresh)


def _deleted(text: str, parents: list[tuple[Node, int]]) -> list[Splice]:
    """A member or element, by whole lines in a block."""
    holder, index = parents[-1]
    if holder.flow:
        return [_out_of_flow(text, holder, index)]
    if len(holder.values) == 1 and len(parents) > 1:
        return _emptied(text, parents[-2], holder)
    start = _start(text, holder, index)
    line_start = text.rfind("\n", 0, start) + 1
    stop = _value_stop(text, holder, index)
    if not text[line_start:start].strip():
        return [_without_lines(text, line_start, stop)]
    if index + 1 == len(holder.values):
        raise Refused("our key shares its line with another", line_at(text, start))
    after = _start(text, holder, index + 1)
    if "#" in text[stop:after]:
        raise Refused("a comment is between our key and another", line_at(text, stop))
    return [Splice(start, after, "")]


def _emptied(text: str, outer: tuple[Node, int], holder: Node) -> list[Splice]:
    """A mapping or list that loses its only member stays, as an empty one."""
    empty = "{}" if holder.kind == "map" else "[]"
    above, index = outer
    stop = _value_stop(text, holder, 0)
    line_start = text.rfind("\n", 0, holder.start) + 1
    if above.kind == "map" and not text[line_start : holder.start].strip():
        colon = _colon(text, above.keys[index])
        gone = _without_lines(text, line_start, stop)
        return [Splice(colon, colon, " " + empty), gone]
    return [Splice(holder.start, _last_end(text, holder), empty)]


def _without_lines(text: str, start: int, stop: int) -> Splice:
    """Whole lines with their line end; at the end of a file with the one before."""
    if stop < len(text):
        after = text.index("\n", stop) + 1 if "\n" in text[stop:] else len(text)
        return Splice(start, after, "")
    before = start
    if text.endswith("\n", 0, start):
        before -= 2 if text.endswith("\r\n", 0, start) else 1
    return Splice(before, stop, "")


def _out_of_flow(text: str, holder: Node, index: int) -> Splice:
    """A member between brackets, with the comma before it or else behind it."""
    starts = holder.keys or holder.values
    ends = [
        max([one.end, *(key.end for key in holder.keys[at : at + 1])])
        for at, one in enumerate(holder.values)
    ]
    start, end = starts[index].start, ends[index]
    if index:
        start = ends[index - 1]
    elif len(ends) > 1:
        end = starts[1].start
    else:
        comma = re.compile(r"[ \t]*,").match(text, end)
        end = comma.end() if comma else end
    if "#" in text[start:end]:
        raise Refused("a comment may be beside our key", line_at(text, start))
    return Splice(start, end, "")


def _start(text: str, holder: Node, index: int) -> int:
    """Where a member begins: its key, or the dash of an element."""
    if holder.kind == "map":
        return holder.keys[index].start
    value = at = holder.values[index].start
    while True:
        line_start = text.rfind("\n", 0, at) + 1
        dash = line_start + holder.column
        if dash <= holder.start or (text[dash] == "-" and dash < value):
            return max(dash, holder.start)
        at = line_start - 1


def _value_stop(text: str, holder: Node, index: int) -> int:
    """The end of the last line of a member."""
    node = holder.values[index]
    plain = node.start == node.end
    end = _own_end(text, holder, index) if plain else _last_end(text, node)
    return _line_stop(text, end)


def _block_stop(text: str, node: Node) -> int:
    return _line_stop(text, _last_end(text, node))


def _last_end(text: str, node: Node) -> int:
    """Where the last value in a block ends: its own end runs over what follows."""
    end = node.end
    while node.kind != "scalar" and not node.flow and node.values:
        _refuse_last_alias(node)
        last = len(node.values) - 1
        end = _own_end(text, node, last)
        node = node.values[last]
    return _block_text_end(text, node) if node.style in {"|", ">"} else end


def _own_end(text: str, holder: Node, index: int) -> int:
    """Where a value ends; that of nothing is behind its colon or dash."""
    node = holder.values[index]
    if node.start < node.end:
        return node.end
    if holder.kind == "map":
        return _colon(text, holder.keys[index])
    return _start(text, holder, index) + 1


def _block_text_end(text: str, node: Node) -> int:
    header_end = text.find("\n", node.start)
    header = text[node.start : header_end if header_end >= 0 else len(text)]
    if "+" in header.split("#")[0]:
        ends = text[: node.end]
        return len(ends) - (2 if ends.endswith("\r\n") else ends.endswith("\n"))
    return max(len(text[: node.end].rstrip()), node.start + len(header.rstrip()))


def _refuse_last_alias(node: Node) -> None:
    last = len(node.values) - 1
    before = node.values[last - 1].start if last and node.kind == "list" else -1
    if node.values[last].start <= before:
        raise Refused("an alias stands before our place", node.line)
    _refuse_alias(node, last)


def _line_stop(text: str, at: int) -> int:
    """The end of the line, behind blanks and a comment, which is all it can hold."""
    match = _REST.match(text, at)
    return match.end() if match else at


def _colon(text: str, key: Node) -> int:
    match = _COLON.match(text, key.end)
    if not match:
        raise Refused("a key is written in a form of its own", key.line)
    return match.end()


def _on_lines(text: str, lines: list[str]) -> str:
    end = line_end(text)
    return "".join(end + line for line in lines)


def _look(root: Node) -> Look:
    """How the file indents, from the first nested mapping and list in it."""
    unit = next(_offsets(root, "map"), 2)
    return Look(unit, next(_offsets(root, "list"), unit))


def _offsets(node: Node, kind: str) -> Iterator[int]:
    """How far blocks of a kind stand right of the key they belong to."""
    for at, below in enumerate(node.values):
        if below.kind == "scalar" or below.flow or below.named:
            continue
        if node.kind == "map" and below.kind == kind:
            yield below.column - node.keys[at].column
        yield from _offsets(below, kind)
