"""providers and models."""

from dataclasses import replace
from decimal import Decimal

from app.commands import providers
from app.services import Services
from app.state import ProviderHealth, Snapshot
from proxy.catalogue import (
    Billing,
    Place,
    Safety,
    catalogue_of,
    known_providers,
)


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


async def test_models_say_how_good_and_safe_they_are_and_who_judged(
    alone: Services,
) -> None:
    config = alone.config.current
    anthropic = known_providers()["anthropic"]
    groq = known_providers()["groq"]
    untracked = replace(groq.models[0], id="new", rates=None)
    providers_then = (anthropic, replace(groq, models=(*groq.models, untracked)))
    alone.config.current = replace(config, catalogue=catalogue_of(providers_then))
    rows = {row.id: row for row in (await providers.models(alone)).models}
    opus = rows["anthropic/claude-opus-5-5"]
    assert (opus.quality, opus.claude_code_safe) == (92, Safety.YES)
    assert opus.quality_source == "manual-review, 2026-11-21"
    assert opus.tracked
    assert "genai-prices" in opus.price_source
    tiny = rows["groq/llama-3.1-8b-instant"]
    assert (tiny.claude_code_safe, tiny.codex_safe) == (Safety.NO, Safety.NO)
    new = rows["groq/new"]
    assert (new.tracked, new.price, new.price_source) == (False, None, "")


async def test_a_price_that_changed_by_date_is_shown_as_of_now(
    alone: Services,
) -> None:
    config = alone.config.current
    openai = known_providers()["openai"]
    alone.config.current = replace(config, catalogue=catalogue_of((openai,)))
    rows = {row.id: row for row in (await providers.models(alone)).models}
    sol = openai.find_model("gpt-5.6-sol")
    assert sol is not None
    assert sol.price is not None
    shown = rows["openai/gpt-5.6-sol"].price
    assert shown is not None
    assert shown.input == Decimal(4)
    assert sol.price.input != shown.input
