"""Sets and takes away one value in JSON, JSON with comments and JSON5; pure.

An edit is a list of splices; it must not touch a comment or a member of someone else.
"""

from __future__ import annotations

import re

from wizard.formats.json_places import (
    Block,
    Member,
    block_at,
    member_of,
    root,
)
from wizard.formats.json_write import flat, is_tall, keyed, tall, unit_of
from wizard.formats.splices import Splice
from wizard.formats.terms import Absent, Edit, Item, Json, KeyPath, Refused
from wizard.formats.text import indent_at, line_at, line_end
from wizard.formats.values import element_of, found, nested, place_of, same

_BLANKS = " \t"
_TRAILING = re.compile(r"(?:[ \t]++|/\*.*?\*/|//[^\r\n\u2028\u2029]*+)*+", re.DOTALL)


def splices_for(text: str, edit: Edit, data: Json) -> list[Splice]:
    """Return what sets or takes away the edit's value; `data` is what the text holds.

    Raises `Refused` where the way to the key is not one of objects and lists, or not
    the only one.
    """
    start = root(text)
    new = edit.value
    if start is None:
        return [] if isinstance(new, Absent) else _first(text, edit.path, new)
    end = len(text)
    for at, step in enumerate(edit.path):
        block = _block(text, start, step)
        place = _place(step, found(data, edit.path[:at]))
        index = member_of(text, block, step, place)
        if index is None:
            rest = edit.path[at:]
            return [] if isinstance(new, Absent) else _inserted(text, block, rest, new)
        if at == len(edit.path) - 1 and isinstance(new, Absent):
            return _deleted(text, block, index)
        start = block.members[index].value
        end = block.members[index].end
    if isinstance(new, Absent) or same(found(data, edit.path), new):
        return []
    return [_replaced(text, start, end, new)]


def _first(text: str, path: KeyPath, new: Json) -> list[Splice]:
    """The first value of a document that has none: behind its comments, if any."""
    value = tall(nested(path, new), text, "")
    if not text.strip():
        return [Splice(0, 0, value + ("" if "\n" in text else "\n"))]
    before = "" if text.endswith("\n") else line_end(text)
    return [Splice(len(text), len(text), before + value + line_end(text))]


def _block(text: str, start: int, step: str | Item) -> Block:
    if text[start] != ("[" if isinstance(step, Item) else "{"):
        wanted = "a list" if isinstance(step, Item) else "an object"
        raise Refused(f"what should be {wanted} is none", line_at(text, start))
    return block_at(text, start)


def _place(step: str | Item, parent: Json | Absent) -> int | None:
    if isinstance(step, Item) and isinstance(parent, list):
        return place_of(parent, step)
    return None


def _replaced(text: str, start: int, end: int, value: Json) -> Splice:
    small = not isinstance(value, dict | list) or "\n" not in text
    written = flat(value) if small else tall(value, text, indent_at(text, start))
    return Splice(start, end, written)


def _inserted(text: str, block: Block, path: KeyPath, new: Json) -> list[Splice]:
    """A new member with all that is missing below it."""
    step = path[0]
    if isinstance(step, Item):
        key, value = None, element_of(step, path[1:], new)
    else:
        key, value = step, nested(path[1:], new)
    if not block.members:
        return _into_empty(text, block, key, value)
    if is_tall(text, block.start):
        return _on_a_line(text, block, key, value)
    end = block.members[-1].end
    return [Splice(end, end, ", " + keyed(key, flat(value)))]


def _on_a_line(text: str, block: Block, key: str | None, value: Json) -> list[Splice]:
    """On a line of its own behind the last member, its comma and its comments."""
    last = block.members[-1]
    indent = indent_at(text, block.members[0].start)
    fresh = line_end(text) + indent + keyed(key, tall(value, text, indent))
    behind = last.end if last.comma is None else last.comma + 1
    place = _line_rest(text, behind)
    if last.comma is not None:
        return [Splice(place, place, fresh + ",")]
    if place == last.end:
        return [Splice(place, place, "," + fresh)]
    return [Splice(last.end, last.end, ","), Splice(place, place, fresh)]


def _line_rest(text: str, at: int) -> int:
    """Where the comments end that follow on the same line; `at` if there are none."""
    match = _TRAILING.match(text, at)
    end = match.end() if match else at
    return at + len(text[at:end].rstrip(_BLANKS)) if text[at:end].strip() else at


def _into_empty(text: str, block: Block, key: str | None, value: Json) -> list[Splice]:
    """The first member: on lines of its own unless all the document is one line."""
    first, last = block.inner
    inner = text[first:last]
    if _is_one_line(text, block):
        place = first + len(inner.rstrip(_BLANKS))
        return [Splice(place, place, keyed(key, flat(value)))]
    outer = indent_at(text, block.start)
    indent = outer + unit_of(text)
    fresh = line_end(text) + indent + keyed(key, tall(value, text, indent))
    if not inner.strip():
        return [Splice(first, last, fresh + line_end(text) + outer)]
    place = first + len(inner.rstrip())
    if "\n" not in text[place:last]:
        fresh += line_end(text) + outer
    return [Splice(place, place, fresh)]


def _is_one_line(text: str, block: Block) -> bool:
    start = root(text)
    if start is None or start == block.start or "//" in text[slice(*block.inner)]:
        return False
    return not is_tall(text, start)


def _deleted(text: str, block: Block, index: int) -> list[Splice]:
    """The member with its comma; the last one with the comma before it."""
    member = block.members[index]
    if len(block.members) == 1:
        first, last = block.inner
        around = text[first : member.start] + text[_behind(member) : last]
        if not around.strip() and (member.comma is None or _touches(text, member)):
            return [Splice(first, last, "")]
    before = block.members[index - 1] if index else None
    if member.comma is None and before is not None and before.comma is not None:
        return _last_deleted(text, before.comma, member)
    if before is not None and index == len(block.members) - 1:
        return _with_own_comma(text, member, before)
    return _with_own_comma(text, member, None)


def _last_deleted(text: str, comma: int, member: Member) -> list[Splice]:
    """A last member without a comma: the one before it goes too."""
    line = _whole_line(text, member.start, member.end)
    if line is not None:
        if line.start <= comma + 1:
            return [Splice(comma, line.end, "")]
        return [Splice(comma, comma + 1, ""), line]
    if not text[comma + 1 : member.start].strip():
        return [Splice(comma, member.end, "")]
    return [Splice(comma, comma + 1, ""), Splice(member.start, member.end, "")]


def _with_own_comma(text: str, member: Member, before: Member | None) -> list[Splice]:
    """A member and its comma; `before` is given for the last one of several."""
    if member.comma is not None and not _touches(text, member):
        comma = Splice(member.comma, member.comma + 1, "")
        return [Splice(member.start, member.end, ""), comma]
    end = _behind(member)
    line = _whole_line(text, member.start, end)
    if line is not None:
        return [line]
    if before is not None and before.comma is not None:
        start = before.comma + 1
        if not text[start : member.start].strip():
            return [Splice(start, end, "")]
    rest = text[end:]
    blanks = len(rest) - len(rest.lstrip(_BLANKS)) if member.comma is not None else 0
    # Blanks before a line end or a comment are left as they are.
    after = rest[blanks : blanks + 1]
    return [Splice(member.start, end + (0 if after in "\r\n/" else blanks), "")]


def _touches(text: str, member: Member) -> bool:
    """Whether nothing but blanks stands between a member and its comma."""
    return member.comma is not None and not text[member.end : member.comma].strip()


def _behind(member: Member) -> int:
    return member.end if member.comma is None else member.comma + 1


def _whole_line(text: str, start: int, end: int) -> Splice | None:
    """The lines from `start` to `end` with the line end before them.

    None unless they hold nothing else, and a line end follows: else a comment on the
    line before would swallow what comes behind.
    """
    head = text[:start].rstrip(_BLANKS)
    tail = end + len(text[end:]) - len(text[end:].lstrip(_BLANKS))
    if not head.endswith("\n") or text[tail : tail + 2].lstrip("\r")[:1] != "\n":
        return None
    line_start = len(head) - (2 if head.endswith("\r\n") else 1)
    return Splice(line_start, tail, "")
