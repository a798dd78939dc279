"""Routes, policies and simulations as lines for people; it decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from app.columns import Column, facts, table
from app.commands.policies import ModeRow, PolicyList
from app.commands.routes import RouteHealth, RouteList, RouteRow
from app.commands.simulate import Outcome, SimulatedRow, Simulation
from proxy.money import show
from proxy.routing import Intent, RouteClass, Rule, Tier
from proxy.routing.policy import Choosing, Reach

Lines = tuple[str, ...]

_MOST_ROWS = 40  # requests of a simulation that are listed; --json has all
_MOST_SKIPPED = 5
_ROUTES = (
    Column("ROUTE"),
    Column("READY"),
    Column("PLACE"),
    Column("LANE"),
    Column("QUALITY", right=True),
    Column("INPUT", right=True),
    Column("OUTPUT", right=True),
    Column("CLAUDE CODE"),
    Column("CODEX"),
    Column("FIRST BYTE", right=True),
    Column("QUOTA", right=True),
    Column("HEALTH"),
    Column(""),
)
_SIMULATED = (
    Column("REQUEST"),
    Column("CLIENT"),
    Column("CLASS"),
    Column("ASKED FOR"),
    Column("BEFORE"),
    Column("COST", right=True),
    Column("AFTER"),
    Column("COST", right=True),
    Column(""),
)
_CHOOSING = {
    Choosing.ASKED: "what was asked for",
    Choosing.BEST: "the best",
    Choosing.CHEAPEST: "the cheapest",
}


# --- routes ---


def route_list(result: RouteList) -> Lines:
    """Return the table of routes, and what its numbers are."""
    if not result.routes:
        return ("No provider is configured; the practice provider answers.",)
    now = [row.id for row in result.routes if row.ready]
    of = f" for a request of {result.client} with tools" if result.client else ""
    return (
        *table(_ROUTES, map(_route, result.routes)),
        "",
        f"{len(now)} of {len(result.routes)} can be taken now{of}.",
        (
            "Prices are dollars per million tokens now. First byte: half of the calls, "
            "and nine of ten, took at most this."
        ),
    )


def _route(row: RouteRow) -> tuple[str, ...]:
    input_price, output_price = _route_prices(row)
    return (
        row.id,
        "yes" if row.ready else "no",
        row.place.value,
        row.lane or "none",
        "unknown" if row.quality is None else str(row.quality),
        input_price,
        output_price,
        row.claude_code_safe.value,
        row.codex_safe.value,
        _latency(row),
        "" if row.quota_share is None else f"{row.quota_share:.0%}",
        _health(row),
        row.why or ("It would be translated." if row.translated else ""),
    )


def _route_prices(row: RouteRow) -> tuple[str, str]:
    if row.price is None:
        said = "unknown" if row.tracked else "untracked"
        return said, said
    return _amount(row.price.input), _amount(row.price.output)


def _amount(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:f}"


def _latency(row: RouteRow) -> str:
    if row.latency_p50_ms is None or row.latency_p90_ms is None:
        return ""
    return f"{row.latency_p50_ms / 1000:.1f} / {row.latency_p90_ms / 1000:.1f} s"


def _health(row: RouteRow) -> str:
    if row.until is None:
        return row.health.value
    return f"{RouteHealth.RESTS} until {_clock(row.until)}"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


# --- policies ---


def policy_list(result: PolicyList) -> Lines:
    """Return the modes, what names ask for, and the user's own rules."""
    tiers = ", ".join(f"{row.tier} {row.quality}" for row in result.tiers)
    lines = [f"The mode is {result.mode}."]
    if result.note:
        lines.append(result.note)
    lines += ["", *_modes(result.modes), ""]
    lines += [f"Least quality of a tier: {tiers}.", *_switches(result), ""]
    lines += ["Names of models ask for, the first that fits:"]
    lines += facts(
        (f"  {row.intent}", ", ".join(row.patterns)) for row in result.intents
    )
    lines += ["  Any other name asks for nothing in particular.", ""]
    lines += _rules(result)
    return tuple(lines)


def _modes(modes: Iterable[ModeRow]) -> Lines:
    modes = tuple(modes)
    columns = (
        Column("", least=1),
        Column("MODE"),
        Column("TAKES"),
        *(Column(word.upper()) for word in ("housekeeping", "eco", "auto", "premium")),
    )
    rows = [(*_mode(mode), *_floors(mode)) for mode in modes]
    return (*table(columns, rows), *_by_class(modes))


def _mode(mode: ModeRow) -> tuple[str, str, str]:
    where = " on this machine" if mode.reach is Reach.THIS_MACHINE else ""
    return (
        "*" if mode.acts else "",
        mode.mode.value,
        f"{_CHOOSING[mode.choosing]}{where}",
    )


def _floors(mode: ModeRow) -> tuple[str, str, str, str]:
    floors = {(floor.intent, floor.route_class): floor.tier for floor in mode.floors}
    if not floors:
        return ("", "", "", "")
    told = [
        {
            floors[intent, each]
            for each in RouteClass
            if (intent, each) in floors and each is not RouteClass.HOUSEKEEPING
        }
        for intent in (Intent.ECO, Intent.AUTO, Intent.PREMIUM)
    ]
    household = floors.get((Intent.AUTO, RouteClass.HOUSEKEEPING))
    eco, auto, premium = map(_one_floor, told)
    return (household.value if household else "", eco, auto, premium)


def _one_floor(tiers: set[Tier]) -> str:
    return "by class" if len(tiers) > 1 else "".join(tiers)


def _by_class(modes: Iterable[ModeRow]) -> Iterator[str]:
    """Tell the floors by class, where a mode's depend on it."""
    for mode in modes:
        own = [
            floor
            for floor in mode.floors
            if floor.intent is Intent.AUTO
            and floor.route_class is not RouteClass.HOUSEKEEPING
        ]
        if len({floor.tier for floor in own}) > 1:
            told = ", ".join(f"{floor.route_class} {floor.tier}" for floor in own)
            yield f"By class in {mode.mode}: {told}."


def _switches(result: PolicyList) -> Iterator[str]:
    tools = "may" if result.experimental_tools else "may not"
    yield f"Requests with tools {tools} go to models whose tool use is experimental."
    if result.ceiling_nano is None:
        yield "There is no price ceiling."
    else:
        ceiling = show(result.ceiling_nano)
        yield f"No request may be expected to cost more than {ceiling}."
    yield f"From {result.pressure_percent} % of a quota on, its routes stand back."


def _rules(result: PolicyList) -> Iterator[str]:
    if not result.rules:
        yield f"There are no rules in {result.config_file}."
        return
    yield "Your rules; one for a project goes first, then one for a client, a class:"
    yield from (f"  {_rule(rule)}" for rule in result.rules)


def _rule(rule: Rule) -> str:
    conditions = (
        ("project", rule.project),
        ("client", rule.client),
        ("class", rule.route_class),
    )
    told = " and ".join(f"{name} {value}" for name, value in conditions if value)
    wishes = (("mode", rule.mode), ("tier", rule.tier), ("route", rule.route))
    wanted = ", ".join(f"{name} {value}" for name, value in wishes if value)
    return f"{told or 'every request'}: {wanted}"


# --- simulations ---


def simulation(result: Simulation) -> Lines:
    """Return what would go elsewhere, what it would cost, and what was left out."""
    lines = [_compared(result), ""]
    if result.told:
        lines += [*result.told, ""]
    if result.recorded or result.what_if or not result.told:
        lines += [*_listed(result), *_totals(result)]
    lines += _skipped(result)
    lines.append("Nothing was sent. Costs are expected ones, by list prices.")
    return tuple(lines)


def _compared(result: Simulation) -> str:
    count = len(result.rows)
    many = "1 request" if count == 1 else f"{count:,} requests"
    after = f"now {result.what_if}" if result.what_if else "now"
    if not result.recorded and not result.what_if:
        them = "it" if count == 1 else "they"
        return f"{many} as {them} would be decided now."
    before = "as recorded" if result.recorded else "now"
    return f"{many}: before is {before}, after is {after}."


def _listed(result: Simulation) -> Iterator[str]:
    rows, told = result.rows, ""
    if len(rows) > _MOST_ROWS:
        rows = tuple(row for row in rows if row.changed or not row.after.route)
        told = "Those that go elsewhere" + (
            f", the first {_MOST_ROWS} of {len(rows)}; --json shows all:"
            if len(rows) > _MOST_ROWS
            else ":"
        )
    if told and rows:
        yield told
    if rows:
        yield from table(_SIMULATED, map(_simulated, rows[:_MOST_ROWS]))
    yield ""


def _simulated(row: SimulatedRow) -> tuple[str, ...]:
    return (
        row.request,
        row.client,
        row.route_class,
        row.requested_model,
        row.before.route or "none",
        _cost(row.before),
        row.after.route or "none",
        _cost(row.after),
        _note(row),
    )


def _cost(outcome: Outcome) -> str:
    return show(outcome.expected_nano) if outcome.route else ""


def _note(row: SimulatedRow) -> str:
    if not row.after.route:
        return row.after.why
    told = ["other route"] if row.changed else []
    if row.after.downgrade:
        told.append("downgrade")
    return ", ".join(told)


def _totals(result: Simulation) -> Iterator[str]:
    rows = len(result.rows)
    if result.compared and (result.recorded or result.what_if):
        before, after = show(result.before_nano), show(result.after_nano)
        known = "" if result.compared == rows else f", of {result.compared} with prices"
        share = _share(result.before_nano, result.after_nano)
        yield f"Expected cost: {before} -> {after}{share}{known}."
    elif result.compared:
        yield f"Expected cost: {show(result.after_nano)}."
    counts = (
        (result.changed, "to another route"),
        (result.downgrades, "below what they need (downgrades)"),
        (result.weaker, "to a model of lower quality"),
        (result.unroutable, "that no route could take"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    yield f"Of {rows:,}: {told}." if told else "None would go elsewhere."


def _share(before: int, after: int) -> str:
    if not before or before == after:
        return ""
    percent = round(100 * abs(before - after) / before)
    return f" ({percent} % {'less' if after < before else 'more'})"


def _skipped(result: Simulation) -> Iterator[str]:
    for each in result.skipped[:_MOST_SKIPPED]:
        yield f"Left out {each.request}: {each.why}"
    more = len(result.skipped) - _MOST_SKIPPED
    if more > 0:
        yield f"Left out {more:,} more; --json shows all."
    if result.left_out:
        yield f"Left out {result.left_out:,} at the end of the file, which is too long."
