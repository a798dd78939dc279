"""providers and models."""

from dataclasses import replace
from decimal import Decimal

from app.commands import providers
from app.services import Services
from app.state import ProviderHealth, Snapshot
from proxy.catalogue import Billing, Place


async def test_providers_say_whether_their_key_is_there_and_never_which(
    alone: Services,
) -> None:
    told = await providers.providers(alone)
    first, second = told.providers
    assert (first.id, first.ready, first.key) == ("scripted", True, "env:SCRIPTED_KEY")
    assert not second.ready
    assert "keyring" in second.sentence
    assert "canary" not in repr(told)
    assert first.any_model
    assert first.models == 1


async def test_a_running_gateway_knows_better(services: Services) -> None:
    assert services.state is not None
    now = services.state.snapshot()

    class State:
        def snapshot(self) -> Snapshot:
            health = ProviderHealth(
                "scripted",
                ready=False,
                sentence="Not ready: refused.",
                place=Place.PROVIDER,
                billing=Billing.METERED,
                last_failure="It said 401.",
            )
            return replace(now, providers=(health,))

        async def changed(self, revision: int) -> None:
            return

    told = await providers.providers(replace(services, state=State()))
    assert not told.providers[0].ready
    assert told.providers[0].last_failure == "It said 401."


async def test_models_carry_lane_size_and_price(alone: Services) -> None:
    (row,) = (await providers.models(alone)).models
    assert (row.id, row.lane, row.context) == (
        "scripted/scripted-large",
        "claude/premium",
        200000,
    )
    assert row.price is not None
    assert row.price.input == Decimal("3.00")
    assert row.price.cache_read is None
