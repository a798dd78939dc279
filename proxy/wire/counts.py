"""Reads token counts out of a provider's answer; believes no odd value.

A count that is missing is not told; one that is told but cannot be true (negative, a
fraction, a string, more cached than there was) is unknown. Where the input is known and
nothing is said of a cache, there was none. Nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, TypeAlias

import msgspec

from proxy.model import Protocol

Members: TypeAlias = Mapping[str, msgspec.Raw]
"""A JSON object whose values have not been looked at."""

Counts: TypeAlias = dict[str, int | None]
"""What was told, by the field's name in `Usage`; None = told, and not believable."""

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT: Final = msgspec.json.Decoder(str)
# No answer has 10,000 million tokens; a larger number is a lie or an overflow.
_COUNT: Final = re.compile(rb"0|[1-9]\d{0,9}")
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NOTHING: Final[Members] = {}
_CACHE: Final = ("cache_read_tokens", "cache_write_tokens")
_INPUT: Final = frozenset({"input_tokens", "cache_write_1h_tokens", *_CACHE})
# What a later 0 does not take back.
_STAYS: Final[Mapping[Protocol, frozenset[str]]] = {
    Protocol.MESSAGES: _INPUT,
    Protocol.GEMINI: frozenset({"output_tokens"}),
}
_NULL: Final = b"null"
_SEARCH: Final = "web_search_call"
_SEARCHED: Final = _SEARCH.encode()
# An amount of dollars; what is longer or further from 1 is no price of an answer.
_AMOUNT: Final = re.compile(rb"\d{1,9}(\.\d{1,30})?([eE][+-]?\d{1,2})?")
_TICKS: Final = re.compile(rb"0|[1-9]\d{0,15}")
_NANO_PER_DOLLAR: Final = 10**9
_TICKS_PER_NANO: Final = 10  # xAI counts in ten-thousandths of a millionth of a dollar
_MOST_NANO: Final = 10**15  # a million dollars


def members(raw: bytes | msgspec.Raw | None) -> Members | None:
    """Return an object's members; None for anything that is no JSON object."""
    if raw is None:
        return None
    try:
        return _OBJECT.decode(raw)
    except _NOT_JSON:
        return None


def inside(of: Members, *keys: str) -> Members:
    """Return the members of a nested object, none where it is missing or odd."""
    for key in keys:
        of = members(of.get(key)) or _NOTHING
    return of


def entries(raw: msgspec.Raw | None) -> list[msgspec.Raw]:
    """Return a list's entries, none where it is missing or odd."""
    if raw is None:
        return []
    try:
        return _LIST.decode(raw)
    except _NOT_JSON:
        return []


def listed(body: bytes) -> list[msgspec.Raw]:
    """Return the entries of a body that is a list, none for anything else."""
    return entries(msgspec.Raw(body))


def word(raw: msgspec.Raw | None, longest: int = 64) -> str | None:
    """Return a string that reads like a name; None for anything else.

    What is kept of an answer must not be able to hold its text: so no blanks, only
    visible ASCII, and not long.
    """
    if raw is None:
        return None
    try:
        text = _TEXT.decode(raw)
    except _NOT_JSON:
        return None
    good = 0 < len(text) <= longest and text.isascii() and text.isprintable()
    return text if good and " " not in text else None


def filled(raw: msgspec.Raw | None) -> bool:
    """Say whether a field is a string with something in it, whatever that is."""
    return raw is not None and bytes(raw)[:1] == b'"' and len(bytes(raw)) > 2


def told(raw: msgspec.Raw | None) -> bool:
    """Say whether a field is there and not null."""
    return raw is not None and bytes(raw) != _NULL


def messages_counts(usage: Members) -> Counts:
    """Read `usage` of the Messages protocol (`Usage` in the vendor's Python SDK 2).

    `input_tokens` are fresh ones already. `cache_creation` splits by lifetime.
    """
    counts = _read(
        usage,
        input_tokens="input_tokens",
        cache_read_tokens="cache_read_input_tokens",
        cache_write_tokens="cache_creation_input_tokens",
        output_tokens="output_tokens",
    )
    counts = _cache_writes(inside(usage, "cache_creation")) | counts
    counts |= _read(
        inside(usage, "output_tokens_details"), reasoning_tokens="thinking_tokens"
    )
    counts |= _read(
        inside(usage, "server_tool_use"), web_searches="web_search_requests"
    )
    _part(counts, "cache_write_1h_tokens", "cache_write_tokens")
    _part(counts, "reasoning_tokens", "output_tokens")
    return counts | _cost(usage)


def later(protocol: Protocol, before: Counts, now: Counts) -> Counts:
    """Return what a stream has told of its counts after another event told `now`.

    The last word counts. But servers that speak Messages and know the input only at
    the start of a stream repeat it as 0 at the end: there a 0 takes back no input and
    no cache. A last event of Gemini without a word takes back no output. Of Chat
    servers some end with a usage of nothing but zeros: it takes back
    nothing at all.
    """
    if protocol is Protocol.CHAT and not any(count != 0 for count in now.values()):
        return now | before
    if protocol not in _STAYS:
        return before | now
    return before | {
        name: count
        for name, count in now.items()
        if count != 0 or name not in _STAYS[protocol] or not before.get(name)
    }


def settled(counts: Counts) -> Counts:
    """Return the counts with 0 for a cache that was not told beside a known input.

    Most servers that know no cache leave its fields out. For Messages this is asked of
    what a whole answer told: the fields may come in another event than the input.
    """
    if counts.get("input_tokens") is None:
        return counts
    return dict.fromkeys(_CACHE, 0) | counts


def responses_counts(usage: Members) -> Counts:
    """Read `usage` of the Responses protocol (`ResponseUsage`, OpenAI's SDK 3)."""
    counts = _read(usage, input_tokens="input_tokens", output_tokens="output_tokens")
    counts = _openai(
        counts,
        inside(usage, "input_tokens_details"),
        inside(usage, "output_tokens_details"),
    )
    return counts | _cost(usage)


def responses_spent(response: Members) -> Counts:
    """Read what a `Response` says it used: its `usage`, and searches of the web.

    `tool_usage` counts these where it is told. Else the completed calls among the
    output are; to open a page that was found costs nothing more.
    """
    counts = responses_counts(inside(response, "usage"))
    told_in = inside(response, "tool_usage", "web_search")
    searches = _read(told_in, web_searches="num_requests")
    if searches.get("web_searches") is None:
        output = response.get("output")
        # Most answers have none: then nothing of the output is looked at.
        some = output is not None and _SEARCHED in bytes(output)
        found = sum(map(_is_search, entries(output))) if some else 0
        searches = {"web_searches": found} if found else {}
    return counts | (searches if searches.get("web_searches") else {})


def _is_search(raw: msgspec.Raw) -> bool:
    item = members(raw) or _NOTHING
    if (word(item.get("type")), word(item.get("status"))) != (_SEARCH, "completed"):
        return False
    return word(inside(item, "action").get("type")) in {None, "search"}


def gemini_searches(grounding: Members) -> Counts:
    """Read how many searches `groundingMetadata` of a candidate names, if any.

    A stream names all of them again where it names some, so nothing is added up.
    """
    queries = {bytes(each) for each in entries(grounding.get("webSearchQueries"))}
    found = sum(filled(msgspec.Raw(query)) for query in queries)
    return {"web_searches": found} if found else {}


def chat_counts(usage: Members) -> Counts:
    """Read `usage` of the Chat protocol (`CompletionUsage`, OpenAI's SDK 3).

    DeepSeek names what came from its cache `prompt_cache_hit_tokens`, Moonshot
    `cached_tokens` beside the prompt's count.
    """
    counts = _read(usage, cache_read_tokens="cached_tokens") | _read(
        usage,
        input_tokens="prompt_tokens",
        output_tokens="completion_tokens",
        cache_read_tokens="prompt_cache_hit_tokens",
    )
    out = inside(usage, "completion_tokens_details")
    _reasoning_beside(counts, usage, out)
    counts = _openai(counts, inside(usage, "prompt_tokens_details"), out)
    return counts | _cost(usage)


def gemini_counts(usage: Members) -> Counts:
    """Read `usageMetadata` (`GenerateContentResponseUsageMetadata`, `google-genai` 3).

    The prompt's count includes what came from the cache. What tools of the provider
    read, and what was thought, are counted beside prompt and candidates; a count of 0
    is left out.
    """
    counts = _read(
        usage,
        input_tokens="promptTokenCount",
        cache_read_tokens="cachedContentTokenCount",
        output_tokens="candidatesTokenCount",
        reasoning_tokens="thoughtsTokenCount",
    )
    _add(counts, "input_tokens", _read(usage, more="toolUsePromptTokenCount"))
    if "reasoning_tokens" in counts:
        _add(counts, "output_tokens", {"more": counts["reasoning_tokens"]})
    if "input_tokens" in counts:
        _take_cache_out(counts)
    return settled(counts)


def unanswered(counts: Counts, usage: Members) -> Counts:
    """Return Gemini's counts of an answer that ended without a word: no output.

    `usage` is what `counts` were read of: Gemini leaves a count of 0 out. Where its
    own sum says that there was more, the output stays untold.
    """
    into = counts.get("input_tokens"), counts.get("cache_read_tokens", 0)
    if "output_tokens" in counts or into[0] is None or into[1] is None:
        return counts
    whole = _read(usage, whole="totalTokenCount").get("whole")
    if whole is not None and whole != into[0] + into[1]:
        return counts
    return counts | {"output_tokens": 0}


def _add(counts: Counts, name: str, beside: Counts) -> None:
    for more in beside.values():
        before = counts.get(name, 0)
        if before is None or more is None:
            counts[name] = None
        else:
            counts[name] = before + more


def _reasoning_beside(counts: Counts, usage: Members, out: Members) -> None:
    """Add the reasoning to the output where the sum told needs both to come true.

    xAI counts it beside `completion_tokens`; OpenAI and most others inside.
    """
    into, said = counts.get("input_tokens"), counts.get("output_tokens")
    whole = _read(usage, whole="total_tokens").get("whole")
    reasoning = _read(out, reasoning="reasoning_tokens").get("reasoning")
    if into is None or said is None or not reasoning:
        return
    if whole == into + said + reasoning:
        counts["output_tokens"] = said + reasoning


def _openai(counts: Counts, into: Members, out: Members) -> Counts:
    # The input includes what the cache gave and took: ours does not.
    counts |= _read(
        into, cache_read_tokens="cached_tokens", cache_write_tokens="cache_write_tokens"
    )
    counts |= _read(out, reasoning_tokens="reasoning_tokens")
    _part(counts, "reasoning_tokens", "output_tokens")
    if "input_tokens" in counts:
        _take_cache_out(counts)
    return settled(counts)


def _take_cache_out(counts: Counts) -> None:
    whole = counts["input_tokens"]
    cached = [counts[name] for name in _CACHE if name in counts]
    known = [count for count in cached if count is not None]
    counts["input_tokens"] = None
    if whole is None or len(known) < len(cached):
        return
    if sum(known) > whole:
        counts.update((name, None) for name in _CACHE if name in counts)
    else:
        counts["input_tokens"] = whole - sum(known)


def _cache_writes(split: Members) -> Counts:
    """Read the writes by lifetime; their sum stands where no total is told."""
    short = _read(split, short="ephemeral_5m_input_tokens")
    hour = _read(split, cache_write_1h_tokens="ephemeral_1h_input_tokens")
    lifetimes = [*short.values(), *hour.values()]
    if not lifetimes:
        return {}
    known = [count for count in lifetimes if count is not None]
    whole = sum(known) if len(known) == len(lifetimes) else None
    return {"cache_write_tokens": whole} | hour


def _read(of: Members, **names: str) -> Counts:
    counts: Counts = {}
    for ours, theirs in names.items():
        raw = of.get(theirs)
        if raw is not None and told(raw):
            number = bytes(raw)
            counts[ours] = int(number) if _COUNT.fullmatch(number) else None
    return counts


def _cost(usage: Members) -> Counts:
    """Read what an answer says it cost, exactly from its text.

    OpenRouter tells `cost` in dollars; where the user's own key was used for the
    provider behind it, that is only its fee, and what the provider takes stands
    beside. xAI tells `cost_in_usd_ticks`.
    """
    ticks = bytes(usage.get("cost_in_usd_ticks") or b"")
    if _TICKS.fullmatch(ticks):
        nano = Decimal(ticks.decode()) / _TICKS_PER_NANO
        return {"told_cost_nano": int(nano.to_integral_value(ROUND_HALF_EVEN))}
    dollars = _dollars(usage.get("cost"))
    if dollars is None:
        return {}
    if bytes(usage.get("is_byok") or b"") == b"true":
        behind = inside(usage, "cost_details").get("upstream_inference_cost")
        upstream = _dollars(behind)
        if upstream is None:
            return {}
        dollars += upstream
    nano = (dollars * _NANO_PER_DOLLAR).to_integral_value(ROUND_HALF_EVEN)
    return {"told_cost_nano": int(nano)} if nano < _MOST_NANO else {}


def _dollars(raw: msgspec.Raw | None) -> Decimal | None:
    number = bytes(raw or b"")
    return Decimal(number.decode()) if _AMOUNT.fullmatch(number) else None


def _part(counts: Counts, part: str, whole: str) -> None:
    small, large = counts.get(part), counts.get(whole)
    if small is not None and large is not None and small > large:
        counts[part] = None
