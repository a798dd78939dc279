"""Turns the providers of a configuration file into values, listing every problem.

It must not read files or environment, and never raises on what a file may hold. An
entry with a problem that touches its meaning is left out whole: half an entry could
send a request where its writer did not want it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from proxy.catalogue.accounts import account, is_gone, read_like
from proxy.catalogue.address import is_loopback, is_private, objection, origin
from proxy.catalogue.amounts import USER_PRICES
from proxy.catalogue.dialects import NO_DIALECTS, read_dialects
from proxy.catalogue.keyref import parse_key
from proxy.catalogue.models import Ground, read_models
from proxy.catalogue.problems import ConfigProblem, TableReader
from proxy.catalogue.provider import (
    AuthStyle,
    Billing,
    KeyRef,
    Place,
    Provider,
)
from proxy.catalogue.standing import read_standing
from proxy.catalogue.tracked import shipped_rates
from proxy.model import Protocol
from proxy.prices.rates import Rates
from proxy.wire.dialect import UNKNOWN_DIALECTS, VENDOR_DIALECTS

USUAL_AWAY: Final = ("-cloud", ":cloud")
"""How the names of models end that a local server passes on to its maker's cloud."""

RESERVED_IDS: Final = frozenset({"practice"})
"""Ids that Turnout's own providers have."""

RatesOf = Callable[[str, str], Rates | None]
"""Finds the tracked prices of a provider's model, by the ids of both."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY_HINT = (
    'Write key = "env:NAME" for an environment variable, "keyring:NAME" for an entry'
    ' of the system keyring, "none", or "client" to pass the client\'s own login on.'
)
_LITERAL_HINT = (
    'Put the key itself into an environment variable and write key = "env:NAME", or'
    ' into the system keyring and write key = "keyring:NAME".'
)


def read_providers(
    table: Mapping[str, object],
    known: Mapping[str, Provider],
    rates: RatesOf = shipped_rates,
) -> tuple[tuple[Provider, ...], tuple[ConfigProblem, ...]]:
    """Read the array `providers` of a whole configuration file.

    `table` is the parsed file; other keys of it are not looked at. An entry whose id
    is in `known` overrides only the fields it names: its models are changed or added
    one by one and come first, the others stay. An entry that is `like` a known one is
    another account there, with a quota group of its own. One that stands for a provider
    which is gone is a problem. `rates` finds what the models that an entry adds cost.

    Returns the sound providers in the order of the file and all problems, without
    lines.
    """
    problems: list[ConfigProblem] = []
    found: dict[str, Provider] = {}
    for reader in TableReader(table, "", problems).tables("providers"):
        provider = _read_provider(reader, known, rates)
        taken = provider is not None and provider.id in found
        if taken:
            hint = "Give one of them another id; the first one is used."
            reader.problem("id", "Two providers have this id.", hint)
        elif provider is not None:
            found[provider.id] = provider
    return tuple(found.values()), tuple(problems)


def read_entry(
    table: Mapping[str, object], rates: RatesOf = shipped_rates
) -> tuple[Provider | None, tuple[ConfigProblem, ...]]:
    """Read one provider's table that stands by itself, as in Turnout's own files."""
    problems: list[ConfigProblem] = []
    provider = _read_provider(TableReader(table, "", problems), {}, rates)
    return provider, tuple(problems)


def _read_provider(
    reader: TableReader, known: Mapping[str, Provider], rates: RatesOf
) -> Provider | None:
    provider_id = _read_id(reader)
    if is_gone(reader, provider_id, known):
        return None
    like = read_like(reader, provider_id, known)
    if like is None and reader.has("like"):
        return None  # what else it lacks would have come from there
    base = account(like, provider_id) if like else known.get(provider_id or "")
    name = reader.text("name") or (base.name if base else provider_id)
    base_url = _read_base_url(reader, base)
    protocols = _read_protocols(reader, base)
    endpoints = _read_endpoints(reader, protocols, base)
    unknown = _is_unknown(base, base_url, known)
    dialects = read_dialects(
        reader,
        protocols,
        base.dialects if base else NO_DIALECTS,
        UNKNOWN_DIALECTS if unknown else VENDOR_DIALECTS,
    )
    place = reader.word("place", Place)
    billing = reader.word("billing", Billing)
    auth = reader.word("auth", AuthStyle)
    any_model = reader.flag("any_model")
    away = reader.plain_list("away")
    key = _read_key(reader, base, base_url)
    moved = place is None and base is not None and _is_moved(base, base_url or "")
    if moved:
        near = is_private(base_url or "")
        place = Place.MY_NETWORK if near else Place.PROVIDER
    place = place or (base.place if base else _place_of(base_url or ""))
    near_by = base is not None and base.place is not Place.PROVIDER
    if near_by and billing is None and place is Place.PROVIDER:
        billing = Billing.METERED
    standing = read_standing(reader, base, place)
    priced = (base.priced_as if base else "") or provider_id or ""
    models = read_models(
        reader,
        Ground(
            known=base.models if base else (),
            compatibility=standing.compatibility,
            named=standing.named,
            added=base is not None,
            rates=partial(rates if base or not known else _untracked, priced),
        ),
    )
    reader.finish()
    if not (reader.sound and provider_id and name and base_url and protocols and key):
        return None
    return Provider(
        id=provider_id,
        name=name,
        base_url=base_url,
        protocols=protocols,
        key=key,
        billing=billing or (base.billing if base else _billing_at(place)),
        place=place,
        any_model=(
            any_model if any_model is not None else base is not None and base.any_model
        ),
        endpoints=endpoints,
        auth=auth or (base.auth if base else None),
        models=models,
        price_source=base.price_source if base else USER_PRICES,
        dialects=dialects,
        away=_away(away, base, place),
        unknown=unknown,
        privacy=standing.privacy,
        limits=standing.limits,
        probe=standing.probe,
        quota=standing.quota,
        compatibility=standing.compatibility,
        priced_as=base.priced_as if base else "",
        tracked=partial(rates if base else _untracked, priced),
    )


def _untracked(_provider_id: str, _model_id: str) -> Rates | None:
    """Find no price: one tracked for an id means nothing at a server of any kind."""
    return None


def _is_unknown(
    base: Provider | None, base_url: str | None, known: Mapping[str, Provider]
) -> bool:
    """Whether an entry stands for a server that no file of Turnout's describes.

    Those files themselves are read with nothing known before.
    """
    if base is not None or base_url is None or not known:
        return False
    home = origin(base_url)
    return all(origin(each.base_url) != home for each in known.values())


def _place_of(base_url: str) -> Place:
    return Place.THIS_MACHINE if is_loopback(base_url) else Place.PROVIDER


def _is_moved(base: Provider, base_url: str) -> bool:
    """Tell whether a known server of this machine is said to be somewhere else."""
    return base.place is Place.THIS_MACHINE and not is_loopback(base_url)


def _away(
    named: tuple[str, ...] | None, base: Provider | None, place: Place
) -> tuple[str, ...]:
    """Return the endings of models that run at the provider.

    An address near by proves nothing: what serves there may pass models on. Where the
    entry does not say which, the usual endings are taken for them.
    """
    if named is not None:
        return tuple(each.lower() for each in named)
    if base is not None and base.away:
        return base.away
    return USUAL_AWAY if place is not Place.PROVIDER else ()


def _billing_at(place: Place) -> Billing:
    return Billing.LOCAL if place is Place.THIS_MACHINE else Billing.METERED


def _read_id(reader: TableReader) -> str | None:
    hint = 'Give it a short name of its own, such as id = "anthropic".'
    provider_id = reader.text("id", hint)
    if provider_id is None:
        if not reader.has("id"):
            reader.problem("", "This provider has no id.", hint)
        return None
    if not _ID.fullmatch(provider_id):
        hint = "Use up to 64 letters, digits, dots, dashes and underscores."
        reader.problem("id", "`id` has characters that do not belong there.", hint)
        return None
    if provider_id in RESERVED_IDS:
        reader.problem("id", "This id belongs to Turnout's own provider.", hint)
        return None
    return provider_id


def _read_url(reader: TableReader, key: str) -> str | None:
    url = reader.text(key)
    if url is None:
        return None
    wrong = objection(url)
    if wrong is None:
        return url.rstrip("/")
    hint = 'Write it like "https://api.example.com", with the key under `key`.'
    reader.problem(key, f"`{key}` {wrong}.", hint)
    return None


def _read_base_url(reader: TableReader, base: Provider | None) -> str | None:
    url = base.base_url if base else None
    if reader.has("base_url"):
        url = _read_url(reader, "base_url")
    if url and base and base.fill_in and base.fill_in in url:
        hint = f'Add base_url = "{base.base_url}", with yours for {base.fill_in}.'
        message = f"The address of this provider needs your own {base.fill_in}."
        reader.problem("base_url", message, hint)
        return None
    if reader.has("base_url") or base is not None:
        return url
    if reader.has("id"):
        hint = 'Add base_url = "https://...", without the version path.'
        reader.problem("", "This provider has no base_url.", hint)
    return None


def _read_protocols(
    reader: TableReader, base: Provider | None
) -> tuple[Protocol, ...] | None:
    if reader.has("protocols"):
        return reader.word_list("protocols", Protocol)
    if base is not None:
        return base.protocols
    if reader.has("id"):
        hint = f"Add protocols = [...] with one or more of: {', '.join(Protocol)}."
        reader.problem("", "This provider has no protocols.", hint)
    return None


def _read_endpoints(
    reader: TableReader,
    protocols: tuple[Protocol, ...] | None,
    base: Provider | None,
) -> Mapping[Protocol, str]:
    if not reader.has("endpoints"):
        return base.endpoints if base else MappingProxyType({})
    table = reader.table("endpoints")
    if table is None:
        return MappingProxyType({})
    found: dict[Protocol, str] = {}
    for protocol in Protocol:
        if not table.has(protocol):
            continue
        path = table.raw(protocol)
        if isinstance(path, str) and re.fullmatch(r"/[!-\"$->@-~]+", path):
            found[protocol] = path
        elif (url := _read_url(table, protocol)) is not None:
            found[protocol] = url
        if protocols and protocol not in protocols:
            hint = "Add it to `protocols`, or take this endpoint out."
            table.problem(protocol, "This protocol is not in `protocols`.", hint)
    table.finish()
    reader.sound &= table.sound
    return MappingProxyType(found)


def _read_key(
    reader: TableReader, base: Provider | None, base_url: str | None
) -> KeyRef | None:
    text = reader.text("key", _KEY_HINT)
    if text is not None:
        key = parse_key(text)
        if key is None:
            message = "`key` must say where the key is; it must not be the key itself."
            reader.problem("key", message, _LITERAL_HINT)
        elif key.kind == "client" and base and base_url:
            _check_vendor(reader, base, base_url)
        return key
    if reader.has("key"):
        return None
    if base_url and is_loopback(base_url):
        return KeyRef("none")
    if reader.has("id"):
        reader.problem("", "This provider has no key.", _KEY_HINT)
    return None


def _check_vendor(reader: TableReader, base: Provider, base_url: str) -> None:
    """A client's own login goes to the vendor that issued it, or stays here."""
    if is_loopback(base_url) or origin(base_url) == origin(base.base_url):
        return
    reader.problem(
        "key",
        f'key = "client" would send the login for {base.base_url} to another host.',
        'Use key = "env:NAME", or give this provider an id of its own.',
    )
