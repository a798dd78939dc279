"""Our pricing of the shipped snapshot against the package that it was built from."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Any

import genai_prices.data
import pytest
from genai_prices import extract_usage
from genai_prices import types as oracle
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Protocol, Usage, Variant
from proxy.money import cost_nano
from proxy.prices.rates import ORDINARY, Rates
from proxy.prices.snapshot import price_snapshot
from proxy.wire.answer import read_answer

THEIRS = {"gemini": "google", "moonshot": "moonshotai", "xai": "x-ai", "bedrock": "aws"}
LISTED = [
    (provider.id, model.id)
    for provider in price_snapshot().document.providers
    for model in provider.models
]
BORDERS = (0, 1, 100_000, 100_001, 128_000, 128_001, 200_000, 200_001, 272_000, 272_001)
VARIANTS = (
    ORDINARY,
    Variant("batch"),
    Variant("", "flex"),
    Variant("", "priority"),
    Variant("", "fast"),
    Variant("", "default"),
    Variant("", "unheard-of"),
    Variant("", "", "fast"),
    Variant("batch", "priority"),
    Variant("batch", "", "fast"),
)
MOMENTS = (
    *(datetime(2026, 11, 20, hour, 30, tzinfo=UTC) for hour in (0, 2, 5, 7, 12)),
    datetime(2026, 11, 20, 1, tzinfo=UTC),
    datetime(2026, 11, 20, 3, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 11, 20, 4, tzinfo=UTC),
    datetime(2026, 10, 11, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 12, tzinfo=UTC),
    datetime(2026, 10, 14, tzinfo=UTC),
    datetime(2025, 1, 1, 12, tzinfo=UTC),
    datetime(2027, 1, 1, tzinfo=UTC),
)


@cache
def _providers() -> dict[str, oracle.Provider]:
    return {provider.id: provider for provider in genai_prices.data.providers}


@cache
def _model(provider_id: str, model_id: str) -> tuple[Any, Any]:
    provider = _providers()[THEIRS.get(provider_id, provider_id)]
    return provider, next(each for each in provider.models if each.id == model_id)


def _wanted(
    name: tuple[str, str], usage: Usage, moment: datetime, variant: Variant
) -> int:
    provider, model = _model(*name)
    said = {
        "processing": variant.processing,
        "service_tier": variant.service_tier,
        "speed": variant.speed,
    }
    told = oracle.Usage(
        input_tokens=usage.whole_input,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        output_tokens=usage.output_tokens,
        output_reasoning_tokens=usage.reasoning_tokens,
        web_searches=usage.web_searches,
    )
    found = model.calc_price(
        told,
        provider,
        genai_request_timestamp=moment,
        price_context={kind: word for kind, word in said.items() if word},
    )
    return _nano(found.total_price)


def _nano(dollars: Decimal) -> int:
    return int((dollars * 10**9).to_integral_value(ROUND_HALF_EVEN))


def _rates(name: tuple[str, str]) -> Rates:
    rates = price_snapshot().rates(*name)
    assert rates is not None
    assert rates.priced_as == name[1]
    return rates


def _check(
    name: tuple[str, str], usage: Usage, moment: datetime, variant: Variant
) -> None:
    price = _rates(name).price(usage.whole_input, moment, variant)
    assert price is not None
    if usage.web_searches and price.web_search is None:
        assert cost_nano(usage, price) is None  # they say 0; we, that nobody knows
        return
    found = cost_nano(usage, price)
    assert found == _wanted(name, usage, moment, variant), (name, moment, variant)


@st.composite
def _usages(draw: st.DrawFn) -> Usage:
    whole = draw(st.sampled_from(BORDERS) | st.integers(0, 2_000_000))
    read = draw(st.integers(0, whole))
    written = draw(st.integers(0, whole - read))
    output = draw(st.integers(0, 200_000))
    return Usage(
        input_tokens=whole - read - written,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=draw(st.integers(0, written)),
        output_tokens=output,
        reasoning_tokens=draw(st.integers(0, output)),
        web_searches=draw(st.integers(0, 5)),
    )


_moments = st.sampled_from(MOMENTS) | st.integers(0, 4 * 365 * 86_400).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(
    name=st.sampled_from(LISTED),
    usage=_usages(),
    moment=_moments,
    variant=st.sampled_from(VARIANTS),
)
def test_any_usage_costs_what_the_source_says(
    name: tuple[str, str], usage: Usage, moment: datetime, variant: Variant
) -> None:
    _check(name, usage, moment, variant)


@pytest.mark.slow
@pytest.mark.parametrize("provider", sorted({name[0] for name in LISTED}))
def test_every_entry_of_the_snapshot_agrees(provider: str) -> None:
    some = Usage(
        input_tokens=7,
        cache_read_tokens=50_001,
        cache_write_tokens=3,
        cache_write_1h_tokens=1,
        output_tokens=11,
        reasoning_tokens=5,
    )
    much = Usage(300_001, 1, 1, 0, 11, 5)
    for name in LISTED:
        if name[0] == provider:
            varies = any(entry.variant for entry in _rates(name).entries)
            for moment in MOMENTS:
                for variant in VARIANTS if varies else VARIANTS[:2]:
                    _check(name, some, moment, variant)
                    _check(name, much, moment, variant)


def _cost_of(
    name: tuple[str, str], protocol: Protocol, answer: dict[str, Any]
) -> int | None:
    usage = read_answer(protocol, json.dumps(answer).encode()).usage
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    rates = _rates(name)
    price = rates.price(usage.whole_input, moment, usage.served or ORDINARY)
    return cost_nano(usage, price)


MESSAGES_USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 300,
    "cache_creation": {
        "ephemeral_5m_input_tokens": 100,
        "ephemeral_1h_input_tokens": 200,
    },
    "cache_read_input_tokens": 1000,
    "output_tokens": 50,
    "server_tool_use": {"web_search_requests": 2},
}
CHAT_USAGE = {
    "prompt_tokens": 5000,
    "completion_tokens": 700,
    "total_tokens": 5700,
    "prompt_tokens_details": {"cached_tokens": 3000},
    "completion_tokens_details": {"reasoning_tokens": 600},
}
RESPONSES_USAGE = {
    "input_tokens": 300_000,
    "input_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 2000},
    "output_tokens": 700,
    "output_tokens_details": {"reasoning_tokens": 600},
    "total_tokens": 300_700,
}
GEMINI_USAGE = {
    "promptTokenCount": 250_000,
    "cachedContentTokenCount": 10_000,
    "candidatesTokenCount": 300,
    "thoughtsTokenCount": 200,
    "toolUsePromptTokenCount": 40,
    "totalTokenCount": 250_540,
}


@pytest.mark.parametrize(
    ("name", "flavor", "protocol", "answer"),
    [
        (
            ("anthropic", "claude-sonnet-5-5"),
            "default",
            Protocol.MESSAGES,
            {"model": "claude-sonnet-5-5", "usage": MESSAGES_USAGE},
        ),
        (
            ("openai", "gpt-6-sol"),
            "responses",
            Protocol.RESPONSES,
            {"model": "gpt-6-sol", "usage": RESPONSES_USAGE},
        ),
        (
            ("openai", "gpt-5.1"),
            "chat",
            Protocol.CHAT,
            {"model": "gpt-5.1", "usage": CHAT_USAGE},
        ),
        (
            ("gemini", "gemini-3.1-pro-preview"),
            "default",
            Protocol.GEMINI,
            {
                "modelVersion": "gemini-3.1-pro-preview",
                "candidates": [
                    {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}
                ],
                "usageMetadata": GEMINI_USAGE,
            },
        ),
        (
            ("groq", "openai/gpt-oss-20b"),
            "default",
            Protocol.CHAT,
            {"model": "openai/gpt-oss-20b", "usage": CHAT_USAGE},
        ),
        (
            ("cerebras", "gpt-oss-120b"),
            "chat",
            Protocol.CHAT,
            {"model": "gpt-oss-120b", "usage": CHAT_USAGE},
        ),
        (
            ("xai", "grok-4-0709"),
            "chat",
            Protocol.CHAT,
            {
                "model": "grok-4-0709",
                "usage": CHAT_USAGE | {"total_tokens": 6300},
            },
        ),
    ],
    ids=lambda value: "/".join(value) if isinstance(value, tuple) else None,
)
def test_an_answer_s_own_usage_costs_what_the_source_says(
    name: tuple[str, str], flavor: str, protocol: Protocol, answer: dict[str, Any]
) -> None:
    provider = THEIRS.get(name[0], name[0])
    read = extract_usage(answer, provider_id=provider, api_flavor=flavor)
    wanted = read.calc_price(
        genai_request_timestamp=datetime(2026, 11, 20, 12, tzinfo=UTC)
    )
    assert wanted.model.id == name[1]
    assert _cost_of(name, protocol, answer) == _nano(wanted.total_price)


def test_the_worked_answer_of_claude() -> None:
    answer = {"model": "claude-sonnet-5-5", "usage": MESSAGES_USAGE}
    name = ("anthropic", "claude-sonnet-5-5")
    assert _cost_of(name, Protocol.MESSAGES, answer) == 21_670_000


@pytest.mark.parametrize(
    ("hour", "nano"),
    [
        (0, 2_640_000_000),
        (2, 5_280_000_000),
        (5, 2_640_000_000),
        (7, 5_280_000_000),
        (12, 2_640_000_000),
    ],
)
def test_deepseek_costs_twice_as_much_in_its_busy_hours(hour: int, nano: int) -> None:
    usage = Usage(1_000_000, 0, 0, output_tokens=1_000_000)
    moment = datetime(2026, 11, 20, hour, 30, tzinfo=UTC)
    rates = _rates(("deepseek", "deepseek-v4-pro"))
    assert cost_nano(usage, rates.price(usage.whole_input, moment)) == nano
    # The hour is UTC's, wherever the clock that told it hangs.
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert cost_nano(usage, rates.price(usage.whole_input, elsewhere)) == nano


@pytest.mark.parametrize(
    ("variant", "nano"),
    [
        (ORDINARY, 300_000_000),
        (Variant("", "default"), 300_000_000),
        (Variant("", "priority"), 600_000_000),
        (Variant("", "fast"), 600_000_000),
        (Variant("", "flex"), 150_000_000),
        (Variant("batch"), 150_000_000),
        (Variant("", "ultrafast"), 300_000_000),
    ],
)
def test_gpt_6_costs_by_how_it_was_served(variant: Variant, nano: int) -> None:
    usage = Usage(100_000, 0, 0, output_tokens=10_000)
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    rates = _rates(("openai", "gpt-6-sol"))
    assert cost_nano(usage, rates.price(usage.whole_input, moment, variant)) == nano
    assert rates.knows(variant) == (variant.service_tier != "ultrafast")


@pytest.mark.parametrize(
    ("tokens", "nano"), [(200_000, 615_000_000), (200_001, 1_222_506_000)]
)
def test_a_prompt_over_the_border_costs_more_for_every_token(
    tokens: int, nano: int
) -> None:
    usage = Usage(tokens, 0, 0, output_tokens=1000)
    rates = _rates(("anthropic", "claude-sonnet-4-5"))
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    assert cost_nano(usage, rates.price(tokens, moment)) == nano


@pytest.mark.parametrize(("tokens", "nano"), [(1, 38), (2, 75), (3, 112), (4, 150)])
def test_groq_s_cache_rounds_half_a_nano_dollar_to_even(tokens: int, nano: int) -> None:
    usage = Usage(0, tokens, 0, output_tokens=0)
    rates = _rates(("groq", "openai/gpt-oss-20b"))
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    assert cost_nano(usage, rates.price(tokens, moment)) == nano


def test_a_million_of_fast_fable_costs_96_dollars() -> None:
    usage = Usage(1_000_000, 0, 0, output_tokens=1_000_000)
    rates = _rates(("anthropic", "claude-fable-5-2"))
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    fast = rates.price(usage.whole_input, moment, Variant("", "", "fast"))
    assert cost_nano(usage, fast) == 96 * 10**9
    assert cost_nano(usage, rates.price(1, moment)) == 48 * 10**9
