"""Which known provider an entry stands for: itself, another account of it, none.

It must not read anything else of an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy.catalogue.address import objection, origin
from proxy.catalogue.problems import TableReader, closest
from proxy.catalogue.provider import Model, Provider


def is_gone(
    reader: TableReader, provider_id: str | None, known: Mapping[str, Provider]
) -> bool:
    """List the problem of an entry for a provider that can no longer be called."""
    named = known.get(provider_id or "")
    url = reader.raw("base_url")
    home = None
    if isinstance(url, str) and objection(url) is None:
        home = origin(url)
    for gone in known.values():
        if not gone.gone:
            continue
        moved = named is gone and home is not None
        if (named is gone and not moved) or home == origin(gone.base_url):
            key = "base_url" if reader.has("base_url") else "id"
            reader.problem(key, gone.gone, "Take this entry out.")
            return True
    return False


def read_like(
    reader: TableReader, provider_id: str | None, known: Mapping[str, Provider]
) -> Provider | None:
    """Read which known provider this entry is another account of."""
    name = reader.text("like")
    if name is None:
        return None
    able = [each.id for each in known.values() if not each.gone]
    if name not in able:
        meant = closest(name, able)
        hint = f'Did you mean "{meant}"?' if meant else f"Known: {', '.join(able)}."
        reader.problem("like", "`like` names no provider that Turnout knows.", hint)
        return None
    if provider_id in known:
        message = "This id belongs to the account that Turnout knows already."
        hint = f'Give it another id, such as id = "{name}-2".'
        reader.problem("id", message, hint)
        return None
    return known[name]


def account(like: Provider, provider_id: str | None) -> Provider:
    """Return `like` as another account: its own name, its own limits."""
    own = provider_id or ""
    return replace(
        like,
        id=own,
        name=f"{like.name} ({own})",
        quota=own,
        priced_as=like.priced_as or like.id,
        models=tuple(_own_quota(model, own) for model in like.models),
    )


def _own_quota(model: Model, own: str) -> Model:
    return replace(model, quota=f"{own}/{model.quota}") if model.quota else model
