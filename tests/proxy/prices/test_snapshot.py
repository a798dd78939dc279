"""The shipped snapshot: what it lists, under which names, and where it is from."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import resources
from proxy.catalogue import known_providers
from proxy.prices.document import DocumentError
from proxy.prices.rates import SourceType
from proxy.prices.snapshot import SHIPPED, price_snapshot, snapshot_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
LINES = {
    "Haiku": ("anthropic", ["claude-haiku-5-5", "claude-haiku-4-5"]),
    "Sonnet": ("anthropic", ["claude-sonnet-5-5", "claude-sonnet-5"]),
    "Opus": ("anthropic", ["claude-opus-5-5", "claude-opus-5", "claude-opus-4-8"]),
    "Fable": ("anthropic", ["claude-fable-5-2", "claude-fable-5-1", "claude-fable-5"]),
    "Gemini Pro": ("gemini", ["gemini-3.1-pro-preview", "gemini-2.5-pro"]),
    "Gemini 4": ("gemini", ["gemini-4-argon"]),
    "Gemini Flash": (
        "gemini",
        ["gemini-3.8-flash", "gemini-3.5-flash", "gemini-3.5-flash-lite"],
    ),
    "GPT-5": (
        "openai",
        [
            "gpt-5",
            "gpt-5-mini",
            "gpt-5-nano",
            "gpt-5.1",
            "gpt-5.2",
            "gpt-5.3-codex",
            "gpt-5.4",
            "gpt-5.5",
            "gpt-5.6-sol",
            "gpt-5.6-terra",
            "gpt-5.6-luna",
        ],
    ),
    "GPT-6": (
        "openai",
        ["gpt-6-sol", "gpt-6-luna", "gpt-6-astra", "gpt-6.1-sol", "gpt-6.1-terra"],
    ),
}


@pytest.mark.parametrize("line", LINES)
def test_the_lines_people_use_are_tracked(line: str) -> None:
    provider, models = LINES[line]
    for model in models:
        rates = price_snapshot().rates(provider, model)
        assert rates is not None, model
        assert rates.priced_as == model
        price = rates.price(1000, NOW)
        assert price is not None
        assert price.input is not None
        assert price.output is not None
        assert 0 < price.input < price.output
        assert rates.source.type is SourceType.PROVIDER_DOCS


def test_the_snapshot_names_what_it_was_made_from() -> None:
    snapshot = price_snapshot()
    assert snapshot.id.startswith("genai-prices 0.2.3 sha256:5f4d8e17")
    assert snapshot.digest == hashlib.sha256(resources.data(SHIPPED)).hexdigest()
    assert "MIT" in snapshot.document.licence
    assert price_snapshot() is snapshot


def test_dates_and_listed_aliases_lead_to_the_listed_id() -> None:
    snapshot = price_snapshot()
    for name, wanted in (
        ("claude-opus-5-5-20260901", "claude-opus-5-5"),
        ("gpt-5.1-2025-11-13", "gpt-5.1"),
        ("gpt-5-codex", "gpt-5"),
    ):
        provider = "anthropic" if name.startswith("claude") else "openai"
        rates = snapshot.rates(provider, name)
        assert rates is not None
        assert rates.priced_as == wanted


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-opus-9"),
        ("anthropic", "claude-haiku-4-5-latest"),
        ("anthropic", "claude-haiku"),
        ("gemini", "gemini-flash-latest"),
        ("gemini", "claude-sonnet-5-5"),
        ("openai", "gpt-6"),
        ("openai", "GPT-6-SOL"),
        ("ollama", "gpt-oss-20b"),
        ("nobody", "gpt-5"),
        ("openai", ""),
    ],
)
def test_what_only_looks_alike_has_no_price(provider: str, model: str) -> None:
    assert price_snapshot().rates(provider, model) is None


def test_a_variant_that_was_verified_says_when() -> None:
    rates = price_snapshot().rates("openai", "gpt-6-sol")
    assert rates is not None
    days = {
        dict(entry.variant).get("service_tier") or "batch": entry.source.time.day
        for entry in rates.entries
        if entry.variant and entry.source
    }
    assert days == {"flex": 12, "priority": 12, "fast": 12, "batch": 14}


def test_an_offer_of_an_aggregator_is_marked_as_one() -> None:
    rates = price_snapshot().rates("openrouter", "openai/gpt-oss-120b")
    assert rates is not None
    assert rates.source.type is SourceType.AGGREGATOR_OFFER


def test_who_lists_no_cache_price_bills_cached_tokens_as_input() -> None:
    rates = price_snapshot().rates("cerebras", "gpt-oss-120b")
    assert rates is not None
    price = rates.price(1, NOW)
    assert price is not None
    assert price.cache_read == price.cache_write == price.input == Decimal("0.35")


def test_every_provider_of_the_snapshot_is_in_the_catalogue() -> None:
    ours = {provider.id for provider in price_snapshot().document.providers}
    assert ours <= known_providers().keys()


def test_what_is_no_document_is_no_snapshot() -> None:
    with pytest.raises(DocumentError):
        snapshot_of(b"{}")


def test_a_price_may_have_a_source_of_its_own() -> None:
    whole = json.loads(resources.data(SHIPPED))
    entry = whole["providers"][0]["models"][0]["entries"][0]
    name = whole["providers"][0]["models"][0]["id"]
    row = {"type": "manual-review", "reference": "a person", "retrieved": "2026-11-20"}
    entry["sources"] = {"input": row}
    snapshot = snapshot_of(json.dumps(whole).encode())
    rates = snapshot.rates(whole["providers"][0]["id"], name)
    assert rates is not None
    (field, source) = rates.entries[0].sources[0]
    assert (field, source.reference) == ("input", "a person")
    assert rates.source.url.startswith("https://")
    assert rates.base == rates.entries[0].price


def test_the_document_stays_small_enough_to_review() -> None:
    assert len(resources.data(SHIPPED)) < 700_000
