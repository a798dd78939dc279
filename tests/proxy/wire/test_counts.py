"""Token counts as told, and no belief in what cannot be true."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import Protocol, Usage
from proxy.money import Price, cost_nano
from proxy.wire.counts import (
    Counts,
    Members,
    chat_counts,
    entries,
    filled,
    gemini_counts,
    inside,
    later,
    members,
    messages_counts,
    responses_counts,
    settled,
    told,
    word,
)

Reader = Callable[[Members], Counts]

READERS = [messages_counts, responses_counts, chat_counts]
ODD = ["-1", "1.0", "1e3", '"5"', "true", "[]", "{}", "1" + "0" * 12, "1" * 5_000]


def read(reader: Reader, usage: object) -> Counts:
    return raw(reader, json.dumps(usage))


def raw(reader: Reader, usage: str) -> Counts:
    found = members(usage.encode())
    assert found is not None
    return reader(found)


def whole_input(fresh: int, *, read: int = 0, written: int = 0) -> Counts:
    return {
        "input_tokens": fresh,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
    }


def test_messages_counts_are_fresh_already() -> None:
    assert read(
        messages_counts,
        {
            "input_tokens": 1,
            "cache_read_input_tokens": 2,
            "cache_creation_input_tokens": 7,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 3,
                "ephemeral_1h_input_tokens": 4,
            },
            "output_tokens": 50,
            "output_tokens_details": {"thinking_tokens": 10},
            "server_tool_use": {"web_search_requests": 6, "web_fetch_requests": 1},
            "service_tier": "standard",
        },
    ) == {
        "input_tokens": 1,
        "cache_read_tokens": 2,
        "cache_write_tokens": 7,
        "cache_write_1h_tokens": 4,
        "output_tokens": 50,
        "reasoning_tokens": 10,
        "web_searches": 6,
    }


def test_cache_writes_told_only_by_lifetime_are_summed() -> None:
    split = {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4}
    assert read(messages_counts, {"cache_creation": split}) == {
        "cache_write_tokens": 7,
        "cache_write_1h_tokens": 4,
    }
    del split["ephemeral_5m_input_tokens"]
    assert read(messages_counts, {"cache_creation": split}) == {
        "cache_write_tokens": 4,
        "cache_write_1h_tokens": 4,
    }
    split = {"ephemeral_5m_input_tokens": -3}
    assert read(messages_counts, {"cache_creation": split}) == {
        "cache_write_tokens": None
    }


@pytest.mark.parametrize(
    ("usage", "cache"),
    [
        ({"input_tokens": 8}, (0, 0)),
        ({"input_tokens": 8, "cache_read_input_tokens": None}, (0, 0)),
        ({"input_tokens": 8, "cache_read_input_tokens": 5}, (5, 0)),
        (
            {"input_tokens": 8, "cache_creation": {"ephemeral_1h_input_tokens": 2}},
            (0, 2),
        ),
        ({"input_tokens": 8, "cache_read_input_tokens": -5}, (None, 0)),
        ({"input_tokens": -8}, (None, None)),
        ({"output_tokens": 8}, (None, None)),
    ],
)
def test_a_cache_nobody_names_beside_the_input_was_not_used(
    usage: object, cache: tuple[int | None, int | None]
) -> None:
    counts = settled(read(messages_counts, usage))
    found = counts.get("cache_read_tokens"), counts.get("cache_write_tokens")
    assert found == cache


@pytest.mark.parametrize("reader", READERS)
def test_a_server_without_a_cache_has_a_known_cost(reader: Reader) -> None:
    into, out = (
        ("prompt_tokens", "completion_tokens")
        if reader is chat_counts
        else ("input_tokens", "output_tokens")
    )
    usage = Usage(**settled(read(reader, {into: 1000, out: 10})), served=None)
    one, two = Decimal(1), Decimal(2)
    price = Price(input=one, output=two, cache_read=one, cache_write=two)
    assert cost_nano(usage, price) == 1_020_000


@pytest.mark.parametrize(
    ("reader", "names"),
    [
        (responses_counts, ("input_tokens", "output_tokens", "input", "output")),
        (chat_counts, ("prompt_tokens", "completion_tokens", "prompt", "completion")),
    ],
)
@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        ({}, whole_input(1000)),
        (None, whole_input(1000)),
        ({"cached_tokens": None}, whole_input(1000)),
        ({"cached_tokens": 0}, whole_input(1000)),
        ({"cached_tokens": 600}, whole_input(400, read=600)),
        (
            {"cached_tokens": 600, "cache_write_tokens": 400},
            whole_input(0, read=600, written=400),
        ),
        (
            {"cached_tokens": 600, "cache_write_tokens": 401},
            {
                "input_tokens": None,
                "cache_read_tokens": None,
                "cache_write_tokens": None,
            },
        ),
        ({"cached_tokens": 1001}, {"input_tokens": None, "cache_read_tokens": None}),
        ({"cached_tokens": -1}, {"input_tokens": None, "cache_read_tokens": None}),
    ],
)
def test_openai_input_is_told_with_the_cache_in_it(
    reader: Reader,
    names: tuple[str, str, str, str],
    cache: dict[str, int | None] | None,
    expected: Counts,
) -> None:
    whole, out, into_, out_ = names
    usage = {
        whole: 1000,
        out: 50,
        f"{into_}_tokens_details": cache,
        f"{out_}_tokens_details": {"reasoning_tokens": 50},
        "total_tokens": 1050,
    }
    assert read(reader, usage) == expected | {
        "output_tokens": 50,
        "reasoning_tokens": 50,
    }


def test_the_cache_of_deepseek_is_read() -> None:
    usage = {"prompt_tokens": 10, "prompt_cache_hit_tokens": 4, "completion_tokens": 1}
    told_ = read(chat_counts, usage | {"prompt_cache_miss_tokens": 6})
    assert told_ == whole_input(6, read=4) | {"output_tokens": 1}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_count_is_unknown_and_spoils_no_other(reader: Reader, odd: str) -> None:
    good, bad = (
        ("completion_tokens", "prompt_tokens")
        if reader is chat_counts
        else ("output_tokens", "input_tokens")
    )
    assert raw(reader, f'{{"{good}": 5, "{bad}": {odd}}}') == {
        "output_tokens": 5,
        "input_tokens": None,
    }


@pytest.mark.parametrize("reader", READERS)
def test_null_and_missing_are_not_told(reader: Reader) -> None:
    assert read(reader, {"input_tokens": None, "prompt_tokens": None, "x": 1}) == {}


def test_a_part_larger_than_its_whole_is_unknown() -> None:
    assert read(
        messages_counts,
        {
            "cache_creation_input_tokens": 1,
            "cache_creation": {"ephemeral_1h_input_tokens": 2},
            "output_tokens": 3,
            "output_tokens_details": {"thinking_tokens": 4},
        },
    ) == {
        "cache_write_tokens": 1,
        "cache_write_1h_tokens": None,
        "output_tokens": 3,
        "reasoning_tokens": None,
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "input_tokens",
                    "prompt_tokens",
                    "output_tokens",
                    "input_tokens_details",
                    "prompt_tokens_details",
                    "cached_tokens",
                    "cache_creation",
                    "ephemeral_1h_input_tokens",
                    "server_tool_use",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.sampled_from(READERS), VALUES)
def test_no_usage_breaks_a_reader(reader: Reader, usage: object) -> None:
    counts = reader(members(json.dumps(usage).encode()) or {})
    assert all(count is None or count >= 0 for count in counts.values())


def test_parts_of_an_answer_are_read_with_care() -> None:
    found = members(b'{"a": {"b": {"c": "x"}}, "l": [1, {}], "n": null, "e": ""}')
    assert found is not None
    assert inside(found, "a", "b").keys() == {"c"}
    assert inside(found, "l", "b") == inside(found, "z") == {}
    assert [bytes(each) for each in entries(found["l"])] == [b"1", b"{}"]
    assert entries(found["a"]) == entries(None) == []
    assert (told(found["n"]), told(found["e"]), told(None)) == (False, True, False)
    assert [filled(found.get(key)) for key in "anez"] == [False] * 4
    assert filled(inside(found, "a", "b")["c"])
    for bad in (None, b"", b"[1]", b"{", b'"\xff"', b"[" * 100_000):
        assert members(bad) is None


@pytest.mark.parametrize(
    ("text", "read_"),
    [
        ('"end_turn"', "end_turn"),
        ('"a b"', None),
        ('"é"', None),
        ('"a\\u0000"', None),
        ('""', None),
        (json.dumps("x" * 64), "x" * 64),
        (json.dumps("x" * 65), None),
        ("5", None),
        ("null", None),
        ("[]", None),
    ],
)
def test_a_word_cannot_carry_text(text: str, read_: str | None) -> None:
    assert word(msgspec.Raw(text.encode())) == read_
    assert word(None) is None


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, {}),
        ({"promptTokenCount": 5}, whole_input(5)),
        (
            {
                "promptTokenCount": 20,
                "cachedContentTokenCount": 5,
                "toolUsePromptTokenCount": 2,
                "candidatesTokenCount": 6,
                "thoughtsTokenCount": 3,
                "totalTokenCount": 31,
            },
            {**whole_input(17, read=5), "output_tokens": 9, "reasoning_tokens": 3},
        ),
        # A count of 0 is left out: all of it was thought.
        ({"thoughtsTokenCount": 3}, {"output_tokens": 3, "reasoning_tokens": 3}),
        ({"candidatesTokenCount": 6}, {"output_tokens": 6}),
        (
            {"promptTokenCount": 5, "cachedContentTokenCount": 6},
            {
                "input_tokens": None,
                "cache_read_tokens": None,
                "cache_write_tokens": None,
            },
        ),
    ],
)
def test_gemini_counts_thoughts_beside_the_candidates(
    usage: object, expected: Counts
) -> None:
    found = read(gemini_counts, usage)
    if expected.get("input_tokens", 0) is None:
        assert found["input_tokens"] is None
        assert found["cache_read_tokens"] is None
    else:
        assert found == expected


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_count_of_gemini_is_unknown(odd: str) -> None:
    found = raw(gemini_counts, f'{{"promptTokenCount":{odd},"candidatesTokenCount":5}}')
    assert found == {"input_tokens": None, "output_tokens": 5}
    found = raw(gemini_counts, f'{{"promptTokenCount":5,"thoughtsTokenCount":{odd}}}')
    assert found["input_tokens"] == 5
    assert found["reasoning_tokens"] is found["output_tokens"] is None


@pytest.mark.parametrize(
    ("said", "whole", "reasoning", "expected"),
    [
        (5, 135, 100, (105, 100)),
        # Less was thought than said: the sum alone tells where it stands.
        (50, 90, 10, (60, 10)),
        (50, 80, 10, (50, 10)),
        (5, 35, 100, (5, None)),
        (5, None, 100, (5, None)),
        (5, 136, 100, (5, None)),
        (5, 35, 0, (5, 0)),
    ],
)
def test_reasoning_that_xai_counts_beside_the_output_is_part_of_it(
    said: int, whole: int | None, reasoning: int, expected: tuple[int, int | None]
) -> None:
    usage = {
        "prompt_tokens": 30,
        "completion_tokens": said,
        "total_tokens": whole,
        "prompt_tokens_details": {"cached_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    found = read(chat_counts, usage)
    assert (found["output_tokens"], found["reasoning_tokens"]) == expected
    assert found["input_tokens"] == 20


def test_the_cache_of_moonshot_is_read() -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 5, "cached_tokens": 12}
    assert read(chat_counts, usage) == whole_input(18, read=12) | {"output_tokens": 5}
    both = usage | {"prompt_tokens_details": {"cached_tokens": 12}}
    assert read(chat_counts, both) == read(chat_counts, usage)


def test_a_last_usage_of_zeros_takes_nothing_back_from_a_chat_stream() -> None:
    true: Counts = whole_input(5) | {"output_tokens": 3}
    zeros: Counts = whole_input(0) | {"output_tokens": 0}
    assert later(Protocol.CHAT, true, zeros) == true
    assert later(Protocol.CHAT, {}, zeros) == zeros
    assert later(Protocol.CHAT, zeros, true) == true
    assert later(Protocol.CHAT, true, {}) == true
    less: Counts = {"input_tokens": 0, "output_tokens": 4}
    assert later(Protocol.CHAT, true, less) == true | less


@pytest.mark.parametrize("reader", [messages_counts, responses_counts, chat_counts])
@pytest.mark.parametrize(
    ("cost", "nano"),
    [
        ('{"cost": 0.00014}', 140_000),
        ('{"cost": 1.4e-04}', 140_000),
        ('{"cost": 0}', 0),
        ('{"cost": 12}', 12_000_000_000),
        ('{"cost": 0.1234567895}', 123_456_790),
        ('{"cost": 0.1234567885}', 123_456_788),
        ('{"cost": 1E-99}', 0),
        ('{"cost_in_usd_ticks": 37756000}', 3_775_600),
        ('{"cost_in_usd_ticks": 250000000000}', 25_000_000_000),
        ('{"cost_in_usd_ticks": 5}', 0),
        ('{"cost_in_usd_ticks": 15}', 2),
        ('{"cost": 1, "cost_in_usd_ticks": 20}', 2),
        ('{"cost": 0.5, "is_byok": false}', 500_000_000),
        (
            '{"cost":0.05,"is_byok":true,"cost_details":{"upstream_inference_cost":1}}',
            1_050_000_000,
        ),
    ],
)
def test_what_an_answer_says_it_cost_is_read_exactly(
    reader: Callable[[Members], Counts], cost: str, nano: int
) -> None:
    usage = members(cost.encode())
    assert usage is not None
    assert reader(usage).get("told_cost_nano") == nano


@pytest.mark.parametrize(
    "cost",
    [
        "{}",
        '{"cost": null}',
        '{"cost": -0.1}',
        '{"cost": "0.1"}',
        '{"cost": {"total": 1}}',
        '{"cost": 1e30}',
        '{"cost": 1e999999999}',
        '{"cost": 1000000.1}',
        '{"cost_in_usd_ticks": 0.5}',
        '{"cost": 0.05, "is_byok": true}',
        '{"cost": 0.05, "is_byok": true, "cost_details": {}}',
    ],
)
def test_a_cost_that_cannot_be_true_is_not_told(cost: str) -> None:
    usage = members(cost.encode())
    assert usage is not None
    assert "told_cost_nano" not in chat_counts(usage)
