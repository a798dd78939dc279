"""Sets and takes away one value in TOML; pure.

Root keys come as first line, new tables at the end, other keys behind the last of
their table. It must not touch inline tables, dotted keys or lists of tables that are
not ours.
"""

from __future__ import annotations

from wizard.formats import toml_write
from wizard.formats.splices import Splice
from wizard.formats.terms import Absent, Edit, Json, KeyPath, Refused
from wizard.formats.text import indent_at, line_at, line_end
from wizard.formats.toml_text import Statement, statements
from wizard.formats.values import found, same


def splices_for(text: str, edit: Edit, data: Json) -> list[Splice]:
    """Return what sets or takes away the edit's value; `data` is what the text holds.

    Raises `Refused` where the key is not one that can be set alone.
    """
    path = tuple(step for step in edit.path if isinstance(step, str))
    if not path or len(path) != len(edit.path):
        raise Refused("a list of tables is not changed in TOML")
    there = statements(text)
    _refuse_foreign(text, there, path)
    old = found(data, path)
    if isinstance(edit.value, Absent):
        return [] if isinstance(old, Absent) else _deleted(text, there, path)
    if same(old, edit.value):
        return []
    own = [one for one in there if one.path == path and not one.header]
    if own:
        written = toml_write.value(edit.value)
        return [Splice(own[0].value, own[0].end, written)]
    if isinstance(old, Absent):
        return _inserted(text, there, path, edit.value)
    return _into_tables(text, there, path, edit.value)


def is_value(text: str, path: KeyPath) -> bool:
    """Whether a key stands there with a value behind it: no table of its own."""
    return any(one.path == path and not one.header for one in statements(text))


def _refuse_foreign(
    text: str, there: tuple[Statement, ...], path: tuple[str, ...]
) -> None:
    """Refuse what is in a list of tables, or in the value of another key."""
    for one in there:
        if path[: len(one.path)] != one.path:
            continue
        if one.array:
            raise Refused("our key is in a list of tables", line_at(text, one.start))
        if not one.header and one.path != path:
            line = line_at(text, one.start)
            raise Refused("our key is within the value of another", line)


def _into_tables(
    text: str, there: tuple[Statement, ...], path: tuple[str, ...], value: Json
) -> list[Splice]:
    """A value over a table that is written with headers or dotted keys: it is empty.

    Tables that hold something are set key by key.
    """
    own = [one for one in there if one.path == path and one.header]
    if not own or not isinstance(value, dict):
        first = next((one for one in there if one.path[: len(path)] == path), None)
        line = line_at(text, first.start) if first else 0
        raise Refused("our key is a table there, or a part of one", line)
    return [_behind(text, own[0], _keys(value))]


def _inserted(
    text: str, there: tuple[Statement, ...], path: tuple[str, ...], value: Json
) -> list[Splice]:
    if len(path) == 1 and not isinstance(value, dict):
        line = f"{toml_write.key(path[0])} = {toml_write.value(value)}"
        return [Splice(0, 0, line + line_end(text))]
    table = path if isinstance(value, dict) else path[:-1]
    inside: dict[str, Json] = value if isinstance(value, dict) else {path[-1]: value}
    _refuse_closed(text, there, table)
    header = next((one for one in there if one.header and one.path == table), None)
    if header is None:
        return [_table(text, table, inside)]
    last = [one for one in there if _is_in(one, header)]
    return [_behind(text, (last or [header])[-1], _keys(inside))]


def _is_in(one: Statement, header: Statement) -> bool:
    return not one.header and one.table == header.path


def _refuse_closed(
    text: str, there: tuple[Statement, ...], table: tuple[str, ...]
) -> None:
    """Refuse where `table` or one above it is a value or made by dotted keys."""
    for one in there:
        if one.header:
            continue
        shared = min(len(one.path), len(table))
        # What a dotted key makes below its own table cannot be opened elsewhere.
        if one.path[:shared] == table[:shared] and shared > len(one.table):
            line = line_at(text, one.start)
            raise Refused("a table of ours is written within a key", line)


def _table(text: str, table: tuple[str, ...], inside: dict[str, Json]) -> Splice:
    """A new table at the end; a file without a last line end gets none."""
    end = line_end(text)
    body = end.join([f"[{toml_write.dotted(table)}]", *_keys(inside)])
    if not text:
        return Splice(0, 0, body + end)
    if text.endswith("\n"):
        return Splice(len(text), len(text), end + body + end)
    return Splice(len(text), len(text), end + end + body)


def _keys(inside: dict[str, Json]) -> list[str]:
    return [
        f"{toml_write.key(name)} = {toml_write.value(below)}"
        for name, below in inside.items()
    ]


def _behind(text: str, last: Statement, lines: list[str]) -> Splice:
    """On lines of their own behind a statement and the comment on its line."""
    at = _line_stop(text, last.end)
    before = line_end(text) + indent_at(text, last.start)
    return Splice(at, at, "".join(before + line for line in lines))


def _deleted(
    text: str, there: tuple[Statement, ...], path: tuple[str, ...]
) -> list[Splice]:
    """All statements at or below the path: a table with what is in it."""
    gone: list[Splice] = []
    at = 0
    while at < len(there):
        one = there[at]
        if one.path[: len(path)] != path:
            at += 1
        elif not one.header:
            gone.append(_without_line(text, one))
            at += 1
        else:
            last = at
            while last + 1 < len(there) and not there[last + 1].header:
                last += 1
            gone.append(_without_table(text, one, there[last]))
            at = last + 1
    return _joined(text, gone)


def _without_line(text: str, one: Statement) -> Splice:
    """The statement's lines; a comment on the last one stays."""
    start = text.rfind("\n", 0, one.start) + 1
    stop = _line_stop(text, one.end)
    rest = text[one.end : stop]
    if rest.strip():
        blanks = len(rest) - len(rest.lstrip(" \t"))
        return Splice(one.start, one.end + blanks, "")
    after = _after_line_end(text, stop)
    if after == stop:
        return Splice(_before_line_end(text, start), stop, "")
    return Splice(start, after, "")


def _without_table(text: str, header: Statement, last: Statement) -> Splice:
    """The lines from the header to its last key, and the one blank line before it."""
    start = text.rfind("\n", 0, header.start) + 1
    stop = _line_stop(text, last.end)
    before = _before_line_end(text, start)
    blank_start = text.rfind("\n", 0, before) + 1
    if start and before > 0 and not text[blank_start:before].strip():
        start = blank_start
    after = _after_line_end(text, stop)
    if after == stop:
        start = _before_line_end(text, start)
    return Splice(start, after, "")


def _joined(text: str, gone: list[Splice]) -> list[Splice]:
    """Neighbours as one; at the end of a file with the line end before them."""
    joined: list[Splice] = []
    for splice in gone:
        start = splice.start
        if joined and start <= joined[-1].end:
            start = joined.pop().start
            if splice.end == len(text) and not text.endswith("\n"):
                start = _before_line_end(text, start)
        joined.append(Splice(start, splice.end, ""))
    return joined


def _line_stop(text: str, at: int) -> int:
    """Where the line of `at` ends, its line end not counted."""
    stop = text.find("\n", at)
    if stop < 0:
        return len(text)
    return stop - 1 if stop > at and text[stop - 1] == "\r" else stop


def _after_line_end(text: str, at: int) -> int:
    if text.startswith("\r\n", at):
        return at + 2
    return at + 1 if text.startswith("\n", at) else at


def _before_line_end(text: str, at: int) -> int:
    if text.endswith("\r\n", 0, at):
        return at - 2
    return at - 1 if text.endswith("\n", 0, at) else at
