"""Spend: four amounts that never mix, the same from events and from sums."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from proxy.ledger import Attempt
from proxy.model import Usage
from proxy.reports import SpendReport, report


@dataclass(frozen=True)
class Request:
    """A finished request; its cost is the answer's and the attempts' before."""

    client: str | None = "codex"
    provider: str | None = "openai"
    model: str | None = "gpt"
    lane: str | None = "gpt/standard"
    billing: str | None = "metered"
    mark: str = ""
    answer_cost_nano: int | None = 5
    asked_cost_nano: int | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def cost_nano(self) -> int | None:
        parts = [self.answer_cost_nano, *(each.cost_nano for each in self.attempts)]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    @property
    def spent(self) -> tuple[tuple[int, Attempt], ...]:
        return tuple(enumerate(self.attempts, start=1))


def attempt(
    name: str, cost: int | None, billing: str | None = "metered", lane: str = "x/small"
) -> Attempt:
    provider, model = name.split("/")
    return Attempt(
        provider=provider,
        model=model,
        protocol="openai-chat",
        outcome="cut",
        lane=lane,
        billing=billing,
        usage=Usage(),
        cost_nano=cost,
    )


costs = st.none() | st.integers(min_value=0, max_value=2**63 - 1)
billings = st.sampled_from(["metered", "subscription", "free-tier", "local", None])
requests = st.lists(
    st.builds(
        Request,
        client=st.sampled_from(["codex", "claude-code", None]),
        provider=st.sampled_from(["openai", "ollama", None]),
        model=st.sampled_from(["gpt", "qwen", None]),
        lane=st.sampled_from(["gpt/small", None]),
        billing=billings,
        mark=st.sampled_from(["", "same_lane", "downgrade", "escalation"]),
        answer_cost_nano=costs,
        asked_cost_nano=costs,
        attempts=st.lists(
            st.builds(
                attempt, st.sampled_from(["openai/gpt", "other/one"]), costs, billings
            ),
            max_size=2,
        ).map(tuple),
    ),
    max_size=20,
)


def test_nothing_costs_nothing() -> None:
    assert report([]) == SpendReport()


def test_each_billing_mode_has_its_own_amount() -> None:
    spent = report(
        [
            Request(answer_cost_nano=7),
            Request(billing="subscription", answer_cost_nano=11),
            Request(billing="free-tier", answer_cost_nano=13),
            Request(billing="local", answer_cost_nano=0),
            Request(billing="local", answer_cost_nano=None),
            Request(billing="metered", answer_cost_nano=None),
            Request(billing="subscription", answer_cost_nano=None),
        ]
    )
    assert (spent.requests, spent.billed_nano, spent.covered_nano) == (7, 7, 24)
    assert (spent.local_requests, spent.unknown_requests) == (2, 2)


def test_a_free_request_is_not_an_unknown_one() -> None:
    assert report([Request(answer_cost_nano=0)]).unknown_requests == 0
    assert report([Request(answer_cost_nano=None)]).unknown_requests == 1


def test_an_interrupted_request_is_unknown() -> None:
    lost = Request(provider=None, model=None, billing=None, answer_cost_nano=None)
    spent = report([lost])
    assert spent.unknown_requests == 1
    assert spent.by_model[0].name == "none"


def test_shares_are_named_and_the_dearest_comes_first() -> None:
    spent = report(
        [
            Request(client="codex", answer_cost_nano=1),
            Request(client="claude-code", provider="anthropic", answer_cost_nano=9),
            Request(client=None, provider="openai", model=None, answer_cost_nano=2),
        ]
    )
    assert [share.name for share in spent.by_client] == [
        "claude-code",
        "unknown",
        "codex",
    ]
    assert [share.name for share in spent.by_model] == [
        "anthropic/gpt",
        "openai/none",
        "openai/gpt",
    ]


@given(requests, requests)
def test_the_report_of_both_is_both_reports(
    first: list[Request], second: list[Request]
) -> None:
    assert report(first + second) == report(first) + report(second)


@given(requests, st.randoms(use_true_random=False))
def test_order_is_of_no_account(some: list[Request], random: Random) -> None:
    mixed = list(some)
    random.shuffle(mixed)
    assert report(mixed) == report(some)


@given(requests)
def test_shares_add_up_to_the_whole(some: list[Request]) -> None:
    spent = report(some)
    for shares in (spent.by_client, spent.by_model):
        assert sum(share.requests for share in shares) == spent.requests == len(some)
        assert sum(share.billed_nano for share in shares) == spent.billed_nano
        assert sum(share.covered_nano for share in shares) == spent.covered_nano
        assert sum(share.downgrades for share in shares) == spent.downgrades


@given(requests)
def test_what_was_spent_is_the_sum_of_the_parts(some: list[Request]) -> None:
    spent = report(some)
    parts = [(each.billing, each.answer_cost_nano) for each in some]
    parts += [(part.billing, part.cost_nano) for each in some for part in each.attempts]
    known = sum(cost or 0 for billing, cost in parts if billing != "local")
    assert spent.billed_nano + spent.covered_nano == known


@given(requests)
def test_where_nothing_is_unknown_and_local_it_is_the_sum_of_the_requests(
    some: list[Request],
) -> None:
    known = [
        each
        for each in some
        if each.cost_nano is not None
        and "local" not in {each.billing, *(part.billing for part in each.attempts)}
    ]
    spent = report(known)
    total = sum(each.cost_nano or 0 for each in known)
    assert spent.billed_nano + spent.covered_nano == total
    assert spent.unknown_requests == 0


def test_a_failed_attempt_costs_its_own_provider_and_is_no_request() -> None:
    failed = attempt("other/one", 7, "subscription")
    spent = report([Request(attempts=(failed,))])
    assert (spent.requests, spent.billed_nano, spent.covered_nano) == (1, 5, 7)
    (client,) = spent.by_client
    assert (client.requests, client.billed_nano, client.covered_nano) == (1, 5, 7)
    models = {share.name: share for share in spent.by_model}
    assert (models["openai/gpt"].requests, models["openai/gpt"].billed_nano) == (1, 5)
    assert (models["other/one"].requests, models["other/one"].covered_nano) == (0, 7)
    lanes = {share.name: share.requests for share in spent.by_lane}
    assert lanes == {"gpt/standard": 1, "x/small": 0}


def test_a_request_with_an_unknown_part_is_unknown_once() -> None:
    parts = (attempt("other/one", None), attempt("other/one", None))
    spent = report([Request(attempts=parts)])
    assert (spent.unknown_requests, spent.billed_nano) == (1, 5)
    assert {share.name: share.unknown_requests for share in spent.by_model} == {
        "openai/gpt": 0,
        "other/one": 2,
    }
    here = Request(billing="local", answer_cost_nano=0, attempts=parts)
    assert report([here]).unknown_requests == 1
    untold = Request(billing="local", answer_cost_nano=None)
    assert report([untold]).unknown_requests == 0


def test_what_was_saved_compares_what_can_be_compared() -> None:
    spent = report(
        [
            Request(answer_cost_nano=5, asked_cost_nano=100),
            Request(answer_cost_nano=5, asked_cost_nano=None),
            Request(answer_cost_nano=None, asked_cost_nano=1_000),
            # An attempt that failed is part of what it really took.
            Request(asked_cost_nano=5, attempts=(attempt("other/one", 30),)),
        ]
    )
    assert (spent.compared_requests, spent.asked_estimate_nano) == (2, 105)
    assert spent.saved_estimate_nano == 105 - 5 - 35


def test_marks_are_counted() -> None:
    marks = ("", "same_lane", "downgrade", "downgrade", "escalation")
    spent = report([Request(mark=mark) for mark in marks])
    assert (spent.downgrades, spent.escalations) == (2, 1)


def test_lanes_have_their_shares() -> None:
    nowhere = Request(provider=None, model=None, lane=None)
    some = [Request(), Request(lane=None), Request(lane="claude/premium"), nowhere]
    assert {share.name: share.requests for share in report(some).by_lane} == {
        "gpt/standard": 1,
        "unlisted": 1,
        "claude/premium": 1,
    }
