"""The providers as a board of departures: who goes, who rests until when, who is full.

Values in, words out: no Qt, no clock. The moment a state is of comes with the state.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime

from app.desktop.words import BILLINGS, PLACES, Fact
from app.state import ProviderHealth, QuotaNow, RestNow

MOST_WINDOWS = 2
"""Windows of a quota that are told of a provider: the fullest ones."""

_SOON = 120.0


def provider_facts(
    providers: Iterable[ProviderHealth], now: datetime | None = None
) -> tuple[Fact, ...]:
    """Return a line per provider, those with trouble first.

    `now` is the moment of the state (UTC): a time of another day is told with its day.
    """
    order = sorted(providers, key=_trouble)
    return tuple(_fact(each, now) for each in order)


def _trouble(provider: ProviderHealth) -> tuple[bool, bool, bool, bool]:
    return (
        provider.ready,
        not _rests_whole(provider),
        not provider.rests,
        not provider.last_failure,
    )


def _rests_whole(provider: ProviderHealth) -> bool:
    return any(not rest.route for rest in provider.rests)


def _fact(provider: ProviderHealth, now: datetime | None) -> Fact:
    if not provider.ready:
        why = _sentence(provider.sentence.removeprefix("Not ready: "))
        again = [each.until for each in provider.rests if not each.route]
        if again:
            why += f" It is tried again at {clock(again[0], now)}."
        return Fact(provider.id, why, "not ready", trouble=True)
    detail = "\n".join(_lines(provider, now))
    if _rests_whole(provider):
        return Fact(provider.id, detail, "resting", trouble=True)
    return Fact(provider.id, detail, "ready")


def _lines(provider: ProviderHealth, now: datetime | None) -> Iterator[str]:
    yield _sentence(f"{PLACES[provider.place]}, {BILLINGS[provider.billing]}")
    used = [each for each in provider.quota if each.share > 0]
    for window in used[:MOST_WINDOWS]:
        yield _used(window, now)
    yield from _resting(provider, now)
    if provider.last_failure and not provider.rests:
        yield f"Last failure: {provider.last_failure}"


def _used(window: QuotaNow, now: datetime | None) -> str:
    of = f" of {_model(window.route)}" if window.route else ""
    resets = f", resets {clock(window.resets, now)}" if window.resets else ""
    return _sentence(f"{window.window}{of}: {percent(window.share)} used{resets}")


def _resting(provider: ProviderHealth, now: datetime | None) -> Iterator[str]:
    """Tell what rests: all of the provider where it does, else the longest rest."""
    whole = [rest for rest in provider.rests if not rest.route]
    told = (whole or list(provider.rests))[:1]
    for rest in told:
        yield _rest(rest, now)
    more = 0 if whole else len(provider.rests) - len(told)
    if more:
        yield "1 more model rests." if more == 1 else f"{more} more models rest."


def _rest(rest: RestNow, now: datetime | None) -> str:
    what = f"{_model(rest.route)} rests" if rest.route else "Rests"
    return f"{what} until {clock(rest.until, now)}: {rest.sentence}."


def percent(share: float) -> str:
    """Return a share of 0 to 1 as people read it; never 100 % while something is left.

    As little as is used is told too: never 0 %.
    """
    if share >= 1:
        return "100 %"
    return f"{min(99, max(1, math.floor(share * 100 + 0.5)))} %"


def clock(moment: datetime, now: datetime | None) -> str:
    """Return a time of this machine's zone: `16:40`, with its day where that differs.

    What is near is told with its seconds. `now` None says that nothing is known of
    the day, and the day is told.
    """
    local = moment.astimezone()
    soon = now is not None and (moment - now).total_seconds() < _SOON
    time = f"{local:%H:%M:%S}" if soon else f"{local:%H:%M}"
    today = now.astimezone().date() if now else None
    if today == local.date():
        return time
    if today and 0 < (local.date() - today).days < 7:
        return f"{local:%a} {time}"
    return f"{local.day} {local:%b}, {time}"


def _model(route: str) -> str:
    """Return a route without its provider, which the line names already."""
    return route.partition("/")[2] or route


def _sentence(clause: str) -> str:
    made = f"{clause[:1].upper()}{clause[1:]}"
    return made if made.endswith(".") else f"{made}."
