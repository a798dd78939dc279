"""What a look at the machine found, as lines for people; it looks at nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from app.columns import Column, harmless, table
from discovery.findings import (
    ClientFound,
    Confidence,
    ContainerFound,
    Findings,
    ForgeFound,
    KeyFound,
    KeySource,
    Override,
    Reach,
    RouterFound,
    ServerFound,
    ServerModel,
    ServerState,
    SignIn,
)
from proxy.catalogue import Place

Lines = tuple[str, ...]

_INDENT = "  "
_MOST_MODELS = 4  # models named per server; --json has all
_STATES = {
    ServerState.READY: "ready",
    ServerState.STARTING: "starting",
    ServerState.NEEDS_KEY: "needs a key",
}
_REACHES = {
    Reach.WIRED_BY_FILE: "can be set up",
    Reach.GUIDED: "with your help",
    Reach.UNREACHABLE: "not possible",
}
_SIGN_INS = {
    SignIn.NONE: "not signed in",
    SignIn.KEY: "own key",
    SignIn.SUBSCRIPTION: "subscription",
    SignIn.UNKNOWN: "",
}
_SURE = {
    Confidence.SURE: "",
    Confidence.LIKELY: "likely",
    Confidence.HINT: "a hint only",
}


def findings(result: Findings, command_path: str) -> Lines:
    """Return what was found, group by group, and what could be done with it."""
    groups = (
        ("Local model servers", _servers(result.servers)),
        ("Coding tools", _clients(result.clients)),
        ("Keys", _keys(result.keys)),
        ("Other programs that write the same settings", _routers(result.routers)),
        ("Containers", _containers(result.containers)),
        ("Code forges", _forges(result.forges)),
    )
    lines: list[str] = []
    for title, rows in groups:
        if rows:
            lines += [title, *(_INDENT + row if row else row for row in rows), ""]
    if not lines:
        lines = ["Nothing was found.", ""]
    lines += [*map(harmless, result.problems), *([""] if result.problems else [])]
    return (*lines, *_end(result, command_path))


def _end(result: Findings, command_path: str) -> Iterator[str]:
    yield "Looking only. Nothing has been changed."
    if any(key.source is KeySource.SHELL_FILE for key in result.keys):
        return
    yield (
        f"`{command_path} discover --shell-files` also reads shell start-up files, "
        "`--docker` also asks Docker."
    )


# --- servers ---


def _servers(servers: Iterable[ServerFound]) -> list[str]:
    return _listed([(_server(one), _server_more(one)) for one in servers])


def _server(server: ServerFound) -> tuple[str, ...]:
    return (
        f"{server.name} {server.version}".strip(),
        server.address,
        _STATES[server.state],
        _used(server.confidence, used=server.used),
    )


def _server_more(server: ServerFound) -> Iterator[str]:
    if server.models:
        named = ", ".join(_model(one) for one in server.models[:_MOST_MODELS])
        rest = len(server.models) - _MOST_MODELS
        yield f"{named} and {rest} more" if rest > 0 else named
    if server.gives:
        yield server.gives
    yield from server.notes


def _model(model: ServerModel) -> str:
    told = [f"{model.context:,} tokens"] if model.context else []
    if model.loaded:
        told.append("loaded")
    if model.place is Place.PROVIDER:
        told.append("runs in a cloud")
    return f"{model.id} ({', '.join(told)})" if told else model.id


# --- clients ---


def _clients(clients: Iterable[ClientFound]) -> list[str]:
    return _listed([(_client(one), _client_more(one)) for one in clients])


def _client(client: ClientFound) -> tuple[str, ...]:
    return (
        f"{client.name} {client.version}".strip(),
        _REACHES[client.reach],
        _SIGN_INS[client.sign_in],
        "running" if client.running else "",
        _SURE[client.confidence],
    )


def _client_more(client: ClientFound) -> Iterator[str]:
    yield f"found at {client.where}"
    if client.gateway:
        yield f"its settings name {client.gateway}"
    yield from client.notes
    for one in client.overrides:
        yield from _override(one)


def _override(override: Override) -> Iterator[str]:
    lead = "in the way" if override.blocks else "to know"
    yield f"{lead}: {override.where}"
    if override.line:
        yield f"{_INDENT}{override.line}"
    yield f"{_INDENT}{override.sentence}"


# --- keys ---


def _keys(keys: Iterable[KeyFound]) -> list[str]:
    return _listed([(_key(one), one.notes) for one in keys])


def _key(key: KeyFound) -> tuple[str, ...]:
    shown = f"...{key.last4}" if key.last4 else ""
    if key.source is KeySource.LOGIN:
        shown = "signed in" if key.confidence is not Confidence.HINT else "present"
    return (
        key.name,
        shown,
        key.variable if key.source is not KeySource.LOGIN else "",
        key.where,
        _used(key.confidence, used=key.used),
    )


# --- the rest ---


def _routers(routers: Iterable[RouterFound]) -> list[str]:
    rows = [
        ((one.name, one.where, _SURE[one.confidence]), (one.sentence,))
        for one in routers
    ]
    return _listed(rows)


def _containers(containers: Iterable[ContainerFound]) -> list[str]:
    rows = [
        (
            (one.name, one.what, one.address or "no port is reachable", one.state),
            (),
        )
        for one in containers
    ]
    return _listed(rows)


def _forges(forges: Iterable[ForgeFound]) -> list[str]:
    return _listed([((o.name, o.kind, o.address, o.where), ()) for o in forges])


def _used(confidence: Confidence, *, used: bool) -> str:
    return "in use" if used else _SURE[confidence]


def _listed(rows: Sequence[tuple[tuple[str, ...], Iterable[str]]]) -> list[str]:
    """Return rows as aligned lines, each followed by what else is to be said of it."""
    if not rows:
        return []
    columns = [Column("") for _ in rows[0][0]]
    heads = table(columns, [cells for cells, _ in rows], head=False)
    lines = []
    for head, (_, more) in zip(heads, rows, strict=True):
        lines.append(head)
        lines += [_INDENT + harmless(line) for line in more]
    return lines
