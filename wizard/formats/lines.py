"""A value of several lines of which one is ours: what the whole value becomes; pure.

It must not touch the lines of others, nor take away a value that has become empty.
"""

from __future__ import annotations

from wizard.formats.terms import ABSENT, Absent, Edit, Json, Refused


def with_line(edit: Edit, old: Json | Absent) -> Json | Absent:
    """Return the value with our line set, or with ABSENT as the edit's, without it.

    An older line of ours is one that begins with the edit's prefix; without a prefix
    only the very line counts. Raises `Refused` where the old value is no text.
    """
    line = edit.value
    if isinstance(old, Absent):
        return ABSENT if isinstance(line, Absent) else _text(line)
    if not isinstance(old, str):
        raise Refused("the value that holds our line is not a text")
    if isinstance(line, Absent):
        return "\n".join(_others(old.split("\n"), edit))
    return _set(old, _text(line), edit)


def _set(old: str, line: str, edit: Edit) -> str:
    lines = old.split("\n")
    ours = [at for at, text in enumerate(lines) if _is_ours(text, edit)]
    if not ours:
        # A last line end stays the last: our line comes before it.
        at = len(lines) - 1 if lines[-1] == "" else len(lines)
        return "\n".join([*lines[:at], line, *(lines[at:] if old else [])])
    first = ours[0]
    lines[first] = line + ("\r" if lines[first].endswith("\r") else "")
    return "\n".join(text for at, text in enumerate(lines) if at not in ours[1:])


def _others(lines: list[str], edit: Edit) -> list[str]:
    return [line for line in lines if not _is_ours(line, edit)]


def _is_ours(line: str, edit: Edit) -> bool:
    # ABSENT is a text of its own, which somebody's line may be.
    if not isinstance(edit.value, Absent) and line.rstrip("\r") == edit.value:
        return True
    return edit.prefix != "" and line.startswith(edit.prefix)


def _text(line: Json) -> str:
    if not isinstance(line, str) or "\n" in line:
        raise Refused("our line is not one line of text")
    return line
