"""prices, prices refresh and prices undo."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resources
from app.commands import prices
from app.commands.prices import PriceRow
from app.failure import CommandFailed, Exit
from app.prices import active_snapshot
from app.services import Services
from proxy.catalogue import KeyRef, Model, Provider, catalogue_of, known_providers
from proxy.ledger import Event
from proxy.model import Usage
from proxy.money import Price, cost_nano
from proxy.prices.difference import Kind, difference, objections
from proxy.prices.freshness import Freshness
from proxy.prices.rates import Rate, Rates, Source, SourceType
from proxy.prices.snapshot import SHIPPED, price_snapshot
from proxy.routing import Mode

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OWN = Source(SourceType.MANUAL_REVIEW, "config.toml", datetime.fromtimestamp(0, UTC))


def own(into: str) -> Rates:
    return Rates((Rate(Price(Decimal(into), Decimal(20))),), OWN)


def with_models(services: Services, provider_id: str, *models: Model) -> None:
    """Let one provider with these models be all that is configured."""
    known: Provider = known_providers()[provider_id]
    provider = replace(known, key=KeyRef("none"), models=models)
    services.config.current = replace(
        services.config.current, catalogue=catalogue_of((provider,))
    )


def tracked(provider: str, model: str) -> Model:
    return Model(model, rates=price_snapshot().rates(provider, model))


async def only_row(services: Services, **options: bool) -> PriceRow:
    (row,) = (await prices.prices(services, **options)).prices
    return row


# --- what there is --------------------------------------------------------------------


async def test_a_tracked_price_has_status_source_and_conditions(
    alone: Services,
) -> None:
    with_models(alone, "anthropic", tracked("anthropic", "claude-haiku-5-5"))
    row = await only_row(alone)
    assert row.price is not None
    assert (row.price.input, row.price.output) == (Decimal("0.10"), Decimal("0.50"))
    assert row.status is Freshness.TRACKED
    assert "x5 above 100k tokens" in row.conditions
    assert "provider-docs" in row.source
    assert row.age_days is not None


async def test_no_price_is_unknown_and_never_zero(alone: Services) -> None:
    with_models(alone, "anthropic", Model("claude-next"))
    row = await only_row(alone)
    assert (row.price, row.status) == (None, Freshness.UNTRACKED)
    assert await only_row(alone, untracked=True) == row
    assert (await prices.prices(alone, stale=True)).prices == ()


async def test_age_is_computed_when_it_is_asked_for(alone: Services) -> None:
    class Later:
        def now(self) -> datetime:
            return NOW + timedelta(days=60)

        def monotonic(self) -> float:
            return 0.0

    with_models(alone, "anthropic", tracked("anthropic", "claude-haiku-5-5"))
    assert (await prices.prices(alone, stale=True)).prices == ()
    later = replace(alone, clock=Later())
    row = await only_row(later, stale=True)
    assert row.status is Freshness.STALE
    assert row.age_days is not None
    assert row.age_days >= 60


async def test_the_users_own_price_wins_and_the_snapshots_is_shown(
    alone: Services,
) -> None:
    with_models(alone, "anthropic", Model("claude-opus-5-5", rates=own("8")))
    row = await only_row(alone, conflicts=True)
    assert row.price is not None
    assert row.price.input == Decimal(8)
    assert row.status is Freshness.OWN
    found = {c.source.split(" (")[0]: c for c in row.conflicts if c.what == "input"}
    assert found["genai-prices 0.2.3"].other == Decimal(4)


async def test_agreement_is_no_conflict(alone: Services) -> None:
    with_models(alone, "anthropic", tracked("anthropic", "claude-opus-5-5"))
    assert (await prices.prices(alone, conflicts=True)).prices == ()


async def test_an_offer_of_the_aggregator_is_held_against_the_makers_price(
    alone: Services,
) -> None:
    listed = tracked("anthropic", "claude-opus-4-5")
    assert listed.rates is not None
    dear = Rate(Price(Decimal(50), Decimal(250)))
    with_models(
        alone,
        "anthropic",
        replace(listed, rates=replace(listed.rates, entries=(dear,))),
    )
    row = await only_row(alone, conflicts=True)
    assert any("aggregator-offer" in c.source for c in row.conflicts)


async def test_the_cost_in_answers_is_held_against_the_table(
    alone: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    price = Price(Decimal(2), Decimal(10))
    usage = Usage(input_tokens=1000, output_tokens=100)
    table = cost_nano(usage, price)
    assert table is not None
    event = _event(price, usage, table * 2)

    async def recent(_: object, limit: int = 50) -> tuple[Event, ...]:
        return (event,)

    monkeypatch.setattr(type(alone.ledger), "recent", recent)
    source = replace(OWN, reference="a page", time=NOW)
    model = Model("made-up", rates=Rates((Rate(price),), source))
    with_models(alone, "openrouter", model)
    row = await only_row(alone, conflicts=True)
    (found,) = row.conflicts
    assert (found.what, found.other) == ("cost", found.taken * 2)
    event = _event(price, usage, table)
    assert (await prices.prices(alone, conflicts=True)).prices == ()


async def test_names_used_lately_that_nobody_lists_have_rows_too(
    alone: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _event(Price(), Usage(), 1)
    used = [
        replace(made, provider="anthropic", model=name)
        for name in ("claude-opus-4-1", "claude-next", "claude-opus-4-1", None)
    ]

    async def recent(_: object, limit: int = 50) -> tuple[Event, ...]:
        return (*used, made)

    monkeypatch.setattr(type(alone.ledger), "recent", recent)
    with_models(alone, "anthropic", tracked("anthropic", "claude-opus-5-5"))
    rows = (await prices.prices(alone)).prices
    assert [(row.route, row.status) for row in rows] == [
        ("anthropic/claude-opus-5-5", Freshness.TRACKED),
        ("anthropic/claude-next", Freshness.UNTRACKED),
        ("anthropic/claude-opus-4-1", Freshness.TRACKED),
    ]
    assert rows[2].price is not None
    assert rows[2].price.input == Decimal(15)


def _event(price: Price, usage: Usage, cost: int) -> Event:
    names = dict.fromkeys(Event.__dataclass_fields__)
    told: dict[str, Any] = {
        **names,
        "provider": "openrouter",
        "model": "made-up",
        "attempts": (),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "price": price,
        "answer_cost_nano": cost,
    }
    return Event(**told)


# --- refresh and undo -----------------------------------------------------------------


def document(tmp_path: Path, **changes: object) -> str:
    """Write the shipped document with `changes` and return its path."""
    whole: dict[str, Any] = json.loads(resources.data(SHIPPED))
    file = tmp_path / "newer.json"
    file.write_text(json.dumps(whole | {"id": "newer"} | changes))
    return str(file)


def cheaper_opus() -> list[dict[str, Any]]:
    providers: list[dict[str, Any]] = json.loads(resources.data(SHIPPED))["providers"]
    maker = next(p for p in providers if p["id"] == "anthropic")
    opus = next(m for m in maker["models"] if m["id"] == "claude-opus-5-5")
    opus["entries"][0]["prices"]["input"] = "3"
    return providers


async def test_without_a_yes_the_difference_is_shown_and_nothing_changed(
    services: Services, tmp_path: Path
) -> None:
    file = document(tmp_path, providers=cheaper_opus())
    found = await prices.refresh(services, from_=file)
    assert (found.applied, found.asks) == (False, True)
    (change,) = found.changes
    assert (change.kind, change.route) == (Kind.CHANGED, "anthropic/claude-opus-5-5")
    assert "input 4 -> 3" in change.what
    assert not active_snapshot(services.paths).refreshed
    assert not (services.paths.state / "prices").exists()


async def test_with_a_yes_it_acts_in_the_running_gateway_and_can_be_undone(
    services: Services, tmp_path: Path, gateway: Any
) -> None:
    before = active_snapshot(services.paths).snapshot
    file = document(tmp_path, providers=cheaper_opus())
    found = await prices.refresh(services, from_=file, yes=True)
    assert (found.applied, found.asks) == (True, False)
    assert gateway.asked == ["config_changed"]
    assert active_snapshot(services.paths).snapshot.id == "newer"
    undone = await prices.undo(services)
    assert undone.applied
    assert [c.what for c in undone.changes] == [
        c.what.replace("4 -> 3", "3 -> 4") for c in found.changes
    ]
    assert active_snapshot(services.paths).snapshot.digest == before.digest
    with pytest.raises(CommandFailed, match="no refresh"):
        await prices.undo(services)


async def test_the_same_document_changes_nothing(
    services: Services, tmp_path: Path
) -> None:
    file = tmp_path / "same.json"
    file.write_bytes(resources.data(SHIPPED))
    found = await prices.refresh(services, from_=str(file), yes=True)
    assert (found.applied, found.asks, found.changes) == (False, False, ())


async def test_a_document_with_far_fewer_models_needs_a_second_yes(
    services: Services, tmp_path: Path
) -> None:
    file = document(tmp_path, providers=cheaper_opus()[:1])
    shown = await prices.refresh(services, from_=file)
    assert "less than 80 %" in shown.warning
    with pytest.raises(CommandFailed, match="too few") as caught:
        await prices.refresh(services, from_=file, yes=True)
    assert caught.value.exit == Exit.FAILED
    assert not active_snapshot(services.paths).refreshed
    taken = await prices.refresh(services, from_=file, yes=True, even_if_smaller=True)
    assert taken.applied


async def test_prices_that_cannot_be_are_never_taken(
    services: Services, tmp_path: Path
) -> None:
    providers = cheaper_opus()
    providers[0]["models"][0]["entries"][0]["prices"]["input"] = "999999"
    file = document(tmp_path, providers=providers)
    with pytest.raises(CommandFailed, match="cannot be true"):
        await prices.refresh(services, from_=file, yes=True, even_if_smaller=True)
    ahead = cheaper_opus()
    ahead[0]["source"]["retrieved"] = "2099-01-01"
    with pytest.raises(CommandFailed) as caught:
        await prices.refresh(
            services, from_=document(tmp_path, providers=ahead), yes=True
        )
    assert "in the future" in caught.value.message
    assert not active_snapshot(services.paths).refreshed


async def test_offline_downloads_nothing(services: Services) -> None:
    current = services.config.current
    settings = replace(current.settings, mode=Mode.OFFLINE)
    services.config.current = replace(current, settings=settings)
    with pytest.raises(CommandFailed, match="offline"):
        await prices.refresh(services, from_="https://prices.example/x", yes=True)


async def test_a_folder_that_cannot_be_written_changes_nothing(
    services: Services, tmp_path: Path
) -> None:
    (services.paths.state / "prices").write_text("in the way")
    file = document(tmp_path, providers=cheaper_opus())
    with pytest.raises(CommandFailed, match="not changed"):
        await prices.refresh(services, from_=file, yes=True)


async def test_broken_prices_are_named_in_the_list(
    services: Services, tmp_path: Path
) -> None:
    file = document(tmp_path, providers=cheaper_opus())
    await prices.refresh(services, from_=file, yes=True)
    (services.paths.state / "prices" / "000001.json").write_text("{")
    assert "are not used" in (await prices.prices(services)).note


async def test_prices_older_than_those_that_came_along_say_so(
    services: Services, tmp_path: Path
) -> None:
    file = document(tmp_path, built="2026-01-01")
    await prices.refresh(services, from_=file, yes=True)
    note = (await prices.prices(services)).note
    assert note.startswith("They were made on 2026-01-01")
    assert "/opt/turnout prices undo" in note
    await prices.undo(services)
    assert (await prices.prices(services)).note == ""


def test_nothing_speaks_against_the_shipped_prices() -> None:
    assert objections(OLD, NOW) == ()


OLD = prices._priced(price_snapshot())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON | st.binary(max_size=40))
def test_nothing_that_is_no_document_gets_further_than_a_sentence(
    thing: object,
) -> None:
    data = thing if isinstance(thing, bytes) else json.dumps(thing).encode()
    with pytest.raises(CommandFailed):
        prices._sound(data, NOW)


_SMALL: dict[str, Any] = {
    **json.loads(resources.data(SHIPPED)),
    "providers": cheaper_opus()[:1],
}
_SMALL["providers"][0]["models"] = _SMALL["providers"][0]["models"][:2]
_PATHS = [
    (),
    ("models", 0),
    ("models", 0, "id"),
    ("models", 0, "entries"),
    ("models", 0, "entries", 0),
    ("models", 0, "entries", 0, "prices"),
    ("models", 0, "entries", 0, "prices", "input"),
    ("models", 0, "entries", 0, "above"),
    ("models", 0, "entries", 0, "starts"),
    ("models", 0, "entries", 0, "from"),
    ("models", 0, "entries", 0, "variant"),
    ("source",),
    ("source", "retrieved"),
]


@given(st.sampled_from(_PATHS), JSON)
def test_a_document_that_is_odd_in_one_place_never_breaks_anything(
    path: tuple[str | int, ...], thing: object
) -> None:
    whole = json.loads(json.dumps(_SMALL))
    place: Any = whole["providers"]
    for step in (0, *path)[:-1]:
        place = place[step]
    place[(0, *path)[-1]] = thing
    try:
        newer = prices._sound(json.dumps(whole).encode(), NOW)
    except CommandFailed:
        return
    new = prices._priced(newer)
    found = difference(OLD, new, NOW)
    assert len(found.changes) + found.same >= len(new)
