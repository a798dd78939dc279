"""Finds code forges: the remotes of a folder the user named, and `tea`'s accounts.

It must not run git or ask a forge. Tokens stand in both kinds of files, in addresses
and beside them: none is kept, and of an address only scheme, host and port.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from discovery.files import look_at
from discovery.findings import ForgeFound
from discovery.surroundings import Surroundings

_REMOTE: Final = re.compile(r'\s*\[\s*remote\s+"((?:[^"\\]|\\.)*)"\s*\]', re.IGNORECASE)
_SECTION: Final = re.compile(r"\s*\[")
_URL: Final = re.compile(r"\s*url\s*=\s*(.+)", re.IGNORECASE)
_LIKE_SCP: Final = re.compile(
    r"(?:[^@/\s]*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?!:).+"
)
_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")
_ITEM: Final = re.compile(r"(\s*)(?:-\s+)?(name|url)\s*:\s+(.+)")
_SCHEMES: Final = frozenset({"http", "https", "ssh", "git", "git+ssh"})
_KINDS: Final = (
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("codeberg", "Forgejo"),
    ("forgejo", "Forgejo"),
    ("gitea", "Gitea"),
    ("bitbucket", "Bitbucket"),
)
_LONGEST: Final = 200


def find_forges(surroundings: Surroundings) -> tuple[ForgeFound, ...]:
    """Return the forges that the named folder and `tea` speak of; reads files.

    `name` is that of the remote or of the account, `kind` is told by the host's name
    and `Git` where that tells nothing.
    """
    found = list(_accounts(surroundings))
    if surroundings.folder is not None:
        gitea = {each.address for each in found}
        found += _remotes(surroundings.folder, gitea)
    return tuple(dict.fromkeys(found))


# --- remotes ---


def _remotes(folder: Path, gitea: set[str]) -> Iterator[ForgeFound]:
    file = _config_file(folder)
    remote = ""
    for line in _text(file).splitlines():
        started = _REMOTE.match(line)
        if started or _SECTION.match(line):
            remote = started[1].replace("\\", "") if started else ""
        told = _URL.match(line)
        address = remote_address(told[1]) if told and remote else ""
        if address:
            kind = "Gitea" if address in gitea else _kind(address)
            yield ForgeFound(_plain(remote), kind, address, str(file))


def _config_file(folder: Path) -> Path:
    """Return the settings of the repository in `folder`, a worktree's main ones."""
    inner = folder / ".git"
    if not inner.is_file():
        return inner / "config"
    led = _text(inner).partition("gitdir:")[2].strip()
    own = folder / led
    common = _text(own / "commondir").strip()
    return own / common / "config"


def remote_address(url: str) -> str:
    """Return scheme, host and port of a remote, '' for one that is on this machine.

    User names, passwords and paths are left out. The short form of SSH, `host:path`,
    is understood.
    """
    plain = url.strip().strip('"')
    if "://" not in plain:
        short = None if _DRIVE.match(plain) else _LIKE_SCP.fullmatch(plain)
        return f"ssh://{short[1].lower()}" if short else ""
    try:
        parts = urlsplit(plain)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in _SCHEMES or not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}"


def _kind(address: str) -> str:
    host = urlsplit(address).hostname or ""
    return next((kind for part, kind in _KINDS if part in host), "Git")


# --- accounts of Gitea's own command ---


def _accounts(surroundings: Surroundings) -> Iterator[ForgeFound]:
    for file in _tea_files(surroundings):
        for name, url in _logins(_text(file)):
            address = remote_address(url)
            if address:
                yield ForgeFound(_plain(name), "Gitea", address, str(file))


def _tea_files(surroundings: Surroundings) -> Iterator[Path]:
    home = surroundings.home
    yield surroundings.config_home / "tea" / "config.yml"
    yield home / ".tea" / "tea.yml"
    if surroundings.platform == "darwin":
        yield home / "Library/Application Support/tea/config.yml"
    local = surroundings.environ.get("LOCALAPPDATA")
    if surroundings.platform == "win32" and local:
        yield Path(local) / "tea" / "config.yml"


def _logins(text: str) -> Iterator[tuple[str, str]]:
    """Give name and address of each login; no other line of the file is looked at."""
    inside, name, url = False, "", ""
    for line in text.splitlines():
        if re.match(r"[A-Za-z_]", line):  # the next part of the file
            inside = line.startswith("logins:")
            continue
        if not inside:
            continue
        if re.match(r"\s*-\s", line):
            if url:
                yield name, url
            name = url = ""
        told = _ITEM.match(line)
        if told and told[2] == "name":
            name = _scalar(told[3])
        elif told:
            url = _scalar(told[3])
    if url:
        yield name, url


def _scalar(text: str) -> str:
    plain = text.strip()
    return plain[1:-1] if plain[:1] in {'"', "'"} else plain.partition(" #")[0].strip()


# --- both ---


def _text(file: Path) -> str:
    return (look_at(file).data or b"").decode("utf-8", "replace")


def _plain(name: str) -> str:
    return "".join(filter(str.isprintable, name))[:_LONGEST]
