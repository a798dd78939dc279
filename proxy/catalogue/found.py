"""The catalogue with what servers on the user's machines said of their models.

It must not ask a server or read an answer; `proxy.catalogue.local` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from proxy.catalogue.provider import Catalogue, Model, Place, Provider


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One model that a local server says it has.

    `context` is how many tokens it has room for now, None where it is not loaded or
    nobody said; never what the model could have at most. `place` is None where the
    provider's holds. `tools` and `vision` are None where nobody said.
    """

    context: int | None = None
    place: Place | None = None
    tools: bool | None = None
    vision: bool | None = None


Found = Mapping[str, FoundModel]
"""What one server has, by the name that goes upstream."""


def with_found(
    catalogue: Catalogue, found: Mapping[tuple[str, str], FoundModel]
) -> Catalogue:
    """Return `catalogue` with what local servers said of their models.

    `found` is by provider id and model id. A context that is really allocated goes
    before one that a file names, a place at the provider before any other; a model that
    no file lists is added behind those that are. What is not found stays as it is.
    Providers that do not run on the user's own machines are left alone.
    """
    if not found:
        return catalogue
    providers = tuple(_with_found(each, found) for each in catalogue.providers)
    return replace(catalogue, providers=providers)


def _with_found(
    provider: Provider, found: Mapping[tuple[str, str], FoundModel]
) -> Provider:
    if provider.place is Place.PROVIDER:
        return provider
    here = {name: seen for (owner, name), seen in found.items() if owner == provider.id}
    if not here:
        return provider
    listed = [
        _seen(model, here.pop(model.id)) if model.id in here else model
        for model in provider.models
    ]
    added = [
        _seen(Model(name, compatibility=provider.compatibility), seen)
        for name, seen in sorted(here.items())
        if provider.any_model
    ]
    return replace(provider, models=(*listed, *added))


def _seen(model: Model, seen: FoundModel) -> Model:
    return replace(
        model,
        context=seen.context or model.context,
        place=seen.place or model.place,
        tools=model.tools if seen.tools is None else model.tools and seen.tools,
        vision=model.vision if model.vision is not None else seen.vision,
    )
