"""Spend: four amounts that never mix, the same from events and from sums."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from proxy.reports import SpendReport, Tally, fold, report


@dataclass(frozen=True)
class Request:
    client: str | None = "codex"
    provider: str | None = "openai"
    model: str | None = "gpt"
    billing: str | None = "metered"
    cost_nano: int | None = 5


requests = st.lists(
    st.builds(
        Request,
        client=st.sampled_from(["codex", "claude-code", None]),
        provider=st.sampled_from(["openai", "ollama", None]),
        model=st.sampled_from(["gpt", "qwen", None]),
        billing=st.sampled_from(
            ["metered", "subscription", "free-tier", "local", None]
        ),
        cost_nano=st.none() | st.integers(min_value=0, max_value=2**63 - 1),
    ),
    max_size=20,
)


def test_nothing_costs_nothing() -> None:
    assert report([]) == SpendReport()


def test_each_billing_mode_has_its_own_amount() -> None:
    spent = report(
        [
            Request(cost_nano=7),
            Request(billing="subscription", cost_nano=11),
            Request(billing="free-tier", cost_nano=13),
            Request(billing="local", cost_nano=0),
            Request(billing="local", cost_nano=None),
            Request(billing="metered", cost_nano=None),
            Request(billing="subscription", cost_nano=None),
        ]
    )
    assert (spent.requests, spent.billed_nano, spent.covered_nano) == (7, 7, 24)
    assert (spent.local_requests, spent.unknown_requests) == (2, 2)


def test_a_free_request_is_not_an_unknown_one() -> None:
    assert report([Request(cost_nano=0)]).unknown_requests == 0
    assert report([Request(cost_nano=None)]).unknown_requests == 1


def test_an_interrupted_request_is_unknown() -> None:
    lost = Request(provider=None, model=None, billing=None, cost_nano=None)
    spent = report([lost])
    assert spent.unknown_requests == 1
    assert spent.by_model[0].name == "none"


def test_shares_are_named_and_the_dearest_comes_first() -> None:
    spent = report(
        [
            Request(client="codex", cost_nano=1),
            Request(client="claude-code", provider="anthropic", cost_nano=9),
            Request(client=None, provider="openai", model=None, cost_nano=2),
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


@given(requests)
def test_sums_made_elsewhere_give_the_same_report(some: list[Request]) -> None:
    groups: dict[tuple[str | None, ...], list[Request]] = {}
    for each in some:
        key = (each.client, each.provider, each.model, each.billing)
        groups.setdefault(key, []).append(each)
    tallies = [
        Tally(
            client=client,
            provider=provider,
            model=model,
            billing=billing,
            requests=len(group),
            unpriced=sum(each.cost_nano is None for each in group),
            cost_nano=sum(each.cost_nano or 0 for each in group),
        )
        for (client, provider, model, billing), group in groups.items()
    ]
    assert fold(tallies) == report(some)
