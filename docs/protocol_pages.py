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

from proxy.catalogue import Place, Provider
from proxy.model import Protocol
from proxy.wire.dialect import VENDOR_DIALECTS, Dialect

_GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"


class Level(enum.StrEnum):
    """How sure we are of a provider's way of speaking one protocol."""

    LISTED = "listed"
    GOLDEN = "golden"


LEVELS: Mapping[Level, str] = {
    Level.LISTED: "address and dialect are taken from public documents",
    Level.GOLDEN: "a request in just this dialect, or for a server that is as the "
    "protocol's vendor a recorded answer, is compared by a test",
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
        "No provider was called to check it: no row is *live-checked*.",
    ]
    for provider in sorted(providers, key=lambda each: each.id):
        parts += ["", *_provider(provider)]
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
    folder = golden / protocol
    if (folder / f"dialect_{provider.id}").is_dir():
        return Level.GOLDEN
    as_vendor = provider.dialect(protocol) == VENDOR_DIALECTS[protocol]
    return Level.GOLDEN if as_vendor and any(folder.iterdir()) else Level.LISTED


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
