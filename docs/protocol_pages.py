"""The reference pages about providers, losses and headers; writes no file.

What a page says comes from the shipped data files, from the closed list of losses and
from the golden files that tests compare with; `docs/generate.py` puts it in its place.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from proxy.catalogue import (
    Compatibility,
    LimitsDialect,
    Model,
    Place,
    Privacy,
    Provider,
)
from proxy.model import Protocol
from proxy.wire.dialect import VENDOR_DIALECTS, Dialect

_GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"


class Level(enum.StrEnum):
    """How sure we are of a provider's way of speaking one protocol, least first."""

    LISTED = "listed"
    GOLDEN = "golden"
    LIVE_CHECKED = "live-checked"


LEVELS: Mapping[Level, str] = {
    Level.LISTED: "address and dialect are taken from public documents",
    Level.GOLDEN: "a request in just this dialect is compared by a test",
    Level.LIVE_CHECKED: "an answer that the provider itself gave is compared by a test",
}

PRIVACY: Mapping[Privacy, str] = {
    Privacy.LOCAL: "what is sent stays on this machine",
    Privacy.TENANT: "what is sent stays in your own part of the provider's cloud",
    Privacy.NO_TRAINING: "nothing is trained on it, and it is kept briefly or not at "
    "all",
    Privacy.SETTINGS: "what happens to it depends on your account's settings",
    Privacy.OPAQUE: "it may be trained on, or the provider does not say",
}

_PLACES = {
    Place.THIS_MACHINE: "on this machine",
    Place.MY_NETWORK: "in your network",
    Place.PROVIDER: "at the provider",
}

REQUEST_HEADERS: Mapping[str, str] = {
    "x-turnout-key": "the gateway key, for a client that keeps its own login in "
    "`Authorization` or `x-api-key`; those two, and on Gemini's paths "
    "`x-goog-api-key`, may carry it as well",
    "x-turnout-mode": "the mode for this request; `offline`, once set, cannot be left",
    "x-turnout-trust": "`confidential` and `secret` keep the request on this machine; "
    "`public` and `internal` do not",
}
"""What a client may send. None of it goes on to a provider."""

ANSWER_HEADERS: Mapping[str, str] = {
    "x-turnout-request": "the request's id, for `turnout explain`",
    "x-turnout-route": "who answered: `provider/model`",
    "x-turnout-lane": "the model's lane, `unlisted` where no catalogue has the model",
    "x-turnout-class": "what kind of request it was taken for",
    "x-turnout-losses": "the names of what could not be carried over, with commas; "
    "absent where nothing was lost ([what they mean](losses.md))",
    "x-turnout-count": "how the tokens were counted: `exact` by the model's own "
    "provider in the client's protocol, `provider` by its endpoint in another one, "
    "`estimate` by Turnout",
    "x-turnout-count-band": "for an estimate, between which numbers it should be: "
    "`LOW-HIGH`",
    "x-turnout-attempts": "how many calls to providers it took",
}
"""What Turnout puts on answers."""


def providers_page(providers: Iterable[Provider], made: str) -> str:
    """The page of the providers that are known by id."""
    parts = ["# Known providers", "", made, ""]
    parts += [
        "For each of these an `id` and, where another is wanted, a `key` are a whole",
        "entry in `config.toml` ([how](../guide/first-config.md)). Where a server does",
        "not take all that the protocol's vendor takes, its file says so; an entry of",
        "your own can set the flags below `[providers.dialect.PROTOCOL]`.",
        "",
        "The level says how sure that is:",
        "",
    ]
    parts += [f"- *{level}*: {meaning}." for level, meaning in LEVELS.items()]
    parts += [
        "",
        "A provider has the level of the protocol that is least sure.",
        "",
        "The privacy class is where a judgement of your own begins, and no promise of",
        "the provider's:",
        "",
    ]
    parts += [f"- *{name}*: {meaning}." for name, meaning in PRIVACY.items()]
    parts += [
        "",
        "*Claude Code* and *Codex* say whether tool use of a model with that client is",
        "known to work: `yes`, `experimental` or `no`. Requests with tools go to `yes`",
        "only, and to `experimental` where you allowed it. Quality is 0 to 100; where",
        "none is named it is that of the tier. Both are judgements, with their source;",
        "an entry of your own can change each of them.",
    ]
    known = sorted(providers, key=lambda each: each.id)
    for provider in known:
        if not provider.gone:
            parts += ["", *_provider(provider)]
    gone = [provider for provider in known if provider.gone]
    if gone:
        parts += ["", "## Gone", ""]
        parts += ["An entry for one of these is a problem, and is left out.", ""]
        parts += [f"- `{each.id}` (`{each.base_url}`): {each.gone}" for each in gone]
    return "\n".join(parts) + "\n"


def _provider(provider: Provider) -> Iterator[str]:
    yield f"## {provider.id}"
    yield ""
    listed = len(provider.models)
    models = f"{listed} listed" if listed else "none listed"
    anything = ", any other name is passed on" if provider.any_model else ""
    where = _PLACES[provider.place]
    yield f"{provider.name}, {where}, {provider.billing}. Base address"
    yield f"`{provider.base_url}`, key `{provider.key}`. Models: {models}{anything}."
    if provider.fill_in:
        yield f"Your own entry has to replace `{provider.fill_in}` in the address."
    if provider.price_source:
        yield f"Taken from {provider.price_source}."
    yield ""
    yield from _standing(provider)
    yield ""
    yield "| protocol | address | key goes in | level | not as the vendor |"
    yield "| --- | --- | --- | --- | --- |"
    for protocol in provider.protocols:
        flags = ", ".join(f"`{each}`" for each in _deviations(provider, protocol))
        row = (
            f"`{protocol}`",
            f"`{provider.url(protocol)}`",
            f"`{provider.auth_style(protocol)}`" if str(provider.key) != "none" else "",
            f"*{level_of(provider, protocol)}*",
            flags or "nothing known",
        )
        yield f"| {' | '.join(row)} |"
    if provider.models:
        yield ""
        yield "| model | lane | context | quality | Claude Code | Codex | priced as |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        yield from map(_model, provider.models)


def _standing(provider: Provider) -> Iterator[str]:
    """Yield what holds for a provider beside its addresses, a list entry each."""
    yield f"- level: *{provider_level(provider)}*"
    yield f"- privacy: *{provider.privacy or 'nobody said'}*"
    told = provider.limits is not LimitsDialect.NONE
    yield f"- limits: {f'`{provider.limits}` headers' if told else 'told in no header'}"
    yield f"- probe: {f'`GET {provider.probe_url}`' if provider.probe else 'none'}"
    does = provider.compatibility
    safe = f"Claude Code {does.claude_code}, Codex {does.codex}"
    yield f"- models that are not listed: {safe} ({does.source})"
    judges = sorted(_judges(provider))
    if judges:
        yield f"- listed models were judged by: {'; '.join(judges)}"


def _judges(provider: Provider) -> set[str]:
    """Return who says how good the listed models are and what they do."""
    return {
        source
        for model in provider.models
        for source in (model.quality_source, model.compatibility.source)
        if source
    }


def _model(model: Model) -> str:
    does: Compatibility = model.compatibility
    row = (
        f"`{model.id}`",
        model.lane or "",
        f"{model.context:,}" if model.context else "not known",
        _quality(model),
        does.claude_code,
        does.codex,
        f"`{model.rates.priced_as}`" if model.rates else "untracked",
    )
    return f"| {' | '.join(row)} |"


def _quality(model: Model) -> str:
    first = "tier's" if model.quality is None else str(model.quality)
    single = (f"{name} {value}" for name, value in model.class_quality)
    return ", ".join((first, *single))


def provider_level(provider: Provider, golden: Path = _GOLDEN) -> Level:
    """Return the level of the protocol of `provider` that is least sure."""
    order = list(Level)
    levels = (level_of(provider, each, golden) for each in provider.protocols)
    return min(levels, key=order.index)


def _deviations(provider: Provider, protocol: Protocol) -> Iterator[str]:
    ours, vendor = provider.dialect(protocol), VENDOR_DIALECTS[protocol]
    for flag in dataclasses.fields(Dialect):
        value = getattr(ours, flag.name)
        if value != getattr(vendor, flag.name):
            yield f"{flag.name} = {json.dumps(value)}"


def level_of(provider: Provider, protocol: Protocol, golden: Path = _GOLDEN) -> Level:
    """Return how sure a provider's way of speaking a protocol is.

    `golden` is the folder of the golden files; a test without such a file fails.
    """
    if (golden / protocol / f"live_{provider.id}").is_dir():
        return Level.LIVE_CHECKED
    written = golden / "dialects" / provider.id / f"{protocol}.json"
    return Level.GOLDEN if written.is_file() else Level.LISTED


def losses_page(losses: Mapping[str, str], made: str) -> str:
    """The page of all names of losses."""
    parts = ["# Losses", "", made, ""]
    parts += [
        "Where a provider speaks another protocol than the client, Turnout translates.",
        "What cannot be carried over is named by one of these words: in the answer's",
        "header `x-turnout-losses`, on the record, in `turnout events --json`, and in",
        "a sentence by `turnout explain ID` and the Overview window. A name never",
        "holds content. A thing the request depends on is no loss: then the route is",
        "not taken, and `turnout explain` says why.",
        "",
        "| name | what it means |",
        "| --- | --- |",
    ]
    parts += [f"| `{name}` | {losses[name]} |" for name in sorted(losses)]
    return "\n".join(parts) + "\n"


def headers_page(made: str) -> str:
    """The page of Turnout's own request and answer headers."""
    parts = ["# Headers", "", made, ""]
    for title, headers in (
        ("A client may send", REQUEST_HEADERS),
        ("An answer may have", ANSWER_HEADERS),
    ):
        parts += [f"## {title}", "", "| header | meaning |", "| --- | --- |"]
        parts += [f"| `{name}` | {text} |" for name, text in headers.items()]
        parts.append("")
    parts += [
        "Headers that begin with `x-turnout-` never leave for a provider, and none",
        "that a provider sends reaches a client.",
    ]
    return "\n".join(parts) + "\n"
