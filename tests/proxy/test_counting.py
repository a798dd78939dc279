"""The estimator against tokenizers it has never met, and counts that lie."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.counting import METHOD_LEARNED, METHOD_PRIOR, Estimator
from proxy.model import (
    FunctionTool,
    Message,
    Protocol,
    Request,
    Role,
    Text,
    ToolResult,
)
from proxy.wire.counting import Features, measure, measure_text

_ROOT = Path(__file__).resolve().parents[2]
_PROSE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((_ROOT / "docs" / "decisions").glob("*.md"))
)
_CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((_ROOT / "proxy" / "ledger").glob("*.py"))
)
_KANJI = "人工知能は計算という概念と道具を用いて知能を研究する。" * 40

Tokenizer = Callable[[str], int]


def _pieces(longest: int, mark: int) -> Tokenizer:
    """Words in pieces of a few letters with the blank before them, marks in groups."""
    pattern = re.compile(
        rf" ?[A-Za-z]{{1,{longest}}}|\d{{1,3}}|[^\w\s]{{1,{mark}}}|\w|\s+(?=\S)|\s+"
    )
    return lambda text: len(pattern.findall(text))


_USUAL = _pieces(10, 2)
_COARSE = _pieces(12, 4)
_FINE = _pieces(3, 1)


def _requests(seed: int, wide: bool = False) -> Iterator[Request]:
    """Coding conversations of any size and mix."""
    chance = random.Random(seed)

    def cut(text: str, most: int) -> str:
        at = chance.randrange(len(text) // 2)
        return text[at : at + chance.randrange(200, most)]

    while True:
        messages = []
        for _ in range(chance.randrange(1, 8)):
            messages.append(Message(Role.USER, (Text(cut(_PROSE, 4_000)),)))
            result = ToolResult("c", (Text(cut(_CODE, 6_000)),))
            messages.append(Message(Role.USER, (result,)))
            if wide:
                messages.append(Message(Role.USER, (Text(cut(_KANJI, 900)),)))
        yield Request(Protocol.MESSAGES, "m", tuple(messages))


def _count(request: Request, tokenizer: Tokenizer) -> int:
    total = 0
    for message in request.messages:
        total += 4
        for part in message.parts:
            inner = part.parts if isinstance(part, ToolResult) else (part,)
            total += sum(tokenizer(e.text) for e in inner if isinstance(e, Text))
    return total


def _off(found: int, told: int) -> float:
    return abs(found / told - 1)


def test_a_stranger_is_estimated_within_15_percent() -> None:
    estimator, requests = Estimator(), _requests(1)
    # A vendor's own tokenizer (o200k_base) counts 2,262 in the licence's text.
    licence = (_ROOT / "LICENSE").read_text(encoding="utf-8")
    assert _off(estimator.estimate("new", measure_text(licence)).tokens, 2_262) < 0.15
    errors = []
    for _ in range(30):
        request = next(requests)
        estimate = estimator.estimate("new", measure(request))
        errors.append(_off(estimate.tokens, _count(request, _USUAL)))
        assert (estimate.method, estimate.samples) == (METHOD_PRIOR, 0)
    # The texts are this project's own files, and those change.
    assert max(errors) < 0.2
    assert sum(error < 0.15 for error in errors) >= 27


@pytest.mark.parametrize("tokenizer", [_USUAL, _COARSE, _FINE])
@pytest.mark.parametrize("wide", [False, True])
def test_a_known_model_is_estimated_within_5_percent(
    tokenizer: Tokenizer, wide: bool
) -> None:
    estimator, requests = Estimator(), _requests(2, wide)
    for _ in range(20):
        request = next(requests)
        estimator.learn("m", measure(request), _count(request, tokenizer))
    offs = []
    for _ in range(40):
        request = next(requests)
        estimate = estimator.estimate("m", measure(request))
        offs.append(_off(estimate.tokens, _count(request, tokenizer)))
        assert estimate.low <= estimate.tokens <= estimate.high
        assert (estimate.method, estimate.samples) == (METHOD_LEARNED, 20)
    # A short excerpt may be unlike all before it.
    assert sorted(offs)[37] < 0.05
    assert max(offs) < 0.1


def test_the_band_holds_the_count_and_narrows() -> None:
    estimator, requests = Estimator(), _requests(3)
    first = estimator.estimate("m", measure(next(requests)))
    inside = 0
    for at in range(80):
        request = next(requests)
        features, told = measure(request), _count(request, _COARSE)
        estimate = estimator.estimate("m", features)
        inside += at >= 20 and estimate.low <= told <= estimate.high
        estimator.learn("m", features, told)
    assert inside >= 54
    last = estimator.estimate("m", measure(next(requests)))
    assert (last.high - last.low) / last.tokens < 0.3 * (
        (first.high - first.low) / first.tokens
    )


def test_growing_conversations_are_learned_too() -> None:
    estimator, requests = Estimator(), _requests(4)
    whole = next(requests)
    for _ in range(30):
        more = next(requests)
        whole = _joined(whole, more)
        features, told = measure(whole), _count(whole, _FINE)
        if estimator.estimate("m", features).samples > 10:
            assert _off(estimator.estimate("m", features).tokens, told) < 0.05
        estimator.learn("m", features, told)


def _joined(one: Request, other: Request) -> Request:
    return Request(one.protocol, one.model, one.messages + other.messages)


def test_one_model_teaches_nothing_about_another() -> None:
    estimator = Estimator()
    request = next(_requests(5))
    features = measure(request)
    before = estimator.estimate("b", features)
    estimator.learn("a", features, _count(request, _FINE))
    assert estimator.estimate("b", features) == before
    assert estimator.estimate("a", features).samples == 1


def test_counts_that_cannot_be_true_move_little_or_nothing() -> None:
    estimator, requests = Estimator(), _requests(6)
    for _ in range(20):
        request = next(requests)
        estimator.learn("m", measure(request), _count(request, _USUAL))
    request = next(requests)
    features, told = measure(request), _count(request, _USUAL)
    before = estimator.estimate("m", features)
    for lie in (0, -5, 1, told * 100, 10**12):
        estimator.learn("m", features, lie)
    assert estimator.estimate("m", features) == before
    # One count of a request that was cut in half on the way.
    estimator.learn("m", features, told // 2)
    assert _off(estimator.estimate("m", features).tokens, told) < 0.1


def test_a_model_that_changed_is_learned_anew() -> None:
    estimator, requests = Estimator(), _requests(7)
    for tokenizer, times in ((_COARSE, 100), (_FINE, 60)):
        for _ in range(times):
            request = next(requests)
            estimator.learn("m", measure(request), _count(request, tokenizer))
    request = next(requests)
    found = estimator.estimate("m", measure(request)).tokens
    assert _off(found, _count(request, _FINE)) < 0.05


def test_what_was_learned_survives_and_is_bounded() -> None:
    estimator, requests = Estimator(), _requests(8)
    request = next(requests)
    features = measure(request)
    for at in range(300):
        estimator.learn(f"model-{at}", features, _count(request, _FINE))
    state = estimator.exported()
    assert len(state) < 1_000_000
    again = Estimator(state)
    assert again.exported() == state
    assert again.estimate("model-299", features).samples == 1
    assert again.estimate("model-0", features).samples == 0
    estimator.learn("x" * 1_000, features, 1_000)
    assert estimator.exported() == state


@given(st.binary(max_size=60))
def test_a_broken_state_is_no_state(state: bytes) -> None:
    assert Estimator(state).exported() == Estimator().exported()


def test_an_unsound_state_is_dropped() -> None:
    estimator = Estimator()
    estimator.learn("m", Features(prose=4_000), 1_000)
    version, kinds, models = msgspec.msgpack.decode(estimator.exported())
    for spoilt in (
        [version + 1, kinds, models],
        [version, kinds + 1, models],
        [version, kinds, [[*models[0][:4], float("nan")]]],
        [version, kinds, [[models[0][0], [1.0], *models[0][2:]]]],
        [version, kinds, [[models[0][0], [-1.0] * kinds, *models[0][2:]]]],
    ):
        state = msgspec.msgpack.encode(spoilt)
        assert Estimator(state).estimate("m", Features(prose=9)).samples == 0


_NUMBERS = st.integers(0, 10**7)


@given(
    st.lists(
        st.tuples(
            st.builds(Features, *[_NUMBERS] * len(Features.__struct_fields__)),
            st.integers(-10, 10**8),
        ),
        max_size=8,
    )
)
def test_no_counts_break_the_numbers(samples: list[tuple[Features, int]]) -> None:
    estimator = Estimator()
    for features, told in samples:
        estimator.learn("m", features, told)
        estimate = estimator.estimate("m", features)
        assert 0 <= estimate.low <= estimate.tokens <= estimate.high
    assert Estimator(estimator.exported()).exported() == estimator.exported()


def test_nothing_is_nothing() -> None:
    assert Estimator().estimate("m", Features()).tokens == 0


def test_tools_count() -> None:
    tool = FunctionTool("read", "Reads a file.", {"type": "object"})
    bare = Request(Protocol.MESSAGES, "m", ())
    offered = Request(Protocol.MESSAGES, "m", (), tools=(tool,))
    estimator = Estimator()
    assert estimator.estimate("m", measure(offered)).tokens > 10
    assert estimator.estimate("m", measure(bare)).tokens == 0
