"""Reads what shell start-up files set, line by line; only with the user's consent.

It must not run a shell or expand anything, and the values it hands on show themselves
nowhere: callers keep at most a key's last four characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Final

from discovery.settings_text import place_shown, text_of, unquoted
from discovery.surroundings import Surroundings

ROOT: Final = Path("/")
"""Where the system's own files begin."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SET = re.compile(rf"({_NAME})=(.*)\Z", re.DOTALL)
_EXPORTS = frozenset({"export", "declare", "typeset", "readonly"})
_DOLLAR = "\ue024"
"""Stands for a `$` that is one: in single quotes, or after a backslash."""

_KEYWORDS = frozenset({"then", "do", "else", "{", "if", "elif", "!", "while"})
_SEPARATORS = frozenset(";&|()")
_FISH_VARIABLE = re.compile(rf"SETUVAR\s+--export\s+({_NAME}):(.*)\Z")
_FISH_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})|\\(.)")
_FISH_COMMAND = re.compile(r"(?<!\$)\(([^()]*)\)")  # what POSIX writes `$(...)`
_POWERSHELL = (
    re.compile(rf"\s*\$env:({_NAME})\s*=\s*(.+)\Z", re.IGNORECASE),
    re.compile(
        rf"\s*\[(?:System\.)?Environment\]::SetEnvironmentVariable\(\s*['\"]({_NAME})"
        r"['\"]\s*,\s*(['\"].*?['\"])",
        re.IGNORECASE,
    ),
)


@dataclass(frozen=True, slots=True)
class Assigned:
    """A variable that a start-up file sets.

    `where` is the place in words (`~/.zshrc, line 12`). `exported` says that programs
    started from the shell get it. `head` is the line up to the value. A value that the
    shell would have to work out (`worked_out`) is kept as it stands, `$(...)` and all.
    `at_login` says that the login session reads it, and not a shell.
    """

    name: str
    value: str = field(repr=False)
    where: str
    head: str
    exported: bool = True
    worked_out: bool = False
    at_login: bool = False


def assignments(surroundings: Surroundings, system: Path = ROOT) -> Iterator[Assigned]:
    """Yield what the shell start-up files of this user set, file by file.

    `system` is where the system's own files begin. Files that are not there or cannot
    be read are passed over.
    """
    for path, reader in _files(surroundings, system):
        text = text_of(path)
        if text:
            yield from _read(text, reader, path, surroundings)


Reader = Callable[[str], Iterator[Assigned]]


def _files(surroundings: Surroundings, system: Path) -> Iterator[tuple[Path, Reader]]:
    home, config = surroundings.home, surroundings.config_home
    zsh = surroundings.environ.get("ZDOTDIR", "")
    dots = Path(zsh) if zsh.startswith("/") else home
    for name in (".zshenv", ".zprofile", ".zshrc", ".zlogin"):
        yield dots / name, _shell
    for name in (".bashrc", ".bash_profile", ".bash_login", ".profile"):
        yield home / name, _shell
    yield config / "fish" / "config.fish", _fish
    yield config / "fish" / "fish_variables", _fish_variables
    for path in sorted((config / "environment.d").glob("*.conf"))[:50]:
        yield path, _plain
    yield system / "etc" / "environment", _plain
    for folder in _powershell_folders(surroundings):
        for name in ("profile.ps1", "Microsoft.PowerShell_profile.ps1"):
            yield folder / name, _powershell


def _powershell_folders(surroundings: Surroundings) -> Iterator[Path]:
    yield surroundings.config_home / "powershell"
    if surroundings.platform == "win32":
        yield surroundings.home / "Documents" / "PowerShell"
        yield surroundings.home / "Documents" / "WindowsPowerShell"


def _read(
    text: str, reader: Reader, path: Path, surroundings: Surroundings
) -> Iterator[Assigned]:
    exported = set(_exported_later(text)) if reader is _shell else set()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or len(line) > 10_000:
            continue
        where = place_shown(path, surroundings, number)
        for found in reader(line):
            known = found.exported or found.name in exported
            login = reader is _plain
            yield replace(found, where=where, exported=known, at_login=login)


def _assigned(name: str, value: str, head: str, *, exported: bool = True) -> Assigned:
    """Return what a line sets, and whether a shell has to work the value out."""
    return Assigned(
        name,
        value.replace(_DOLLAR, "$"),
        "",
        head.replace(_DOLLAR, "$"),
        exported,
        worked_out="$" in value or "`" in value,
    )


# --- POSIX shells ---


def _exported_later(text: str) -> Iterator[str]:
    """Yield names that stand alone after `export`: set on some other line."""
    for line in text.splitlines():
        for words in _commands(line):
            if len(words) > 1 and words[0] == "export":
                yield from (word for word in words[1:] if "=" not in word)


def _shell(line: str) -> Iterator[Assigned]:
    for words in _commands(line):
        exports = words[0] in _EXPORTS
        if exports:
            flags = "".join(word for word in words[1:] if word.startswith("-"))
            spread = words[0] == "export" or "x" in flags
        else:
            spread = False
        pairs = [match for word in words if (match := _SET.match(word))]
        # `NAME=value program` sets the name for that program only.
        if exports or len(pairs) == len(words):
            head = f"{words[0]} " if exports else ""
            for match in pairs:
                name = match[1]
                yield _assigned(name, match[2], f"{head}{name}=", exported=spread)


def _commands(line: str) -> Iterator[list[str]]:
    """Split a line into commands of words, quotes taken off; comments are left out."""
    words: list[str] = []
    for word in _words(line):
        if word in _SEPARATORS:
            if words:
                yield words
            words = []
        elif words or word not in _KEYWORDS:
            words.append(word)
    if words:
        yield words


def _words(line: str) -> Iterator[str]:
    """Yield words, and separators as words of one character."""
    word, started, place = "", False, 0
    while place < len(line):
        sign = line[place]
        if sign == "#" and not started:
            break
        if sign.isspace() or sign in _SEPARATORS:
            if started:
                yield word
            if not sign.isspace():
                yield sign
            word, started, place = "", False, place + 1
            continue
        part, place = _piece(line, place)
        word, started = word + part, True
    if started:
        yield word


def _piece(line: str, place: int) -> tuple[str, int]:
    """Return the next piece of a word and where it ends."""
    sign = line[place]
    if sign in "'\"":
        return _quoted(line, place)
    if sign == "\\" and place + 1 < len(line):
        return _as_it_is(line[place + 1]), place + 2
    if line.startswith("$(", place) or sign == "`":
        # What a command prints is not known: it is kept as a reference.
        end = line.find("`" if sign == "`" else ")", place + 1)
        end = len(line) if end < 0 else end + 1
        return line[place:end], end
    return sign, place + 1


def _quoted(line: str, place: int) -> tuple[str, int]:
    quote, start = line[place], place + 1
    kept = ""
    while start < len(line) and line[start] != quote:
        escaped = quote == '"' and line[start] == "\\" and start + 1 < len(line)
        start += escaped
        literal = escaped or quote == "'"
        kept += _as_it_is(line[start]) if literal else line[start]
        start += 1
    return kept, start + 1


def _as_it_is(sign: str) -> str:
    return _DOLLAR if sign == "$" else sign


# --- fish, PowerShell, plain files ---


def _fish(line: str) -> Iterator[Assigned]:
    for words in _commands(_FISH_COMMAND.sub(r"$(\1)", line)):
        if words[0] == "export":
            yield from _shell(line)
            return
        if words[0] != "set":
            continue
        flags = list(takewhile(lambda word: word.startswith("-"), words[1:]))
        rest = words[1 + len(flags) :]
        short = "".join(word[1:] for word in flags if not word.startswith("--"))
        if len(rest) > 1:
            spread = "x" in short or "--export" in flags
            head = " ".join(["set", *flags, rest[0]])
            value = " ".join(rest[1:])
            yield _assigned(rest[0], value, f"{head} ", exported=spread)


def _fish_variables(line: str) -> Iterator[Assigned]:
    match = _FISH_VARIABLE.match(line)
    if match:
        value = _FISH_ESCAPE.sub(
            lambda m: chr(int(m[1], 16)) if m[1] else m[2], match[2]
        )
        yield Assigned(match[1], value, "", f"SETUVAR --export {match[1]}:")


def _plain(line: str) -> Iterator[Assigned]:
    text = line.strip().removeprefix("export ").strip()
    match = _SET.match(text)
    if match:
        yield _assigned(match[1], unquoted(match[2].strip()), f"{match[1]}=")


def _powershell(line: str) -> Iterator[Assigned]:
    for pattern in _POWERSHELL:
        match = pattern.match(line)
        if match:
            raw, head = match[2].strip(), line[: match.start(2)].lstrip()
            value = unquoted(raw)
            if raw.startswith("'"):
                value = value.replace("$", _DOLLAR)
            yield _assigned(match[1], value, head)
            return
