"""Changes the mode in the text of a user's `config.toml` and nothing else.

It must not read or write files. Comments, order, line ends and every byte outside the
changed line stay as they were.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from copy import deepcopy

from app.failure import CommandFailed
from app.settings.config import NotToml, parse
from proxy.routing import Mode

_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(r"[ \t]*\[[ \t]*gateway[ \t]*\][ \t]*(#.*)?")


def with_mode(data: bytes, mode: Mode) -> bytes:
    """Return the file `data` with `[gateway] mode` set to `mode`.

    Raises `CommandFailed` where the file is not valid TOML or is built so that the
    mode cannot be set without changing anything else.
    """
    try:
        before, text = parse(data)
    except NotToml as broken:
        line = f" (line {broken.problem.line})" if broken.problem.line else ""
        raise _refusal(f"{broken.problem.message[:-1]}{line}.") from None
    gateway = before.get("gateway")
    if gateway is not None and not isinstance(gateway, dict):
        raise _refusal("`gateway` in it is not a table.")
    if gateway is not None and gateway.get("mode") == mode:
        return data
    wanted = deepcopy(before)
    wanted["gateway"] = {**(gateway or {}), "mode": mode.value}
    new = _edited(text, mode, wanted, gateway)
    return (_BOM if data.startswith(_BOM) else b"") + new.encode()


def _edited(
    text: str,
    mode: Mode,
    wanted: dict[str, object],
    gateway: dict[str, object] | None,
) -> str:
    """Try the edits that fit, plainest first, and return the first right one."""
    if gateway is None:
        attempts = [_appended(text, mode)]
    elif "mode" in gateway:
        attempts = [_replaced(text, mode)]
    else:
        attempts = [_inserted(text, mode), _replaced(text, mode)]
    for new in attempts:
        try:
            if tomllib.loads(new) == wanted:
                return new
        except ValueError:
            continue
    raise _refusal("its [gateway] is written in a way that Turnout does not change.")


def _line_end(text: str) -> str:
    """Return the line end that most lines of the file have."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def _appended(text: str, mode: Mode) -> str:
    end = _line_end(text)
    gap = end if text and not text.endswith("\n") else ""
    blank = end if text else ""
    return f'{text}{gap}{blank}[gateway]{end}mode = "{mode}"{end}'


def _inserted(text: str, mode: Mode) -> str:
    """Return the text with the mode right below the table's header."""
    end = _line_end(text)
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if _HEADER.fullmatch(line.removesuffix("\r")):
            last = index == len(lines) - 1
            lines[index] = f"{line}{end if last else ''}"
            new = f'mode = "{mode}"{"" if last else end[:-1]}'
            return "\n".join([*lines[: index + 1], new, *lines[index + 1 :]])
    return text


def _replaced(text: str, mode: Mode) -> str:
    """Let tomlkit set the value, then take over only the lines that differ.

    tomlkit gives new lines LF whatever the file has, and touches blank lines.
    """
    import tomlkit  # 28 ms, needed on a change only

    plain = text.replace("\r\n", "\n")
    document = tomlkit.parse(plain)
    gateway = document["gateway"]
    gateway["mode"] = mode.value
    return _merged(text, plain, document.as_string())


def _merged(text: str, plain: str, new: str) -> str:
    end = _line_end(text)
    old_lines = text.split("\n")
    new_lines = new.split("\n")
    matcher = difflib.SequenceMatcher(
        None, plain.split("\n"), new_lines, autojunk=False
    )
    lines: list[str] = []
    for kind, start, stop, new_start, new_stop in matcher.get_opcodes():
        if kind == "equal":
            lines += old_lines[start:stop]
        else:
            lines += [f"{one}{end[:-1]}" for one in new_lines[new_start:new_stop]]
    return "\n".join(lines)


def _refusal(why: str) -> CommandFailed:
    return CommandFailed(
        "The mode was not changed",
        f"Turnout cannot write the mode into config.toml: {why[0].lower()}{why[1:]}"
        " The file is as it was, and so is the mode.",
        'Mend the file, or write mode = "..." under [gateway] yourself.',
    )
