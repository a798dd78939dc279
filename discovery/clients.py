"""Finds coding tools: what is installed, which version, where its settings point.

It must not start a program, change a file or keep what it read beyond its findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from discovery.findings import ClientFound, Confidence, RouterFound
from discovery.installed import (
    Extension,
    Program,
    extensions_of,
    has_program,
    program_of,
)
from discovery.key_shapes import is_gateway, is_on_this_machine, origin_of
from discovery.known_clients import (
    KNOWN,
    Known,
    desktop_folder,
    known_client,
    settings_of,
)
from discovery.logins import sign_in_of
from discovery.overrides import overrides_of
from discovery.routers import find_routers
from discovery.settings_text import place_shown, settings_named
from discovery.shell_files import Assigned, assignments
from discovery.surroundings import Surroundings

Processes = Callable[[], Iterable[tuple[str, ...]]]
"""Yields of every process its name and the first two words of its command line."""

_INTERPRETERS = ("node", "bun", "deno", "python", "python3")
_PLACEHOLDER = "This is the empty package that npm installs where Node is too old."
_FOLDER_ONLY = "Its settings are there, its program was not found."
_BUILT_IN = "VS Code was found; Copilot Chat is part of its newer versions."


def processes_now() -> Iterable[tuple[str, ...]]:
    """Return every process's name and the first two words of its command line.

    The name is the whole path of its executable where this user may read that, as of
    its own processes. The words are only compared and never kept: later ones may hold
    a key and are not handed on.
    """
    import psutil  # noqa: PLC0415 - slow to import and only needed here

    for process in psutil.process_iter(["name", "exe", "cmdline"]):
        name = process.info["exe"] or process.info["name"] or ""
        yield (name, *(process.info["cmdline"] or ())[:2])


def find_clients(
    surroundings: Surroundings,
    own_port: int | None = None,
    *,
    shell_files: bool = False,
    processes: Processes = processes_now,
) -> tuple[ClientFound, ...]:
    """Return the clients that are here, in the order they are shown in; blocks.

    `own_port` is where Turnout listens. With `shell_files`, to which the user agreed,
    shell start-up files are read for what wins over a client's settings.
    """
    wanted = frozenset(one for known in KNOWN for one in known.extensions)
    ground = _Ground(
        surroundings,
        extensions_of(surroundings, wanted),
        tuple(processes()),
        own_port,
        tuple(assignments(surroundings)) if shell_files else (),
        find_routers(surroundings),
    )
    pairs = ((known, _seen(known, ground)) for known in KNOWN)
    return tuple(_finding(known, seen, ground) for known, seen in pairs if seen)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What showed a client: its program, its extensions, its folder, a process."""

    program: Program | None
    extensions: tuple[Extension, ...]
    folder: Path | None
    running: bool = False


@dataclass(frozen=True, slots=True)
class _Ground:
    """What is the same for every client of one look."""

    surroundings: Surroundings
    extensions: tuple[Extension, ...]
    processes: tuple[tuple[str, ...], ...]
    own_port: int | None
    lines: tuple[Assigned, ...]
    routers: tuple[RouterFound, ...]


def _seen(known: Known, ground: _Ground) -> _Seen | None:
    surroundings = ground.surroundings
    program = program_of(known, surroundings)
    own = tuple(one for one in ground.extensions if one.id in known.extensions)
    folder = _folder(known, surroundings)
    if program is None and known.id == "copilot" and not own:
        editor = has_program("code", surroundings)
        program = Program(editor) if editor else None
    if program is None and not own and folder is None:
        return None
    runs = any(_is_running(known, program, each) for each in ground.processes)
    return _Seen(program, own, folder, runs)


def _folder(known: Known, surroundings: Surroundings) -> Path | None:
    """Return the folder or file that a client leaves behind, None without one."""
    candidates = list(settings_of(known.id, surroundings))
    if known.folder:
        candidates.append(surroundings.home / known.folder)
    if known.id == "claude-desktop":
        candidates.append(desktop_folder(surroundings) / "claude_desktop_config.json")
    if known.id == "copilot":
        return None
    there = [path for path in candidates if path.exists()]
    if not there:
        return None
    return there[0] if there[0].is_dir() else there[0].parent


def _finding(known: Known, seen: _Seen, ground: _Ground) -> ClientFound:
    surroundings, client = ground.surroundings, known.id
    where, version, confidence = _evidence(seen)
    files = settings_of(client, surroundings)
    return ClientFound(
        id=client,
        name=known.name,
        version=version,
        where=place_shown(where, surroundings),
        reach=known.reach,
        confidence=confidence,
        settings=tuple(place_shown(path, surroundings) for path in files),
        running=seen.running,
        sign_in=sign_in_of(client, surroundings),
        gateway=gateway_named(client, surroundings, ground.own_port),
        gives=known.gives,
        notes=(*known.notes, *_notes(known, seen), *_writers(client, ground)),
        overrides=overrides_of(
            client, surroundings, ground.own_port, lines=ground.lines
        ),
    )


def _evidence(seen: _Seen) -> tuple[Path, str, Confidence]:
    """Return where a client is, its version, and how sure that is."""
    program, extensions = seen.program, seen.extensions
    if program is not None and program.proven:
        return program.path, program.version, Confidence.SURE
    proven = next((one for one in extensions if one.proven), None)
    if proven is not None:
        return proven.path, proven.version, Confidence.SURE
    if program is not None:
        mine = not program.other and seen.folder is not None
        return program.path, "", Confidence.LIKELY if mine else Confidence.HINT
    if extensions:
        return extensions[0].path, "", Confidence.HINT
    return seen.folder or Path(), "", Confidence.HINT


def _notes(known: Known, seen: _Seen) -> Iterator[str]:
    program = seen.program
    if program is None and not seen.extensions:
        yield _FOLDER_ONLY
    if program is not None and program.other:
        yield f"The program of this name belongs to the package {program.other[:60]}."
    if program is not None and program.version == "0.0.1":
        yield _PLACEHOLDER
    if known.id == "copilot" and not seen.extensions:
        yield _BUILT_IN
    for one in seen.extensions:
        version = f", version {one.version}" if one.version else ""
        yield f"As an extension of {one.editor}{version}."


def _writers(client: str, ground: _Ground) -> Iterator[str]:
    for router in ground.routers:
        if client in router.writes and router.confidence is not Confidence.HINT:
            yield f"{router.name} also writes its settings."


# --- where its settings point ---


def gateway_named(
    client: str, surroundings: Surroundings, own_port: int | None = None
) -> str:
    """Return the local address that a client's settings name, '' for none.

    Our own gateway comes before any other. Only scheme, host and port are told.
    """
    known = known_client(client)
    if known is None or known.addresses is None:
        return ""
    values = [
        value
        for path in settings_of(client, surroundings)
        for value in settings_named(path, known.addresses)
        if is_on_this_machine(value)
    ]
    values.sort(key=lambda value: not is_gateway(value, own_port))
    return origin_of(values[0]) if values else ""


# --- what runs ---


def _is_running(
    known: Known, program: Program | None, process: tuple[str, ...]
) -> bool:
    """Say whether a process is the client's, and of the very program that was found.

    Another home, or another user, may have a program of the same name.
    """
    name, *words = process
    if known.id not in _clients_of(name, words):
        return False
    runs = [
        Path(path)
        for path in (
            name,
            words[1] if _interprets(_stem(name)) and words[1:] else "",
        )
        if path.startswith("/")
    ]
    # What cannot be read is another user's, or started by a relative path.
    if program is None or not runs:
        return True
    return any(_is_of(program, path) for path in runs)


def _is_of(program: Program, path: Path) -> bool:
    """Say whether an executable or script belongs to what a program was found as."""
    try:
        own, real = program.path.resolve(), path.resolve()
    except (OSError, RuntimeError):
        return False
    # A program and what it starts share a folder, or the one above: `bin/x`, and
    # `versions/2` after an update.
    return real == own or real.is_relative_to(own.parent.parent)


def _clients_of(name: str, words: list[str]) -> set[str]:
    path = words[0].replace("\\", "/") if words else ""
    by_path = {
        known.id
        for known in KNOWN
        if any(fragment in path for fragment in known.fragments)
    }
    if by_path:
        return by_path
    names = {_stem(name), _stem(path)}
    script = words[1].replace("\\", "/") if len(words) > 1 else ""
    if any(map(_interprets, names)):
        names.add(_stem(script))
    else:
        script = ""
    return {
        known.id
        for known in KNOWN
        if names & {*known.programs, *known.processes}
        or any(f"/{package}/" in script for package in known.packages)
    }


def _interprets(stem: str) -> bool:
    return stem in _INTERPRETERS or stem.startswith("python3.")


def _stem(path: str) -> str:
    last = PurePosixPath(path).name
    for ending in (".exe", ".js", ".mjs", ".py", ".cmd"):
        last = last.removesuffix(ending)
    return last
