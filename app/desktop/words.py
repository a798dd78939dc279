"""Every sentence and number the tray and the windows show, as plain text.

Values in, words out: no Qt, no clock. Times are shown in this machine's zone, and what
is not known is said to be unknown, never shown as a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.desktop.sight import Link, Shape, Sight
from app.desktop.why import Step, mark_sentence, mark_words, seconds, steps
from app.lost import lost, many_lost
from proxy.catalogue import Billing, Place
from proxy.money import show
from proxy.practice import PRACTICE_PROVIDER_ID
from proxy.routing import Mode

if TYPE_CHECKING:
    from datetime import date, datetime

    from app.state import ClientSpend, Snapshot, SpendToday
    from proxy.ledger.rows import Event

MODES = (
    Mode.DIRECT,
    Mode.OFFLINE,
    Mode.CODING_AUTO,
    Mode.CODING_FAST,
    Mode.CODING_PREMIUM,
)
"""The modes in the menu's order: those that can be chosen first."""

MODE_NAMES = {
    Mode.DIRECT: "Direct",
    Mode.OFFLINE: "Offline",
    Mode.CODING_AUTO: "Coding auto",
    Mode.CODING_FAST: "Coding fast",
    Mode.CODING_PREMIUM: "Coding premium",
}
CLIENT_NAMES = {
    "claude-code": "Claude Code",
    "codex": "Codex",
    "opencode": "opencode",
    "gemini-cli": "Gemini CLI",
    "qwen-code": "Qwen Code",
    "continue": "Continue",
    "aider": "Aider",
    "claude-desktop": "Claude Desktop",
}
CONNECTABLE = {
    "claude-code": "Claude Code",
    "codex": "Codex",
    "opencode": "opencode",
    "openclaw": "openclaw",
    "gemini-cli": "Gemini CLI",
    "qwen-code": "Qwen Code",
    "continue": "Continue",
    "aider": "Aider",
    "claude-desktop": "Claude Desktop",
    "cline": "Cline",
    "copilot": "GitHub Copilot",
    "n8n": "n8n",
}
"""The clients that Turnout connects, or guides a person through, by their ids."""

SHAPES = {
    Shape.STRAIGHT: "Straight track: requests go to what was asked for",
    Shape.DIVERGING: "Diverging track: requests are routed",
    Shape.CLOSED: "Closed track: offline, nothing leaves this machine",
    Shape.BROKEN: "Broken track: no request can be answered",
}
PLACES = {
    Place.THIS_MACHINE: "on this machine",
    Place.MY_NETWORK: "in my network",
    Place.PROVIDER: "at the provider",
}
BILLINGS = {
    Billing.METERED: "metered",
    Billing.SUBSCRIPTION: "subscription",
    Billing.FREE_TIER: "free tier",
    Billing.LOCAL: "local",
}
AWAY = "No gateway is running"
ENDINGS = {
    "success": "answered",
    "fallback_success": "answered by a fallback",
    "error": "failed",
    "cancelled": "client left",
    "interrupted": "gateway ended",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer to "can I send a coding request now?": a headline and what to do."""

    title: str
    sentence: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of text: a name, what is to be said of it, and a value on the right.

    `trouble` says that the value needs somebody.
    """

    name: str
    detail: str = ""
    value: str = ""
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One finished request as the list shows it; `sentence` is all of it in words.

    `lost` are the sentences of what a translation could not carry over, `losses` how
    many there are, '' for none. `mark` is what taking its route meant, as the record
    has it, `marked` that in words and `meant` in a sentence; `steps` are its attempts.
    """

    id: str
    status: str
    time: str
    client: str
    route: str
    asked: str
    tokens: str
    took: str
    cost: str
    ending: str
    sentence: str
    losses: str = ""
    lost: tuple[str, ...] = ()
    mark: str = ""
    marked: str = ""
    meant: str = ""
    steps: tuple[Step, ...] = ()


def headline(sight: Sight) -> Headline:
    """Say whether a coding request can be sent now, and if not what to do."""
    if sight.link is Link.AWAY:
        known = sight.why in {"", f"{AWAY}."}
        title = AWAY if known else "The gateway does not answer"
        why = "" if known else f"{sight.why} "
        still = "Clients get no answer until one runs. What was recorded is safe."
        return Headline(title, why + still)
    if sight.snapshot is None:
        return Headline(
            "Looking for the gateway", "It is being started where none runs yet."
        )
    if sight.link is Link.CONNECTING:
        return Headline(
            "Waiting for the gateway",
            "It is starting again. Requests made meanwhile wait for it.",
        )
    ready = sight.snapshot.readiness
    return Headline(_title(sight.snapshot), ready.sentence, ready.todo)


def _title(snapshot: Snapshot) -> str:
    if not snapshot.readiness.ready:
        return "Not ready for coding requests"
    if only_practice(snapshot):
        return "Ready, with simulated answers"
    if snapshot.mode == Mode.OFFLINE:
        return "Ready for coding requests, offline"
    return "Ready for coding requests"


def only_practice(snapshot: Snapshot) -> bool:
    """Tell whether nothing but the practice provider answers."""
    return all(each.id == PRACTICE_PROVIDER_ID for each in snapshot.providers)


def status_line(sight: Sight) -> str:
    """Return readiness and today's spend, short: the tooltip and the menu's first."""
    if sight.link is Link.AWAY:
        return f"Turnout: {AWAY.lower()}"
    if sight.live is None:
        return "Turnout: waiting for the gateway"
    ready = "ready" if sight.live.readiness.ready else "not ready"
    if sight.live.readiness.ready and only_practice(sight.live):
        ready = "ready, simulated answers"
    name = MODE_NAMES[Mode(sight.live.mode)].lower()
    return f"Turnout, {name}: {ready}. Today {spent(sight.live.today)}"


def spent(today: SpendToday) -> str:
    """Return the day's sum in a few words: `0.42 $, 3 of unknown cost`."""
    words = [show(today.billed_nano)]
    if today.covered_nano:
        words.append(f"{show(today.covered_nano)} covered")
    if today.unknown_requests:
        words.append(f"{today.unknown_requests} of unknown cost")
    return ", ".join(words)


def warnings(sight: Sight) -> tuple[str, ...]:
    """Return what is wrong now, a sentence each; mostly nothing."""
    told = []
    if sight.link is Link.AWAY:
        told.append(f"{AWAY}. Clients get no answer until one runs.")
    snapshot = sight.live
    if snapshot is None:
        return tuple(told)
    if snapshot.mode_note:
        told.append(snapshot.mode_note)
    if snapshot.unsaved:
        many = counted(snapshot.unsaved, "request")
        told.append(f"{many} not yet on disk. Turnout keeps trying.")
    told.extend(snapshot.problems)
    return tuple(told)


def counted(number: int, noun: str) -> str:
    """Return `1 request`, `1,204 requests`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def client_name(client: str | None) -> str:
    """Return a client as people call it."""
    return CLIENT_NAMES.get(client or "", client or "unknown client")


def client_line(spend: ClientSpend) -> str:
    """Return what one client used today in one line, for a menu."""
    fact = client_fact(spend)
    return f"{fact.name}: {fact.value} ({fact.detail})"


def client_fact(spend: ClientSpend) -> Fact:
    """Return what one client used today; covered money is an estimate and says so."""
    known = spend.requests > spend.unknown_requests
    detail = [counted(spend.requests, "request")]
    if spend.covered_nano:
        detail.append(f"about {show(spend.covered_nano)} covered")
    if spend.unknown_requests and known:
        detail.append(f"{spend.unknown_requests:,} of unknown cost")
    value = show(spend.billed_nano) if known else "unknown"
    return Fact(client_name(spend.client), ", ".join(detail), value)


def spend_facts(today: SpendToday) -> tuple[Fact, ...]:
    """Return the day's sums: billed first, then what else there is."""
    facts = [Fact("Billed", "", show(today.billed_nano))]
    if today.covered_nano:
        covered = "by a subscription, an estimate"
        facts.append(Fact("Covered", covered, show(today.covered_nano)))
    if today.local_requests:
        facts.append(Fact("Local", counted(today.local_requests, "request"), "0 $"))
    if today.unknown_requests:
        many = counted(today.unknown_requests, "request")
        facts.append(Fact("No price known", many, "unknown"))
    facts.extend(mark_facts(today))
    return tuple(facts)


def mark_facts(today: SpendToday) -> tuple[Fact, ...]:
    """Return how many requests took a stronger or a weaker route; mostly nothing."""
    told = (
        ("Escalated", "to a stronger model", today.escalations),
        ("Downgraded", "to a weaker model", today.downgrades),
    )
    return tuple(
        Fact(name, detail, counted(count, "request"))
        for name, detail, count in told
        if count
    )


def mark_lines(today: SpendToday) -> tuple[str, ...]:
    """Return the same in a line each, for a menu."""
    facts = mark_facts(today)
    return tuple(f"{each.name} {each.detail}: {each.value}" for each in facts)


def last_line(event: Event | None) -> str:
    """Return the last request with its route in one line, for a menu."""
    if event is None:
        return "Last request: none yet"
    row = rows((event,))[0]
    told = ", ".join(part for part in (row.cost, row.ending, row.marked) if part)
    return f"Last: {row.client} > {row.route}, {told}"


def rows(events: Sequence[Event]) -> tuple[Row, ...]:
    """Return the list's rows; the date stands where it differs from the row above."""
    made = []
    above: date | None = None
    for event in events:
        local = event.time.astimezone()
        made.append(_row(event, local, dated=local.date() != above))
        above = local.date()
    return tuple(made)


def _row(event: Event, local: datetime, *, dated: bool) -> Row:
    time = f"{local:%H:%M:%S}"
    if dated:
        time = f"{local.day} {local:%b}, {time}"
    client, route, asked = client_name(event.client), _route(event), _asked(event)
    tokens, cost, ending = _tokens(event), _cost(event), _ending(event)
    took = "" if event.duration_ms is None else seconds(event.duration_ms)
    losses, marked = many_lost(event.losses), mark_words(event)
    sentence = [f"{time}: {client} {asked}", route, ending, marked, losses]
    sentence += [tokens, took, cost]
    return Row(
        id=event.id,
        status=event.status,
        time=time,
        client=client,
        route=route,
        asked=asked,
        tokens=tokens,
        took=took,
        cost=cost,
        ending=ending,
        sentence=", ".join(part for part in sentence if part),
        losses=losses,
        lost=lost(event.losses),
        mark=event.mark,
        marked=marked,
        meant=mark_sentence(event),
        steps=steps(event),
    )


def _route(event: Event) -> str:
    if event.provider is None:
        return "no route"
    return f"{event.provider}/{event.model}" if event.model else event.provider


def _asked(event: Event) -> str:
    asked = event.requested_model
    return f"asked for {asked}" if asked else "asked for no model"


def _ending(event: Event) -> str:
    ending = ENDINGS.get(event.status, event.status)
    kind = f": {event.error_kind.replace('_', ' ')}" if event.error_kind else ""
    return ending + kind


def _tokens(event: Event) -> str:
    told = (
        (event.input_tokens, "in"),
        (event.cache_read_tokens or None, "cached"),
        (event.output_tokens, "out"),
    )
    parts = [f"{count:,} {what}" for count, what in told if count is not None]
    return ", ".join(parts) or "tokens unknown"


def _cost(event: Event) -> str:
    if event.cost_nano is None:
        return "cost unknown"
    suffix = {"subscription": " covered", "local": " local"}
    return show(event.cost_nano) + suffix.get(event.billing or "", "")
