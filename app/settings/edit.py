"""Changes one word under `[gateway]` in the text of `config.toml` and nothing else.

It must not read or write files. Comments, order, line ends and every byte outside the
changed line stay as they were.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from app.failure import CommandFailed
from app.settings.config import NotToml, parse
from app.settings.fields import OnQuit
from app.settings.lines import BOM, line_end, line_of
from proxy.routing import Mode

_HEADER = re.compile(r"[ \t]*\[[ \t]*gateway[ \t]*\][ \t]*(#.*)?")


@dataclass(frozen=True, slots=True)
class _Wish:
    """One setting that is to have a value; `what` names it in a sentence."""

    name: str
    value: str
    what: str

    @property
    def line(self) -> str:
        return f'{self.name} = "{self.value}"'


def with_mode(data: bytes, mode: Mode) -> bytes:
    """Return the file `data` with `[gateway] mode` set to `mode`.

    Raises `CommandFailed` where the file is not valid TOML or is built so that the
    mode cannot be set without changing anything else.
    """
    return _with(data, _Wish("mode", mode.value, "mode"))


def with_on_quit(data: bytes, choice: OnQuit) -> bytes:
    """Return the file `data` with `[gateway] on_quit` set; raises as `with_mode`."""
    return _with(data, _Wish("on_quit", choice.value, "choice for Quit"))


def _with(data: bytes, wish: _Wish) -> bytes:
    try:
        before, text = parse(data)
    except NotToml as broken:
        line = f" (line {broken.problem.line})" if broken.problem.line else ""
        raise _refusal(wish, f"{broken.problem.message[:-1]}{line}.") from None
    gateway = before.get("gateway")
    if gateway is not None and not isinstance(gateway, dict):
        raise _refusal(wish, "`gateway` in it is not a table.")
    if gateway is not None and gateway.get(wish.name) == wish.value:
        return data
    wanted = deepcopy(before)
    wanted["gateway"] = {**(gateway or {}), wish.name: wish.value}
    new = _edited(text, wish, wanted, gateway)
    return (BOM if data.startswith(BOM) else b"") + new.encode()


def _edited(
    text: str,
    wish: _Wish,
    wanted: dict[str, object],
    gateway: dict[str, object] | None,
) -> str:
    """Try the edits that fit, plainest first, and return the first right one."""
    for new in _attempts(text, wish, gateway):
        try:
            if tomllib.loads(new) == wanted:
                return new
        except ValueError:
            continue
    why = "its [gateway] is written in a way that Turnout does not change."
    raise _refusal(wish, why)


def _attempts(
    text: str, wish: _Wish, gateway: dict[str, object] | None
) -> Iterator[str]:
    if gateway is None:
        yield _appended(text, wish)
        return
    if wish.name in gateway:
        yield _spliced(text, wish)
    else:
        yield from _inserted(text, wish)
    yield _rewritten(text, wish)


def _appended(text: str, wish: _Wish) -> str:
    end = line_end(text)
    gap = end if text and not text.endswith("\n") else ""
    blank = end if text else ""
    return f"{text}{gap}{blank}[gateway]{end}{wish.line}{end}"


def _inserted(text: str, wish: _Wish) -> Iterator[str]:
    """Put the line below the table's header, or what looks like one in a text."""
    carriage = line_end(text)[:-1]
    lines = text.split("\n")
    new = wish.line
    for index, line in enumerate(lines):
        if not _HEADER.fullmatch(line.removesuffix("\r")):
            continue
        if index == len(lines) - 1:
            added = [f"{line}{carriage}", new]
        else:
            added = [line, f"{new}{carriage}"]
        yield "\n".join([*lines[:index], *added, *lines[index + 1 :]])


def _spliced(text: str, wish: _Wish) -> str:
    """Return the text with the value exchanged in the line where it stands."""
    line = line_of(text, "gateway", wish.name) or 0
    lines = text.split("\n")
    value = _value_of(wish.name)
    lines[line - 1] = value.sub(f'\\g<1>"{wish.value}"', lines[line - 1], count=1)
    return "\n".join(lines)


def _value_of(name: str) -> re.Pattern[str]:
    """Return what finds a setting's value in its line, behind its name."""
    return re.compile(
        rf"""(\b{name}["']?[ \t]*=[ \t]*)"""
        r"""(\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"]*"|'[^']*'|[^\s,}#]+)"""
    )


def _rewritten(text: str, wish: _Wish) -> str:
    """Let tomlkit set the value where no plain edit fits, as in an inline table.

    Only the one place that differs is taken over: tomlkit gives new lines LF whatever
    the file has. It also moves tables that stand out of order; then nothing is done.
    """
    import tomlkit  # 28 ms, needed here only

    plain = text.replace("\r\n", "\n")
    document = tomlkit.parse(plain)
    gateway = document["gateway"]
    gateway[wish.name] = wish.value
    return _merged(text, plain.split("\n"), document.as_string().split("\n"))


def _merged(text: str, plain: list[str], new: list[str]) -> str:
    matcher = difflib.SequenceMatcher(None, plain, new, autojunk=False)
    edits = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    if len(edits) != 1:
        return text
    ((_, start, stop, new_start, new_stop),) = edits
    carriage = line_end(text)[:-1]
    lines = text.split("\n")
    lines[-1] += carriage
    lines[start:stop] = [f"{line}{carriage}" for line in new[new_start:new_stop]]
    # What stands behind the last line end is no whole line and has none of its own.
    return "\n".join([*lines[:-1], new[-1]])


def _refusal(wish: _Wish, why: str) -> CommandFailed:
    return CommandFailed(
        f"The {wish.what} was not changed",
        f"Turnout cannot write the {wish.what} into config.toml: {why[0].lower()}"
        f"{why[1:]} The file is as it was, and so is the {wish.what}.",
        f'Mend the file, or write {wish.name} = "..." under [gateway] yourself.',
    )
