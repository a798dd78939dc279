"""Commands about providers and their models: what is configured and whether ready."""

from dataclasses import dataclass
from datetime import datetime

from app.services import Services
from proxy.catalogue import Billing, Model, Place, Provider, Safety
from proxy.model import Protocol
from proxy.money import Price


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One provider as configured; `key` says where its key is, never what it is."""

    id: str
    name: str
    ready: bool
    sentence: str
    key: str
    protocols: tuple[Protocol, ...]
    place: Place
    billing: Billing
    models: int
    any_model: bool
    price_source: str
    last_failure: str = ""


@dataclass(frozen=True, slots=True)
class ProviderList:
    """The configured providers, in the order of the user's file."""

    providers: tuple[ProviderRow, ...]
    config_file: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One route: `id` is `provider/model`. `price` None is untracked, never free.

    `context` and `max_output` are tokens, None where unknown. `price` is the one that
    holds now, for a short prompt; `tracked` says that there are prices at all.
    `quality` is 0 to 100, None where the tier of the `lane` says it; `quality_source`
    says who judged. `claude_code_safe` and `codex_safe` say whether tool use with that
    client is known to work.
    """

    id: str
    lane: str | None
    place: Place
    billing: Billing
    context: int | None
    max_output: int | None
    tools: bool
    vision: bool
    price: Price | None
    price_source: str
    quality: int | None = None
    quality_source: str = ""
    claude_code_safe: Safety = Safety.YES
    codex_safe: Safety = Safety.YES
    tracked: bool = False


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models of all configured providers."""

    models: tuple[ModelRow, ...]


async def providers(services: Services) -> ProviderList:
    """List the providers and whether each can be called now."""
    known = services.config.current.catalogue.providers
    rows = [await _row(services, provider) for provider in known]
    return ProviderList(tuple(rows), str(services.paths.config_file))


async def _row(services: Services, provider: Provider) -> ProviderRow:
    ready, sentence, failure = await _readiness(services, provider)
    return ProviderRow(
        id=provider.id,
        name=provider.name,
        ready=ready,
        sentence=sentence,
        key=str(provider.key),
        protocols=provider.protocols,
        place=provider.place,
        billing=provider.billing,
        models=len(provider.models),
        any_model=provider.any_model,
        price_source=provider.price_source,
        last_failure=failure,
    )


async def _readiness(services: Services, provider: Provider) -> tuple[bool, str, str]:
    """Return readiness, its sentence and the last failure, from the gateway if any."""
    if services.state is not None:
        for health in services.state.snapshot().providers:
            if health.id == provider.id:
                return health.ready, health.sentence, health.last_failure
    await services.secrets.prefetch([provider.key])
    why = services.secrets.why_not(provider.key)
    if why:
        return False, f"{why[:1].upper()}{why[1:]}.", ""
    return True, "It can be called.", ""


async def models(services: Services) -> ModelList:
    """List the models of the configured providers with lane, size and price."""
    now = services.clock.now()
    rows = [
        _model_row(provider, model, now)
        for provider in services.config.current.catalogue.providers
        for model in provider.models
    ]
    return ModelList(tuple(rows))


def _model_row(provider: Provider, model: Model, now: datetime) -> ModelRow:
    return ModelRow(
        id=f"{provider.id}/{model.id}",
        lane=model.lane,
        place=model.place or provider.place,
        billing=provider.billing,
        context=model.context,
        max_output=model.max_output,
        tools=model.tools,
        vision=model.vision is True,
        price=model.rates.price(0, now) if model.rates else None,
        price_source=model.price_source,
        quality=model.quality,
        quality_source=model.quality_source,
        claude_code_safe=model.compatibility.claude_code,
        codex_safe=model.compatibility.codex,
        tracked=model.rates is not None,
    )
