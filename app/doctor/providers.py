"""Judges the providers: their keys, whether they answer, and the prices' age; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.doctor.ages import counted
from app.doctor.codes import fine, said
from app.doctor.report import Check, Level

if TYPE_CHECKING:
    from app.doctor.ground import (
        Ground,
        PricesGround,
        Probed,
        ProviderGround,
        ProvidersGround,
        ShellKey,
    )

_REFUSED = frozenset({401, 403})
_TOO_MANY = 429
_LEAST_ERROR = 400
_LEAST_FAULT = 500


def checks(ground: Ground) -> tuple[Check, ...]:
    """Return what is to be said of the providers."""
    told = ground.providers
    return (
        *_all(told, ground.command),
        *_shells(told, ground.command),
        _prices(told.prices, ground.command),
    )


def _all(told: ProvidersGround, command: str) -> Iterator[Check]:
    if not told.providers:
        yield said(
            Level.NOTE,
            "no-provider",
            "No provider is configured: the practice provider answers, simulated and "
            "without a model.",
            f"Add one: {command} init.",
            command=f"{command} init",
        )
    alone = len(told.providers) == 1
    seen = {
        each.variable: f"{each.where}, which {_reader(each)}"
        for each in told.shells or ()
    }
    mine = "this terminal's environment, which the running gateway does not see"
    seen = {**dict.fromkeys(told.terminal, mine), **seen}
    for provider in told.providers:
        if provider.why_not:
            yield _no_key(provider, seen, command, unit=told.unit, alone=alone)
        else:
            yield from _answers(provider, command, alone=alone)
    if told.offline and any(not each.here for each in told.providers):
        yield said(
            Level.NOTE,
            "provider-silent",
            "The mode is offline, so only providers on this machine were asked.",
        )


def _reader(key: ShellKey) -> str:
    if key.at_login:
        return "the running gateway sees after your next login only"
    return "a terminal reads and the running gateway does not"


def _no_key(
    provider: ProviderGround,
    seen: dict[str, str],
    command: str,
    *,
    unit: bool,
    alone: bool,
) -> Check:
    level = Level.PROBLEM if alone else Level.WARNING
    kind, _, name = provider.key.partition(":")
    if kind == "env" and name in seen:
        return said(
            level,
            "key-only-in-shell",
            f"The key of {provider.id} ({name}) is set in {seen[name]}.",
            f"End Turnout with {command} stop, then start it from a terminal that has "
            f"the key: {command} serve. Or keep the key in the keyring: {command} keys "
            "store.",
            command=f"{command} stop",
        )
    why = f"{provider.why_not[:1].upper()}{provider.why_not[1:]}"
    means = f"{provider.id} cannot be called. {why}."
    if kind == "env" and unit:
        line = f"systemctl --user import-environment {name}"
        return said(
            level,
            "key-missing",
            f"{means} It runs as a systemd unit, which sees no variables of a shell.",
            f"Hand it over with {line}, then {command} stop; the unit starts again.",
            command=line,
        )
    if kind == "env":
        action = (
            f"Set {name} where Turnout is started, then {command} stop and start it "
            "again."
        )
        return said(level, "key-missing", means, action, command=f"{command} stop")
    if kind == "keyring":
        action = (
            f"Put the key into the system keyring (service turnout, user {name}), "
            f"then {command} restart."
        )
        return said(level, "key-missing", means, action, command=f"{command} restart")
    return said(level, "key-missing", means, "Give the provider a key in config.toml.")


def _answers(provider: ProviderGround, command: str, *, alone: bool) -> Iterator[Check]:
    level = Level.PROBLEM if alone else Level.WARNING
    probed = provider.probed
    if probed is None:
        yield _unasked(provider, command)
    elif probed.trouble:
        yield said(
            level,
            "provider-silent",
            probed.trouble,
            _to_reach(provider),
        )
    elif probed.status in _REFUSED:
        yield said(
            Level.PROBLEM,
            "key-refused",
            f"{provider.id} refused the key {provider.key} (status {probed.status}).",
            f"Make a new key at {provider.id}, put it where {provider.key} says, then "
            f"{command} restart.",
            command=f"{command} restart",
        )
    else:
        yield _status(provider.id, probed, level)


def _unasked(provider: ProviderGround, command: str) -> Check:
    if provider.last_failure:
        return said(
            Level.WARNING,
            "provider-silent",
            f"The last call of {provider.id} failed: {provider.last_failure}",
            f"See what was tried: {command} explain last.",
            command=f"{command} explain last",
        )
    free = "it has no request that costs nothing, so it was not asked"
    return fine("provider-silent", f"Nothing is known against {provider.id}; {free}.")


def _to_reach(provider: ProviderGround) -> str:
    if provider.here:
        return f"Start {provider.id}, or correct its base_url in config.toml."
    return f"Check the network and the base_url of {provider.id} in config.toml."


def _status(name: str, probed: Probed, level: Level) -> Check:
    if probed.status == _TOO_MANY:
        return said(
            Level.NOTE,
            "provider-silent",
            f"{name} answers, but has had too many requests for now (status 429).",
        )
    if probed.status >= _LEAST_FAULT:
        return said(
            level,
            "provider-silent",
            f"{name} answers with its own fault (status {probed.status}).",
            "Wait: it is the provider's to mend. Other providers take over.",
        )
    if probed.status >= _LEAST_ERROR:
        return said(
            Level.NOTE,
            "provider-silent",
            f"{name} answers, but knows no such page as Turnout asked for (status "
            f"{probed.status}); its base_url may be a little off.",
            f"Compare the base_url of {name} in config.toml with its documentation.",
        )
    return fine("provider-silent", f"{name} answered in {probed.ms} ms.")


def _shells(told: ProvidersGround, command: str) -> Iterator[Check]:
    missing = [each for each in told.providers if each.why_not]
    if told.shells is None:
        keys = [each.key for each in missing if each.key.startswith("env:")]
        if any(key.removeprefix("env:") not in told.terminal for key in keys):
            yield said(
                Level.NOTE,
                "key-only-in-shell",
                "Whether the missing keys stand in a shell's start-up file was not "
                "looked up: those files are read only if you say so.",
                f"Let it look: {command} doctor --shell-files.",
                command=f"{command} doctor --shell-files",
            )
        return
    if not missing:
        yield fine("key-only-in-shell", "No key that is needed is missing.")


def _prices(prices: PricesGround, command: str) -> Check:
    refresh = f"{command} prices refresh"
    if prices.problem:
        return said(
            Level.WARNING,
            "prices-stale",
            prices.problem,
            f"Take new ones: {refresh}.",
            command=refresh,
        )
    old = prices.stale + prices.unverified
    unknown = ""
    if prices.untracked:
        unknown = f" {counted(prices.untracked, 'model')} of {prices.models} have none."
    if not old:
        return fine("prices-stale", f"The prices are fresh enough.{unknown}")
    days = f"; the oldest were looked up {counted(prices.oldest_days or 0, 'day')} ago"
    return said(
        Level.WARNING if prices.unverified else Level.NOTE,
        "prices-stale",
        f"Prices of {counted(old, 'model')} are old{days}.{unknown} Costs are shown "
        "with them and may be off.",
        f"Look at newer ones: {refresh}.",
        command=refresh,
    )
