"""explain and try."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from routing_made import facts, model, provider, run

from app.commands import routing
from app.failure import CommandFailed, Exit
from app.services import Services
from proxy.ledger import Attempt, Finished, Routed
from proxy.model import Protocol, Usage
from proxy.money import Price
from proxy.prices.rates import AS_USUAL, Rate, Rates, Source, SourceType
from proxy.routing import Condition, Mode, StoredDecision, write_decision
from proxy.wire.losses import LOSSES

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

DECISION = (
    '{"mode":"direct","requested_model":"gpt-x","reason":"It was first.",'
    '"chosen":"scripted/gpt-x","lane":null,"standby":["other/m"],'
    '"rejected":[["third","not_ready","the provider is not ready"]]}'
)


def routed(name: str, decision: str = DECISION) -> Routed:
    return Routed(
        id=name,
        run="run-1",
        time=NOON,
        client="codex",
        protocol="openai-responses",
        route_class="fallback_safe",
        requested_model="gpt-x",
        mode=Mode.DIRECT,
        stream=True,
        decision=decision,
    )


async def finish(services: Services, name: str, **more: Any) -> None:
    row: dict[str, Any] = {
        "id": name,
        "run": "run-1",
        "time": NOON,
        "duration_ms": 2300,
        "status": "success",
        "provider": "scripted",
        "model": "scripted-large",
        "billing": "metered",
    }
    assert await services.ledger.finish(Finished(**{**row, **more}))


async def test_an_explanation_tells_decision_attempts_tokens_and_cost(
    alone: Services,
) -> None:
    alone.ledger.routed(routed("r1"))
    await finish(
        alone,
        "r1",
        status="fallback_success",
        first_byte_ms=410,
        attempts=(
            Attempt(
                provider="other",
                model="m",
                protocol="openai-responses",
                outcome="rate_limited",
                status=429,
                duration_ms=90,
            ),
            Attempt(
                provider="scripted",
                model="scripted-large",
                protocol="openai-responses",
                outcome="ok",
                duration_ms=2100,
            ),
        ),
        usage=Usage(input_tokens=1200, cache_read_tokens=0, output_tokens=30),
        price=Price(input=Decimal("3.00"), output=Decimal("15.00")),
        cost_nano=4_050_000,
        losses=("cache_marks", "seed"),
    )
    told = await routing.explain(alone, "last")
    assert told.id == "r1"
    assert told.event is not None
    text = "\n".join(told.layers)
    assert "asked for gpt-x" in text
    assert "chose scripted/gpt-x" in text
    assert "third was rejected: the provider is not ready" in text
    assert "Attempt 1: other/m failed after 90 ms: rate limited (status 429)." in text
    assert "Attempt 2: scripted/scripted-large answered after 2.1 s." in text
    assert "by a fallback in 2.3 s, the first byte after 410 ms" in text
    assert "1,200 fresh input, 0 read from cache, 30 output" in text
    assert "It cost 0.0040 $ (metered; input 3.00, output 15.00 $ per million" in text
    for name in ("cache_marks", "seed"):
        assert f"Lost in translation ({name}): {LOSSES[name]}" in told.layers


@pytest.mark.parametrize("known", [True, False])
async def test_where_a_price_came_from_is_told_while_it_is_known(
    alone: Services, known: bool
) -> None:
    catalogue = alone.config.current.catalogue
    provider = catalogue.providers[0]
    source = Source(SourceType.MANUAL_REVIEW, "the price list of May", NOON)
    rates = Rates((Rate(Price()),), source)
    priced = replace(provider.models[0], rates=rates)
    providers = (replace(provider, models=(priced,)), *catalogue.providers[1:])
    alone.config.current = replace(
        alone.config.current, catalogue=replace(catalogue, providers=providers)
    )
    alone.ledger.routed(routed("r1"))
    snapshot = catalogue.snapshot if known else "an older one"
    await finish(alone, "r1", cost_nano=7, price_snapshot=snapshot)
    text = " ".join((await routing.explain(alone, "r1")).layers)
    assert ("price from the price list of May" in text) is known


async def test_prices_that_stand_in_are_told(alone: Services) -> None:
    alone.ledger.routed(routed("r1"))
    snapshot = f"a snapshot{AS_USUAL}fast"
    await finish(alone, "r1", cost_nano=7, price_snapshot=snapshot)
    text = " ".join((await routing.explain(alone, "r1")).layers)
    assert "It is priced as usual: no price for fast is known." in text


async def test_unknown_costs_say_why(alone: Services) -> None:
    alone.ledger.routed(routed("r1"))
    await finish(alone, "r1")
    text = " ".join((await routing.explain(alone, "r1")).layers)
    assert "Its cost is unknown: the model's price is not known." in text
    assert "The provider told no token counts." in text


async def test_a_request_under_way_is_explained_as_far_as_it_is(
    alone: Services,
) -> None:
    alone.ledger.routed(routed("r0"))
    alone.ledger.routed(routed("r1"))
    await finish(alone, "r0")
    told = await routing.explain(alone, "r1")
    assert told.event is None
    assert told.layers[-1] == "It is not finished yet."


async def test_a_decision_of_another_version_is_no_stumbling_block(
    alone: Services,
) -> None:
    alone.ledger.routed(routed("r1", decision='{"shape":"new"}'))
    await finish(alone, "r1")
    assert "another version" in (await routing.explain(alone, "r1")).layers[0]


async def test_an_id_nobody_had_is_refused(alone: Services) -> None:
    for name in ("gone", "last"):
        with pytest.raises(CommandFailed, match="no such request"):
            await routing.explain(alone, name)


async def test_a_prompt_goes_down_the_protocol_its_provider_speaks(
    services: Services, gateway: Any
) -> None:
    told = await routing.try_prompt(services, "hello")
    assert told.text == "HELLO"
    await routing.try_prompt(services, "x", model="other/m")
    await routing.try_prompt(services, "x", model="practice/echo")
    assert [asked[1:] for asked in gateway.asked] == [
        (None, Protocol.RESPONSES),
        ("other/m", Protocol.MESSAGES),
        ("practice/echo", Protocol.MESSAGES),
    ]


async def test_a_prompt_that_fails_fails_the_command(
    services: Services, gateway: Any
) -> None:
    gateway.error = "No route can take it."
    with pytest.raises(CommandFailed) as caught:
        await routing.try_prompt(services, "hello")
    assert caught.value.message == "No route can take it."
    assert "explain req_1" in caught.value.todo


async def test_trying_needs_a_gateway(alone: Services) -> None:
    with pytest.raises(CommandFailed, match="No gateway is running"):
        await routing.try_prompt(alone, "hello")


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "0 ms"), (999, "999 ms"), (1000, "1.0 s")]
)
def test_durations_are_short(milliseconds: int, text: str) -> None:
    assert routing.seconds(milliseconds) == text


def test_the_stored_form_here_is_the_real_one() -> None:
    assert set(StoredDecision.__struct_fields__) >= {"chosen", "standby", "rejected"}


async def explained(services: Services, name: str, **more: Any) -> str:
    services.ledger.routed(routed(name))
    await finish(services, name, **more)
    return " ".join((await routing.explain(services, name)).layers)


async def test_the_part_of_a_price_that_is_not_known_is_named(alone: Services) -> None:
    price = Price(input=Decimal("3.00"), output=Decimal("15.00"))
    used = Usage(input_tokens=12, output_tokens=3, web_searches=2)
    text = await explained(alone, "r1", usage=used, price=price)
    assert "Its cost is unknown: the price of web searches is not known." in text
    text = await explained(alone, "r2", usage=Usage(input_tokens=12), price=price)
    assert "did not tell the count of output tokens." in text


async def test_without_a_route_no_provider_is_said_to_have_been_called(
    alone: Services,
) -> None:
    text = await explained(
        alone,
        "r1",
        status="error",
        error_kind="no_route",
        provider=None,
        model=None,
        billing=None,
        cost_nano=0,
    )
    assert "No provider was called, so it cost nothing." in text
    assert "token" not in text
    assert "billing" not in text


async def test_what_an_interrupted_request_cost_is_not_known(alone: Services) -> None:
    text = await explained(alone, "r1", status="interrupted")
    assert text.endswith(
        "The gateway ended before the answer did in 2.3 s. What it cost is not known."
    )


async def test_an_unknown_id_may_be_of_a_request_refused_early(
    alone: Services,
) -> None:
    with pytest.raises(CommandFailed) as caught:
        await routing.explain(alone, "req_x")
    assert "refused before it was routed leaves no record" in caught.value.message
    assert "/opt/turnout logs" in caught.value.todo


async def test_the_last_request_is_asked_for_by_word_or_flag(alone: Services) -> None:
    alone.ledger.routed(routed("r1"))
    await finish(alone, "r1")
    by_word = await routing.explain(alone, "last")
    assert await routing.explain(alone, last=True) == by_word
    assert by_word.id == "r1"


@pytest.mark.parametrize("given", [{}, {"id": "r1", "last": True}])
async def test_one_request_has_to_be_meant(
    alone: Services, given: dict[str, Any]
) -> None:
    with pytest.raises(CommandFailed, match="Which request") as failed:
        await routing.explain(alone, **given)
    assert failed.value.exit == Exit.USAGE


async def test_a_request_that_went_well_is_told_in_twelve_lines(
    alone: Services,
) -> None:
    houses = [
        provider(f"p{n}", model("m", "x/standard", str(n + 1))) for n in range(30)
    ]
    ready = {f"p{n}": f"variable X{n} is not set" for n in range(20, 30)}
    asked = facts("p3-like", evidence=("12 tools are offered",), tools=True)
    decided = run(asked, *houses, condition=Condition(not_ready=ready))
    alone.ledger.routed(routed("r1", write_decision(decided)))
    await finish(
        alone,
        "r1",
        attempts=(
            Attempt(
                provider="p0", model="m", protocol="openai-responses", outcome="ok"
            ),
        ),
        usage=Usage(input_tokens=1200, output_tokens=30),
        cost_nano=4_050_000,
    )
    layers = (await routing.explain(alone, "r1")).layers
    assert len(layers) == routing.MOST_LINES == 12
    text = " ".join(layers)
    assert "Turnout chose p0/m" in text
    assert "beat p1/m" in text
    assert layers[-4].startswith("Attempt 1:")
    assert layers[-5].startswith("And ")


async def test_marks_retries_and_what_was_asked_for_are_told(alone: Services) -> None:
    alone.ledger.routed(routed("r1"))
    tried = Attempt(
        provider="other", model="m", protocol="openai-responses", outcome="overloaded"
    )
    await finish(
        alone,
        "r1",
        status="fallback_success",
        mark="downgrade",
        attempts=(
            replace(tried, usage=Usage(input_tokens=5), cost_nano=2_000_000),
            replace(tried, retry=True, usage=Usage()),
            replace(
                tried,
                provider="scripted",
                model="scripted-large",
                outcome="ok",
                mark="downgrade",
            ),
        ),
        usage=Usage(input_tokens=1200, output_tokens=30),
        cost_nano=4_050_000,
        asked_cost_nano=9_000_000,
    )
    text = " ".join((await routing.explain(alone, "r1")).layers)
    assert "overloaded. It cost 0.0020 $ all the same. Attempt 2" in text
    assert "other/m (the same route once more) failed" in text
    assert "It cost an unknown amount all the same." in text
    assert "scripted/scripted-large (a downgrade) answered" in text
    assert "That was a downgrade: a weaker model than the request needs." in text
    assert "The same tokens at the model asked for: about 0.0090 $." in text


async def test_an_escalation_is_told(alone: Services) -> None:
    alone.ledger.routed(routed("r1"))
    await finish(alone, "r1", mark="escalation", cost_nano=1, asked_cost_nano=1)
    text = " ".join((await routing.explain(alone, "r1")).layers)
    assert "That was an escalation" in text
    assert "The same tokens" not in text
