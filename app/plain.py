"""Results of commands as lines for people; it asks nothing and prints nothing.

Times are shown in this machine's zone, money in dollars, and what is not known as
"unknown", never as a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.columns import Column, facts, table
from app.commands.clients import Client, ClientSettings
from app.commands.consents import ConsentList, ConsentRevoked
from app.commands.gateway import Done, ModeStatus, Status, Version
from app.commands.keys import KeptKey, KeyList, NewKey, Revoked, StoredKey
from app.commands.lifecycle import (
    Accepted,
    LoginState,
    QuitChoice,
    QuitResult,
    Repair,
    WiringList,
)
from app.commands.policies import PolicyList
from app.commands.prices import PriceChanges, PriceList
from app.commands.providers import ModelList, ProviderList, ProviderRow
from app.commands.routes import RouteList
from app.commands.routing import Explanation, TryResult, seconds
from app.commands.setup import Integration, SavedFirstRun
from app.commands.simulate import Simulation
from app.commands.spend import EventList, Spend
from app.commands.undo import UndoResult
from app.commands.uninstall import Uninstall
from app.doctor.report import Report
from app.logs import LogLine, LogPage
from app.lost import many_lost
from app.plain_discover import findings
from app.plain_doctor import report
from app.plain_lifecycle import (
    accepted,
    login,
    quit_,
    quit_choice,
    repair,
    uninstall,
    wirings,
)
from app.plain_prices import price_changes, price_list
from app.plain_routing import policy_list, route_list, simulation
from app.plain_setup import (
    client_outcome_lines,
    integration_lines,
    outcome_lines,
    plan_lines,
    saved_lines,
)
from app.plain_spend import spend
from app.plain_wiring import consents, revoked, undo
from app.state import Snapshot, SpendToday
from discovery.findings import Findings
from proxy.ledger.rows import Event
from proxy.model import Protocol
from proxy.money import Price, show
from proxy.reports import SpendReport
from wizard.view import ClientOutcome, Outcome, PlanView

UNKNOWN = "unknown"
Lines = tuple[str, ...]
SPOKEN = {
    Protocol.MESSAGES: "Messages",
    Protocol.RESPONSES: "Responses",
    Protocol.CHAT: "Chat",
    Protocol.GEMINI: "Gemini",
    Protocol.OLLAMA: "Ollama",
}
"""The protocols as people call them."""


def plain(result: object, command_path: str = "turnout") -> Lines:
    """Return a command's result as lines.

    `command_path` is how Turnout is typed here. Raises `TypeError` for a result no
    command returns.
    """
    kind = type(result)
    if kind not in FORMS:
        raise TypeError(f"{kind.__name__} has no form for people")
    return FORMS[kind](result, command_path)


def news(result: object) -> Lines:
    """Return what is new in a followed result, the oldest first, without titles."""
    match result:
        case EventList():
            rows = [_event(event) for event in reversed(result.events)]
            return table(EVENT_COLUMNS, rows, head=False)
        case LogPage():
            return tuple(_log_line(line) for line in result.lines)
        case _:
            raise TypeError(f"{type(result).__name__} cannot be followed")


# --- the gateway ---


def _status(result: Status) -> Lines:
    lines = [result.readiness.sentence]
    if result.readiness.todo:
        lines.append(result.readiness.todo)
    lines.append("")
    pairs = [("mode", result.mode.value)]
    if result.mode_note:
        pairs.append(("", result.mode_note))
    if result.snapshot is not None:
        pairs += _live(result.snapshot)
    pairs.append(("config", result.config_file))
    problems = result.problems
    lines += facts(pairs)
    if problems:
        lines += ["", "Problems:"]
        lines += [f"  {problem}" for problem in problems]
    return tuple(lines)


def _live(now: Snapshot) -> list[tuple[str, str]]:
    pairs = [
        ("gateway", f"http://127.0.0.1:{now.port} (process {now.pid})"),
        ("version", now.version),
        ("since", _time(now.started)),
        ("open requests", str(now.requests_open)),
        ("today", _amounts(now.today)),
    ]
    if now.unsaved:
        pairs.append(("record", f"{now.unsaved} not yet on disk"))
    for each in now.providers:
        pairs.append((each.id, each.sentence))
        if each.last_failure:
            pairs.append(("", f"Its last call failed: {each.last_failure}"))
    return pairs


def _mode(result: ModeStatus) -> Lines:
    first = f"The mode is {result.mode}."
    if result.changed:
        first = f"The mode is now {result.mode}."
    lines = [first]
    if result.note:
        lines.append(result.note)
    if not result.changed:
        rows = [
            (
                "*" if choice.mode is result.mode else "",
                choice.mode.value,
                choice.meaning,
            )
            for choice in result.choices
        ]
        titles = (Column("", least=1), Column(""), Column(""))
        lines += ["", *table(titles, rows, head=False)]
    return tuple(lines)


# --- the record ---

EVENT_COLUMNS = (
    Column("TIME", least=19),
    Column("CLIENT", least=11),
    Column("ROUTE", least=28),
    Column("IN", right=True, least=7),
    Column("CACHED", right=True, least=7),
    Column("OUT", right=True, least=6),
    Column("COST", right=True, least=9),
    Column("TOOK", right=True, least=7),
    Column("STATUS", least=7),
    Column("ID"),
)


def _events(result: EventList, command_path: str) -> Lines:
    if not result.events:
        return ("Nothing has been recorded yet.",)
    lines = table(EVENT_COLUMNS, [_event(event) for event in result.events])
    if any(event.losses for event in result.events):
        lines += ("", f"`{command_path} explain ID` says what was lost on the way.")
    return lines


def _event(event: Event) -> tuple[str, ...]:
    mark = event.mark.replace("_", " ")
    more = ", ".join(filter(None, (event.error_kind, mark, many_lost(event.losses))))
    return (
        _time(event.time),
        event.client or UNKNOWN,
        f"{event.provider}/{event.model}" if event.provider else "none",
        _count(event.input_tokens),
        _count(event.cache_read_tokens),
        _count(event.output_tokens),
        show(event.cost_nano),
        seconds(event.duration_ms) if event.duration_ms is not None else "?",
        f"{event.status} ({more})" if more else event.status,
        event.id,
    )


def _amounts(today: SpendToday | SpendReport) -> str:
    parts = [f"{show(today.billed_nano)} billed"]
    if today.covered_nano:
        parts.append(f"{show(today.covered_nano)} covered")
    if today.local_requests:
        parts.append(f"{today.local_requests} local")
    if today.unknown_requests:
        parts.append(f"{today.unknown_requests} of unknown cost")
    return ", ".join(parts)


# --- providers, models ---


def _providers(result: ProviderList) -> Lines:
    if not result.providers:
        return (
            "No provider is configured; the practice provider answers.",
            f"Add one in {result.config_file}.",
        )
    titles = ("PROVIDER", "READY", "KEY", "SPEAKS", "PLACE", "BILLING", "MODELS", "")
    columns = tuple(map(Column, titles))
    rows = [
        (
            row.id,
            "yes" if row.ready else "no",
            row.key,
            ", ".join(SPOKEN[protocol] for protocol in row.protocols),
            row.place.value,
            row.billing.value,
            _named(row),
            row.last_failure or row.sentence,
        )
        for row in result.providers
    ]
    return table(columns, rows)


def _named(row: ProviderRow) -> str:
    """How many models it lists, and whether it takes other names."""
    told = [str(row.models)] if row.models else []
    if row.any_model:
        told.append("any")
    return " and ".join(told) or "none"


def _models(result: ModelList) -> Lines:
    if not result.models:
        return ("No provider that lists models is configured.",)
    columns = (
        Column("MODEL"),
        Column("LANE"),
        Column("PLACE"),
        Column("CONTEXT", right=True),
        Column("INPUT", right=True),
        Column("OUTPUT", right=True),
        Column("QUALITY", right=True),
        Column("CLAUDE CODE"),
        Column("CODEX"),
        Column("CAN"),
    )
    rows = [
        (
            row.id,
            row.lane or "none",
            row.place.value,
            _count(row.context),
            *_prices(row.price, tracked=row.tracked),
            "of its tier" if row.quality is None else str(row.quality),
            row.claude_code_safe.value,
            row.codex_safe.value,
            ", ".join(_abilities(tools=row.tools, vision=row.vision)),
        )
        for row in result.models
    ]
    return (*table(columns, rows), "", "Prices are dollars per million tokens.")


def _prices(price: Price | None, *, tracked: bool) -> tuple[str, str]:
    if price is None:
        said = UNKNOWN if tracked else "untracked"
        return (said, said)
    return (_decimal(price.input), _decimal(price.output))


def _decimal(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount:f}"


def _abilities(*, tools: bool, vision: bool) -> Iterable[str]:
    if tools:
        yield "tools"
    if vision:
        yield "images"


# --- keys and clients ---


def _new_key(result: NewKey, command_path: str) -> Lines:
    return (
        result.key,
        "",
        f"This is the key of {result.name}. It is shown once and not stored.",
        *_next_line(result.name, command_path),
    )


def _next_line(name: str, command_path: str) -> Lines:
    if name not in list(Client):
        return ()
    return (
        "The lines to put it into:",
        f"  {command_path} settings {name} --no-fresh",
    )


def _keys(result: KeyList) -> Lines:
    if not result.keys:
        return ("No key has been made yet.",)
    columns = tuple(map(Column, ("NAME", "SCOPE", "MADE", "REVOKED")))
    rows = [
        (key.name, key.scope.value, _time(key.created), _ended(key.revoked))
        for key in result.keys
    ]
    return table(columns, rows)


def _ended(when: datetime | None) -> str:
    return _time(when) if when else "no"


def _settings(result: ClientSettings) -> Lines:
    lines = result.text.splitlines()
    return (*lines, "", result.note) if result.note else tuple(lines)


def _tried(result: TryResult, command_path: str) -> Lines:
    usage = result.usage
    first = "" if result.first_byte_ms is None else seconds(result.first_byte_ms)
    pairs = [
        ("route", result.route or "none"),
        (
            "tokens",
            f"{_count(usage.input_tokens)} in, {_count(usage.output_tokens)} out",
        ),
        ("cost", show(result.cost_nano)),
        ("time", f"{seconds(result.duration_ms)}{f', first {first}' if first else ''}"),
        ("status", result.status),
        ("why", f"{command_path} explain {result.request}"),
    ]
    said = result.text.splitlines() or [result.error or "There was no answer."]
    return (*said, "", *facts(pairs))


# --- small ---


def _log_line(line: LogLine) -> str:
    told = (
        _time(line.time),
        f"{line.level:7}",
        line.event,
        line.detail,
        line.client,
        line.route,
        line.status,
        line.error_kind,
        f"{line.duration_ms} ms" if line.duration_ms is not None else None,
        line.request,
    )
    return "  ".join(part for part in told if part)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _revoked(result: Revoked) -> Lines:
    many = "1 key" if result.count == 1 else f"{result.count} keys"
    return (f"Ended {many} of {result.name}.",)


# --- the table ---

# Each form takes the very type it stands beside, which a table cannot say.
FORMS: dict[type, Callable[[Any, str], Lines]] = {
    Status: lambda result, _: _status(result),
    ModeStatus: lambda result, _: _mode(result),
    Done: lambda result, _: (result.sentence,),
    Version: lambda told, _: (f"turnout {told.version} (Python {told.python})",),
    EventList: _events,
    Explanation: lambda result, _: result.layers,
    Simulation: lambda result, _: simulation(result),
    RouteList: lambda result, _: route_list(result),
    PolicyList: lambda result, _: policy_list(result),
    Spend: lambda result, _: spend(result, _time(result.since)),
    ProviderList: lambda result, _: _providers(result),
    ModelList: lambda result, _: _models(result),
    PriceList: lambda result, _: price_list(result),
    PriceChanges: price_changes,
    NewKey: _new_key,
    KeptKey: lambda result, _: (result.key,),
    PlanView: plan_lines,
    Outcome: outcome_lines,
    ClientOutcome: client_outcome_lines,
    Integration: integration_lines,
    SavedFirstRun: lambda result, _: tuple(saved_lines(result)),
    StoredKey: lambda result, _: (_stored(result),),
    KeyList: lambda result, _: _keys(result),
    Revoked: lambda result, _: _revoked(result),
    Findings: findings,
    ClientSettings: lambda result, _: _settings(result),
    Report: lambda result, _: report(result),
    TryResult: _tried,
    UndoResult: undo,
    ConsentList: consents,
    ConsentRevoked: revoked,
    WiringList: wirings,
    Repair: repair,
    Accepted: lambda result, _: accepted(result),
    LoginState: login,
    QuitResult: lambda result, _: quit_(result),
    QuitChoice: quit_choice,
    Uninstall: uninstall,
    LogPage: lambda page, _: tuple(map(_log_line, page.lines)),
}


def _stored(result: StoredKey) -> str:
    ending = f", ends in {result.last4}" if result.last4 else ""
    return f"Stored{ending}. config.toml names it {result.reference}."
