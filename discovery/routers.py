"""Finds other programs that write clients' settings, by the marks they leave.

It must not read what they keep, only whether it is there: it may be full of keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from discovery.findings import Confidence, RouterFound
from discovery.folders import codex_folder
from discovery.installed import has_program
from discovery.key_shapes import is_on_this_machine, origin_of
from discovery.known_clients import known_client, settings_of
from discovery.settings_text import place_shown, table_of, toml_of
from discovery.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Router:
    """One such program and its marks.

    `files` are its own files below the home folder: one of them proves that it was
    used. `folders` prove less. `profiles` are files it makes beside Codex's settings,
    `tables` providers it writes into them. `ports` are those it listens on as shipped.
    """

    id: str
    name: str
    writes: tuple[str, ...]
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


_MAC = "Library/Application Support"
_FAMILY = ("claude-code", "codex", "gemini-cli")

# Sources: the projects' own documents and code, 2026.
ROUTERS: Final = (
    Router(
        id="cc-switch",
        name="cc-switch",
        writes=("claude-code", "claude-desktop", "codex", "gemini-cli", "opencode"),
        files=(".cc-switch/cc-switch.db", ".cc-switch/config.json"),
        folders=(".cc-switch",),
        programs=("cc-switch",),
        ports=(15721,),
    ),
    Router(
        id="claude-code-router",
        name="claude-code-router",
        writes=("claude-code", "codex"),
        files=(
            ".claude-code-router/config.json",
            ".claude-code-router/config.json5",
            ".claude-code-router/config.sqlite",
        ),
        folders=(".claude-code-router",),
        programs=("ccr",),
        ports=(3456,),
    ),
    Router(
        id="opencodex",
        name="opencodex",
        writes=("codex",),
        files=(".opencodex/config.json",),
        folders=(".opencodex",),
        programs=("ocx",),
        tables=("opencodex",),
        ports=(10100,),
    ),
    Router(
        id="litellm",
        name="LiteLLM (lite configure)",
        writes=("claude-code", "codex"),
        files=(
            ".litellm/claude_configure_state.json",
            ".litellm/codex_configure_state.json",
        ),
        ports=(4000,),
    ),
    Router(
        id="baseten-switch",
        name="Baseten Switch",
        writes=("claude-code", "codex"),
        files=(".config/baseten-switch/gateway.yaml",),
        folders=(".config/baseten-switch",),
        programs=("baseten-switch",),
        profiles=("baseten.config.toml",),
    ),
    Router(
        id="quotio",
        name="Quotio",
        writes=_FAMILY,
        files=(f"{_MAC}/Quotio/config.yaml", ".config/quotio/config.toml"),
        folders=(f"{_MAC}/Quotio",),
        ports=(18317,),
    ),
    Router(
        id="vibeproxy",
        name="VibeProxy",
        writes=_FAMILY,
        files=(".config/vibeproxy/config.yaml", ".vibeproxy/config.yaml"),
        folders=(f"{_MAC}/VibeProxy",),
        programs=("vibeproxy",),
    ),
    Router(
        id="cli-proxy-api",
        name="CLIProxyAPI",
        writes=_FAMILY,
        files=(".cli-proxy-api/config.yaml", "cliproxyapi/config.yaml"),
        folders=(".cli-proxy-api",),
        programs=("cli-proxy-api", "cliproxyapi"),
        ports=(8317, 8318),
    ),
    Router(
        id="ollama-launch",
        name="ollama launch",
        writes=("claude-code", "codex", "opencode", "openclaw"),
        profiles=("ollama-launch.config.toml", "ollama-launch-codex-app.config.toml"),
        tables=("ollama-launch", "ollama-launch-codex-app"),
        ports=(11434,),
    ),
)
"""Every router that is looked for."""


def find_routers(surroundings: Surroundings) -> tuple[RouterFound, ...]:
    """Return the routers that left a mark here; blocks."""
    tables = _codex_tables(surroundings)
    found = (_found(router, surroundings, tables) for router in ROUTERS)
    return tuple(one for one in found if one is not None)


def router_at(address: str) -> str:
    """Return the name of the router that listens on this local address as shipped.

    '' for an address that is not on this machine or a port that none is known for. A
    port is a hint only: say "probably".
    """
    port = urlsplit(origin_of(address)).port
    if not is_on_this_machine(address):
        return ""
    return next((router.name for router in ROUTERS if port in router.ports), "")


def _found(
    router: Router, surroundings: Surroundings, tables: Mapping[str, object]
) -> RouterFound | None:
    evidence = next(_evidence(router, surroundings, tables), None)
    if evidence is None:
        return None
    path, confidence = evidence
    return RouterFound(
        id=router.id,
        name=router.name,
        where=place_shown(path, surroundings),
        writes=router.writes,
        sentence=_sentence(router, surroundings),
        confidence=confidence,
    )


def _evidence(
    router: Router, surroundings: Surroundings, tables: Mapping[str, object]
) -> Iterator[tuple[Path, Confidence]]:
    """Yield what shows a router, the strongest first."""
    home, codex = surroundings.home, codex_folder(surroundings)
    for name in router.files:
        if _has_content(home / name):
            yield home / name, Confidence.SURE
    for name in router.profiles:
        if _has_content(codex / name):
            yield codex / name, Confidence.SURE
    if any(name in tables for name in router.tables):
        yield codex / "config.toml", Confidence.SURE
    for name in router.programs:
        program = has_program(name, surroundings)
        if program is not None:
            yield program, Confidence.LIKELY
    for name in router.folders:
        if (home / name).is_dir():
            yield home / name, Confidence.HINT


def _sentence(router: Router, surroundings: Surroundings) -> str:
    """Say which files it also writes: the first settings file of each client."""
    files = [
        place_shown(settings_of(client, surroundings)[0], surroundings)
        for client in router.writes
        if client != "claude-desktop" and settings_of(client, surroundings)
    ]
    names = [known.name for one in router.writes if (known := known_client(one))]
    if len(files) == 1:
        return f"{router.name} also writes this file: {files[0]}."
    return (
        f"{router.name} also writes these files: {', '.join(files)} "
        f"(settings of {', '.join(names)})."
    )


def _codex_tables(surroundings: Surroundings) -> Mapping[str, object]:
    told = toml_of(codex_folder(surroundings) / "config.toml")
    return table_of(told.get("model_providers"))


def _has_content(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False
