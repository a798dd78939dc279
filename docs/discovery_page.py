"""Makes the page of what is looked for on a machine; writes no file.

Variables, ports, clients and other routers come from the tables that discovery itself
reads. The marks of servers are told here in words; a test holds them complete.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import resources
from discovery.findings import ServerKind
from discovery.knock import CONNECT_SECONDS, READ_SECONDS
from discovery.known_clients import KNOWN
from discovery.ports import USUAL
from discovery.routers import ROUTERS
from discovery.scan import SECONDS
from discovery.server_words import PROVIDERS

_TEXT: Final = """\
`turnout discover` and the first run look for these. Nothing is started, no shell is
run, no key is sent anywhere, and nothing is changed; [the
guide](../guide/first-run.md) says what that means."""

_KEYS: Final = """\
Variables of the environment and, if you agree, of shell start-up files. Of a value only
the last four characters are shown. Our own entries of the system keyring are looked up
by the provider's id."""

_SERVERS: Final = f"""\
They are asked at `127.0.0.1` and `::1`, on the ports {", ".join(map(str, USUAL[:7]))},
{", ".join(map(str, USUAL[7:]))}, on those that `OLLAMA_HOST`, `LLAMA_ARG_PORT`,
`LOCALAI_ADDRESS`, `OPENEDAI_PORT` and LM Studio's own settings name, and at an address
of yours (`--host`). On this machine a connection has {CONNECT_SECONDS:g} s, an answer
{READ_SECONDS:g} s more; everything together has {SECONDS:g} s. The marks, in the order
in which they are tried:"""

_CLIENTS: Final = """\
By their programs, packages, extensions and folders. How each is connected is in [what
is set in coding tools](wiring.md)."""

_ROUTERS: Final = """\
Programs that write the same files, known by what they leave below the home folder.
What they keep is not read."""

MARKS: Final[Mapping[ServerKind, str]] = {
    ServerKind.LOCALAI: "`/.well-known/localai.json`; in older releases `/readyz` "
    "beside Ollama's greeting",
    ServerKind.KOBOLDCPP: "`/api/extra/version` says KoboldCpp",
    ServerKind.JAN: "the title of `/openapi.json`",
    ServerKind.OPEN_WEBUI: "`/api/version` with a `deployment_id`",
    ServerKind.LLAMA_CPP: "`/props` with `build_info`, or the words it says while it "
    "loads a model; its list of models where `/props` is closed",
    ServerKind.LM_STUDIO: "its own lists `/api/v1/models` or `/api/v0/models`, or the "
    "way it answers a path that it does not know",
    ServerKind.LITELLM: "`/health/liveliness`; never `/health`, which calls models for "
    "money",
    ServerKind.VLLM: "`/version`, and `vllm` as the owner in its list of models",
    ServerKind.OLLAMA: "greeting, `/api/version` and `/api/tags`, after LocalAI and "
    "llama.cpp, which imitate it, are ruled out",
    ServerKind.TEXT_GENERATION_WEBUI: "`/v1/internal/model/info`",
    ServerKind.TABBY_API: "`/v1/model`",
    ServerKind.UNKNOWN: "a list of models in OpenAI's form at `/v1/models`",
}
"""What each kind of server is known by; a port proves nothing."""


def discovery_page(made: str) -> str:
    """Return the page; `made` is the sentence that says who writes it."""
    parts = ["# What is looked for", "", made, "", _TEXT]
    for title, lines in (
        ("Keys", _keys()),
        ("Model servers", _servers()),
        ("Coding tools", _clients()),
        ("Other routers", _routers()),
    ):
        parts += ["", f"## {title}", "", *lines]
    return "\n".join(parts) + "\n"


def _keys() -> Iterator[str]:
    yield _KEYS
    yield ""
    rows = []
    for row in tomllib.loads(resources.text("discovery/keys.toml"))["keys"]:
        use = f"`{row['provider']}`" if row["provider"] else "only shown"
        if row.get("login"):
            use = "only shown: a sign-in"
        rows.append((row["name"], _words(row["variables"]), use))
    yield from _table(("whose", "variables", "provider"), rows)


def _servers() -> Iterator[str]:
    yield _SERVERS
    yield ""
    rows = [
        (kind.value, mark, f"`{PROVIDERS[kind]}`" if kind in PROVIDERS else "-")
        for kind, mark in MARKS.items()
    ]
    yield from _table(("kind", "known by", "used as provider"), rows)


def _clients() -> Iterator[str]:
    yield _CLIENTS
    yield ""
    rows = [
        (
            client.name,
            _words(client.programs),
            f"`~/{client.folder}`" if client.folder else "-",
        )
        for client in KNOWN
    ]
    yield from _table(("name", "programs", "its folder"), rows)


def _routers() -> Iterator[str]:
    yield _ROUTERS
    yield ""
    rows = [
        (
            router.name,
            _words(f"~/{file}" for file in (*router.files, *router.folders)),
            ", ".join(router.writes),
        )
        for router in ROUTERS
    ]
    yield from _table(("name", "marks", "writes the files of"), rows)


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "-"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    yield from (f"| {' | '.join(row)} |" for row in rows)
