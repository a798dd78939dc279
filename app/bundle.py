"""Puts a support bundle together: what helps to find a fault, and nothing private.

No key, prompt, answer or header can get in, nor where a user's work lies: values are
picked by name, and all text goes through one redaction at the end. What is written is
exactly what is shown before.
"""

from __future__ import annotations

import io
import os
import platform
import re
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from app.doctor.report import BundlePart
from proxy.catalogue.keyref import parse_key
from proxy.web_proxies import shown_address

if TYPE_CHECKING:
    from app.doctor.report import Check
    from app.logs import LogLine
    from proxy.ledger.checkup import Checkup
    from wizard.records import Wiring

LOG_LINES: Final = 200
"""The newest lines of the log that go in."""

REDACTED: Final = "[redacted]"
ELSEWHERE: Final = "~/[...]"

# How keys of well-known vendors begin, after any character that no word goes on with.
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-|tnt_|ghp_|gho_|ghs_|github_pat_|gsk_|csk-|xai-|hf_|AIza|"
    r"AKIA|ya29\.|xox[abp]-|glpat-|eyJ)[A-Za-z0-9._~+/=-]{6,}"
)
_USERINFO = re.compile(r"([a-z][a-z0-9+.-]*://)[^\s/@\"']+@", re.IGNORECASE)
_QUERY = re.compile(r"(https?://[^\s?\"'#]+)[?#][^\s\"']*")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_HOMES = re.compile(r"(?:/home|/Users|[A-Za-z]:[\\/]+Users)[\\/]+[^\s/\\:\"',]+")
# Below the home folder only what begins with a dot is told: programs' own settings.
_BELOW_HOME = re.compile(r"~[\\/]+(?!\.[A-Za-z])[^\s\"',;:)\]}]+")

_GATEWAY: Final = frozenset(
    {
        "port",
        "mode",
        "experimental_tools",
        "price_ceiling",
        "first_byte_seconds",
        "stream_silence_seconds",
        "drain_seconds",
    }
)
_PROVIDER: Final = frozenset(
    {"id", "protocols", "billing", "place", "any_model", "auth", "probe", "quota"}
)
_MODEL: Final = frozenset({"id", "lane", "context", "max_output", "tools", "vision"})


@dataclass(frozen=True, slots=True)
class Redaction:
    """Takes out what nobody else may read.

    `home` is the user's home folder; `known` blots out every key this process holds.
    """

    home: Path
    known: Callable[[str], str]

    def __call__(self, text: str) -> str:
        """Return `text` without keys, credentials, mail addresses and private paths."""
        text = self.known(text)
        text = _USERINFO.sub(r"\1", text)
        text = _QUERY.sub(r"\1", text)
        text = _BEARER.sub(rf"\1 {REDACTED}", text)
        text = _KEY.sub(REDACTED, text)
        text = _MAIL.sub(REDACTED, text)
        if len(self.home.parts) > 1:
            text = text.replace(str(self.home), "~")
        text = _HOMES.sub("~", text)
        return _BELOW_HOME.sub(ELSEWHERE, text)


@dataclass(frozen=True, slots=True)
class Material:
    """What a bundle is made of, before it is redacted."""

    checks: Sequence[Check]
    version: str
    config: bytes
    log: Sequence[LogLine]
    wirings: Sequence[Wiring]
    checkup: Checkup
    sqlite: str


def parts(material: Material, redact: Redaction) -> tuple[BundlePart, ...]:
    """Return the files of the bundle, exactly as they are written."""
    texts = {
        "report.txt": "\n".join(_report(material.checks)),
        "versions.txt": "\n".join(_versions(material)),
        "config.txt": "\n".join(_config(material.config)),
        "log.jsonl": "\n".join(_logged(material.log)),
        "clients.txt": "\n".join(_wirings(material.wirings)),
        "record.txt": "\n".join(_record(material.checkup)),
    }
    return tuple(BundlePart(name, redact(text) + "\n") for name, text in texts.items())


_QUOTING: Final = frozenset({"drift", "override"})
"""Codes whose sentences quote other programs' files."""


def _report(checks: Sequence[Check]) -> Iterator[str]:
    for check in checks:
        if check.code in _QUOTING and check.action:
            yield f"{check.state}: {check.code}: (what it quotes is left out)"
            continue
        yield f"{check.state}: {check.code}: {check.means}"
        if check.action:
            yield f"    {check.action}"


def _versions(material: Material) -> Iterator[str]:
    yield f"turnout {material.version}"
    yield f"python {platform.python_version()} ({platform.python_implementation()})"
    yield f"sqlite {material.sqlite}"
    yield f"system {platform.system()} {platform.release()} {platform.machine()}"


def _logged(lines: Sequence[LogLine]) -> Iterator[str]:
    for line in lines:
        yield msgspec.json.encode(line).decode()


def _wirings(wirings: Sequence[Wiring]) -> Iterator[str]:
    """Tell what was done to which file by which keys; no value of any of them."""
    from wizard.naming import key_name

    if not wirings:
        yield "No client was connected by Turnout."
    for wiring in wirings:
        when = f"{wiring.time:%Y-%m-%dT%H:%M:%SZ}"
        yield (
            f"{wiring.number}: {wiring.client}: {wiring.state}, {when}, port "
            f"{wiring.port}"
        )
        for file in wiring.files:
            names = ", ".join(key_name(key.path) for key in file.keys)
            yield f"    {file.path} ({file.format}): {names or 'the whole file'}"


def _record(seen: Checkup) -> Iterator[str]:
    if not seen.exists:
        yield "There is no record."
        return
    yield f"size {seen.size} bytes, version {seen.version} of {seen.newest}"
    yield f"sound {seen.sound}, error {seen.error or 'none'}"
    yield f"without guards: {', '.join(seen.unguarded) or 'none'}"
    for table, number in seen.counts:
        yield f"{table}: {number}"


# --- config.toml ---


def _config(data: bytes) -> Iterator[str]:
    """Tell of the user's file what is known by name; comments and prose stay out."""
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        yield f"It does not parse ({len(data)} bytes)."
        return
    yield f"{len(data)} bytes"
    yield from _known("gateway", table.get("gateway"), _GATEWAY)
    for number, entry in enumerate(_tables(table.get("providers")), 1):
        yield f"[provider {number}]"
        yield from _provider(entry)
    others = sorted(set(table) - {"gateway", "providers"})
    for name in others:
        yield f"[{_word(name)}] {len(_tables(table[name])) or 1} entries, left out"


def _provider(entry: Mapping[str, object]) -> Iterator[str]:
    if "base_url" in entry:
        yield f"base_url = {_address(entry['base_url'])}"
    if "key" in entry:
        yield f"key = {_reference(entry['key'])}"
    yield from _lines(entry, _PROVIDER)
    for model in _tables(entry.get("models")):
        yield f"model {', '.join(_lines(model, _MODEL))}"
    left = sorted(set(entry) - _PROVIDER - {"base_url", "key", "models"})
    if left:
        yield f"also set, left out: {', '.join(map(_word, left))}"


def _known(name: str, table: object, names: frozenset[str]) -> Iterator[str]:
    if isinstance(table, Mapping):
        yield f"[{name}]"
        yield from _lines(table, names)


def _lines(table: Mapping[str, object], names: frozenset[str]) -> Iterator[str]:
    for name in sorted(names & set(table)):
        yield f"{name} = {_plain(table[name])}"


def _plain(value: object) -> str:
    """Return a value that a key cannot hide in: numbers, yes and no, short words."""
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return _word(value)


def _word(value: object) -> str:
    text = str(value)
    fit = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,63}|/[A-Za-z0-9._/-]*|", text)
    # Long and without a word's shape: it may be a key in a place for something else.
    return text if fit and not re.search(r"[A-Za-z0-9_-]{32,}", text) else REDACTED


def _address(value: object) -> str:
    text = str(value)
    try:
        path = urlsplit(text).path
    except ValueError:
        return REDACTED
    return f"{shown_address(text)}{_word(path)}"


def _reference(value: object) -> str:
    """Return a key's reference; whatever else stands there is not repeated."""
    found = parse_key(value) if isinstance(value, str) else None
    return REDACTED if found is None else str(found)


def _tables(value: object) -> list[Mapping[str, object]]:
    rows = value if isinstance(value, list) else []
    return [each for each in rows if isinstance(each, Mapping)]


# --- writing ---


def write_bundle(path: Path, files: Sequence[BundlePart]) -> None:
    """Write the bundle, for this user alone: a zip where its name says so, else text.

    Raises `FileExistsError` where something is there already, and `OSError` where it
    cannot be written.
    """
    data = _zipped(files) if path.suffix.lower() == ".zip" else as_text(files).encode()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no Path
        file.write(data)


def as_text(files: Sequence[BundlePart]) -> str:
    """Return all files as one text, each under a line with its name."""
    return "\n".join(f"=== {each.name} ===\n{each.text}" for each in files)


def _zipped(files: Sequence[BundlePart]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in files:
            archive.writestr(each.name, each.text)
    return held.getvalue()
