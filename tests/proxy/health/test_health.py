"""What happens to calls decides how routes, quota groups and providers are seen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.catalogue.provider import (
    Billing,
    KeyRef,
    LimitsDialect,
    Model,
    Place,
    Provider,
    Route,
)
from proxy.errors import Failure, FailureKind
from proxy.health import Health, State
from proxy.model import Protocol
from proxy.routing.condition import ALL_WELL, Condition, RestKind

NOW = 1_795_000_000.0
PROVIDER = Provider(
    id="a",
    name="A",
    base_url="https://a.example",
    protocols=(Protocol.MESSAGES,),
    key=KeyRef("env", "A_KEY"),
    billing=Billing.METERED,
    place=Place.PROVIDER,
    models=(Model("m"), Model("n")),
)
DOWN = Failure(FailureKind.CONNECT, "A could not be reached.")
BUSY = Failure(FailureKind.UPSTREAM_ERROR, "A answered 503.", 503)
LIMITED = Failure(FailureKind.RATE_LIMITED, "A answered 429.", 429)
REFUSED = Failure(FailureKind.AUTH, "A answered 401.", 401)
FORBIDDEN = Failure(FailureKind.AUTH, "A answered 403.", 403)
BROKE = Failure(FailureKind.AUTH, "A answered 402.", 402)
GONE = Failure(FailureKind.CLIENT_GONE, "The client went.")
UNIFIED = "anthropic-ratelimit-unified-"


def _route(
    model: str = "m",
    limits: LimitsDialect = LimitsDialect.NONE,
    provider: Provider = PROVIDER,
) -> Route:
    provider = replace(provider, limits=limits)
    return Route(provider, provider.find_model(model), model, Protocol.MESSAGES)


ROUTE = _route()


def _condition(health: Health, now: float = NOW) -> Condition:
    return health.condition({}, now)


def _failing(health: Health, now: float = NOW) -> None:
    for _ in range(3):
        health.ended(ROUTE, BUSY, now=now)


def test_at_first_all_is_well() -> None:
    assert _condition(Health()) == ALL_WELL


def test_a_route_that_fails_rests_and_is_then_tried_by_one() -> None:
    health = Health()
    _failing(health)
    rest = _condition(health, NOW + 1).routes["a/m"]
    assert (rest.kind, rest.seconds) == (RestKind.BREAKER, 4)
    assert rest.sentence.startswith("it answered 503")
    assert not health.began("a/m", NOW + 1)
    later = _condition(health, NOW + 5)
    assert later.routes == {}
    assert later.probes == {"a/m"}
    assert health.began("a/m", NOW + 5)
    assert not health.began("a/m", NOW + 5)
    others = _condition(health, NOW + 6)
    assert others.routes["a/m"].sentence.startswith("one request is trying")
    assert others.probes == frozenset()
    health.ended(ROUTE, None, now=NOW + 9)
    assert _condition(health, NOW + 9) == ALL_WELL
    assert health.began("a/m", NOW + 9)


def test_a_long_answer_holds_its_probe_up_only_until_it_begins() -> None:
    health = Health()
    _failing(health)
    health.answered("a/m", NOW + 1)
    assert "a/m" in _condition(health, NOW + 1).routes
    assert health.began("a/m", NOW + 5)
    health.answered("a/m", NOW + 6)
    assert _condition(health, NOW + 6) == ALL_WELL


def test_a_route_that_rests_for_its_limit_is_not_probed() -> None:
    health = Health()
    _failing(health)
    limited = replace(LIMITED, retry_after=60.0)
    health.ended(_route("m", LimitsDialect.GROQ), limited, now=NOW)
    condition = _condition(health, NOW + 10)
    assert condition.routes["a/m"].kind is RestKind.QUOTA
    assert condition.probes == frozenset()
    assert _condition(health, NOW + 60).probes == {"a/m"}


def test_another_route_of_the_provider_stays_well() -> None:
    health = Health()
    _failing(health)
    assert set(_condition(health).routes) == {"a/m"}
    assert health.began("a/n", NOW)


def test_a_client_that_goes_frees_the_probe_and_is_no_failure() -> None:
    health = Health()
    _failing(health)
    assert health.last_failure("a") == "A answered 503."
    assert health.began("a/m", NOW + 5)
    health.ended(ROUTE, GONE, now=NOW + 6)
    assert _condition(health, NOW + 6).probes == {"a/m"}
    assert health.last_failure("a") == "A answered 503."
    health.ended(ROUTE, None, now=NOW + 7)
    assert health.last_failure("a") == ""


def test_an_answer_broken_off_is_not_excused_by_the_limits_it_told() -> None:
    health = Health()
    headers = [
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "9h"),
    ]
    cut = Failure(FailureKind.CUT, "It was cut.", 200)
    for _ in range(3):
        health.ended(ROUTE, cut, headers=headers, now=NOW)
    assert _condition(health).routes["a/m"].seconds == 5


def test_a_429_rests_the_quota_group_for_as_long_as_it_asks() -> None:
    health = Health()
    health.ended(ROUTE, LIMITED, headers=[(b"Retry-After", b"30")], now=NOW)
    condition = _condition(health, NOW + 10)
    assert condition.routes == {}
    rest = condition.groups["a"]
    assert (rest.kind, rest.seconds) == (RestKind.QUOTA, 20)
    assert rest.sentence == "it answered 429 and asked to be left alone for 30 s"
    assert _condition(health, NOW + 30) == ALL_WELL


def test_a_wish_that_the_failure_carries_is_enough() -> None:
    health = Health()
    health.ended(ROUTE, replace(LIMITED, retry_after=12.0), now=NOW)
    assert _condition(health).groups["a"].seconds == 12


def test_a_429_without_a_word_grows_until_a_success() -> None:
    health = Health()
    health.ended(ROUTE, LIMITED, now=NOW)
    health.ended(ROUTE, LIMITED, now=NOW)
    assert _condition(health).groups["a"].seconds == 5
    health.ended(ROUTE, LIMITED, now=NOW + 5)
    assert _condition(health, NOW + 5).groups["a"].seconds == 10
    # A call that began before proves nothing.
    health.ended(ROUTE, None, now=NOW + 6)
    assert _condition(health, NOW + 6).groups["a"].seconds == 9
    health.ended(ROUTE, None, now=NOW + 15)
    health.ended(ROUTE, LIMITED, now=NOW + 16)
    assert _condition(health, NOW + 16).groups["a"].seconds == 5


def test_accounts_that_share_a_quota_rest_together() -> None:
    health = Health()
    shared = replace(PROVIDER, quota="team")
    health.ended(_route(provider=shared), LIMITED, now=NOW)
    assert set(_condition(health).groups) == {"team"}


def test_a_subscription_window_rests_the_account_until_its_reset() -> None:
    health = Health()
    headers = {
        "status": "rejected",
        "representative-claim": "five_hour",
        "reset": f"{NOW + 7_999:.0f}",
        "5h-status": "rejected",
        "5h-utilization": "1.0",
        "5h-reset": f"{NOW + 7_999:.0f}",
    }
    told = [(UNIFIED + name, text) for name, text in headers.items()]
    health.ended(_route("m", LimitsDialect.ANTHROPIC), LIMITED, headers=told, now=NOW)
    condition = _condition(health)
    assert condition.groups["a"].seconds == 7_999
    assert condition.groups["a"].sentence == (
        "it answered 429, its 5-hour window used up, and asked to be left alone for"
        " 2 h 14 min"
    )
    assert condition.pressure["a"].share == 1.0


def test_a_models_own_window_rests_only_its_route() -> None:
    health = Health()
    headers = {
        "status": "rejected",
        "representative-claim": "seven_day_opus",
        "reset": f"{NOW + 7_999:.0f}",
        "5h-status": "allowed",
        "5h-utilization": "0.4",
    }
    told = [(UNIFIED + name, text) for name, text in headers.items()]
    health.ended(_route("m", LimitsDialect.ANTHROPIC), LIMITED, headers=told, now=NOW)
    condition = _condition(health)
    assert condition.groups == {}
    assert condition.routes["a/m"].kind is RestKind.QUOTA
    assert condition.routes["a/m"].seconds == 7_999
    assert "7-day window of opus" in condition.routes["a/m"].sentence
    assert condition.pressure["a"].share == 0.4


def test_pressure_shows_before_anything_fails_and_passes_with_the_window() -> None:
    health = Health()
    told = [
        (UNIFIED + "5h-utilization", "0.95"),
        (UNIFIED + "5h-reset", f"{NOW + 600:.0f}"),
        (UNIFIED + "7d-utilization", "0.2"),
        (UNIFIED + "7d-reset", f"{NOW + 9_000:.0f}"),
    ]
    health.ended(_route("m", LimitsDialect.ANTHROPIC), None, headers=told, now=NOW)
    condition = _condition(health)
    assert condition.groups == {}
    assert condition.pressure["a"].share == 0.95
    assert condition.pressure["a"].sentence == "95 % of its 5-hour window used"
    assert _condition(health, NOW + 600).pressure["a"].share == 0.2
    assert _condition(health, NOW + 9_000) == ALL_WELL


def test_where_each_model_is_counted_a_429_is_its_routes() -> None:
    health = Health()
    route = _route("m", LimitsDialect.GROQ)
    health.ended(route, LIMITED, headers=[("retry-after", "7")], now=NOW)
    condition = _condition(health)
    assert condition.groups == {}
    assert condition.routes["a/m"].seconds == 7


def test_a_model_with_a_quota_of_its_own_rests_that() -> None:
    health = Health()
    own = replace(PROVIDER, models=(Model("m", quota="big"),))
    health.ended(_route("m", LimitsDialect.GROQ, own), LIMITED, now=NOW)
    assert set(_condition(health).groups) == {"big"}


def test_free_models_of_openrouter_do_not_stop_paid_ones() -> None:
    health = Health()
    told = [
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", f"{(NOW + 60) * 1000:.0f}"),
    ]
    free = _route("x:free", LimitsDialect.OPENROUTER)
    health.ended(free, LIMITED, headers=told, now=NOW)
    assert set(_condition(health).routes) == {"a/x:free"}
    paid = _route("x", LimitsDialect.OPENROUTER)
    health.ended(paid, LIMITED, headers=told, now=NOW)
    assert _condition(health).groups["a"].seconds == 60


def _gemini(quota_id: str, delay: str) -> bytes:
    details = [{"violations": [{"quotaId": quota_id}]}, {"retryDelay": delay}]
    return json.dumps({"error": {"code": 429, "details": details}}).encode()


def test_a_delay_in_the_body_counts() -> None:
    health = Health()
    body = _gemini("RequestsPerMinutePerProject", "34s")
    health.ended(ROUTE, LIMITED, body=body, now=NOW)
    assert _condition(health).groups["a"].seconds == 34


def test_a_used_up_day_is_not_over_in_seconds() -> None:
    health = Health()
    body = _gemini("RequestsPerDayPerProjectPerModel-FreeTier", "2s")
    health.ended(ROUTE, LIMITED, body=body, now=NOW)
    assert _condition(health).routes["a/m"].seconds == 3_600


def test_a_429_for_money_makes_the_provider_unready() -> None:
    health = Health()
    body = b'{"error":{"type":"insufficient_quota"}}'
    health.ended(ROUTE, LIMITED, body=body, now=NOW)
    condition = _condition(health)
    assert condition.groups == {}
    assert condition.not_ready == {
        "a": "it answered 429: its account has no credit left"
    }


@pytest.mark.parametrize("failure", [REFUSED, BROKE])
def test_a_refused_key_makes_the_provider_unready_for_a_while(failure: Failure) -> None:
    health = Health()
    health.ended(ROUTE, failure, now=NOW)
    assert set(_condition(health).not_ready) == {"a"}
    assert _condition(health, NOW + 120).not_ready == {}


def test_what_is_unready_anyway_keeps_its_own_sentence() -> None:
    health = Health()
    health.ended(ROUTE, REFUSED, now=NOW)
    known = {"a": "its key is not set", "b": "it has none"}
    assert health.condition(known, NOW).not_ready == known


def test_a_provider_that_is_otherwise_ready_is_unready_with_a_refused_key() -> None:
    health = Health()
    health.ended(ROUTE, REFUSED, now=NOW)
    condition = health.condition({"a": "", "b": ""}, NOW)
    assert condition.not_ready == {"a": "it refused the key with 401"}


def test_a_new_key_or_a_success_makes_it_ready_again() -> None:
    for cure in ("key", "success"):
        health = Health()
        health.ended(ROUTE, REFUSED, now=NOW)
        health.ended(ROUTE, replace(LIMITED, retry_after=900.0), now=NOW)
        if cure == "key":
            health.forget(PROVIDER)
            assert _condition(health).groups == {}
        else:
            health.ended(_route("n"), None, now=NOW)
        assert _condition(health).not_ready == {}


def test_a_403_is_first_the_routes() -> None:
    health = Health()
    health.ended(ROUTE, FORBIDDEN, now=NOW)
    condition = _condition(health)
    assert condition.not_ready == {}
    assert condition.routes["a/m"].sentence == "it refused the key with 403"
    health.ended(_route("n"), FORBIDDEN, now=NOW)
    assert set(_condition(health).not_ready) == {"a"}


def test_a_success_elsewhere_does_not_clear_one_routes_403() -> None:
    health = Health()
    health.ended(ROUTE, FORBIDDEN, now=NOW)
    health.ended(_route("n"), None, now=NOW)
    assert set(_condition(health).routes) == {"a/m"}
    health.ended(ROUTE, None, now=NOW)
    assert _condition(health) == ALL_WELL


def test_a_clients_own_credential_is_not_held_against_the_provider() -> None:
    health = Health()
    passing = replace(PROVIDER, key=KeyRef("client"))
    for failure in (REFUSED, BROKE, FORBIDDEN):
        health.ended(_route(provider=passing), failure, now=NOW)
    assert _condition(health) == ALL_WELL


def test_a_clients_own_account_without_money_rests_as_its_group() -> None:
    health = Health()
    passing = replace(PROVIDER, key=KeyRef("client"))
    body = b'{"error":{"type":"insufficient_quota"}}'
    health.ended(_route(provider=passing), LIMITED, body=body, now=NOW)
    condition = _condition(health)
    assert condition.not_ready == {}
    assert set(condition.groups) == {"a"}


def test_a_used_up_window_says_how_long_a_429_lasts() -> None:
    health = Health()
    told = [
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-limit-tokens", "100"),
        ("x-ratelimit-reset-tokens", "1m2.5s"),
    ]
    health.ended(_route("m", LimitsDialect.OPENAI), LIMITED, headers=told, now=NOW)
    rest = _condition(health).groups["a"]
    assert rest.seconds == 62.5
    assert "its tokens per minute used up" in rest.sentence


def test_a_reset_under_a_name_of_the_vendors_own_counts_too() -> None:
    health = Health()
    told = [("x-tokenlimit-remaining", "0"), ("x-tokenlimit-reset", "20")]
    health.ended(_route("m", LimitsDialect.OPENAI), LIMITED, headers=told, now=NOW)
    assert _condition(health).groups["a"].seconds == 20


def test_latency_is_the_median_of_the_last_calls() -> None:
    health = Health()
    for milliseconds in (100, 5_000, 300):
        health.ended(ROUTE, None, first_byte_ms=milliseconds, now=NOW)
    assert _condition(health).latency_ms == {"a/m": 300}


def test_a_condition_does_not_change_under_its_reader() -> None:
    health = Health()
    _failing(health)
    condition = _condition(health)
    before = (dict(condition.routes), condition.probes)
    health.ended(_route("n"), FORBIDDEN, now=NOW)
    assert health.began("a/m", NOW + 5)
    assert (dict(condition.routes), condition.probes) == before


def test_the_overview_tells_all_of_it() -> None:
    health = Health()
    _failing(health)
    anthropic = replace(PROVIDER, id="b", limits=LimitsDialect.ANTHROPIC)
    other = Route(anthropic, None, "m", Protocol.MESSAGES)
    told = [
        (UNIFIED + "5h-utilization", "0.95"),
        (UNIFIED + "5h-reset", f"{NOW + 600:.0f}"),
        (UNIFIED + "7d-utilization", "0.97"),
    ]
    for milliseconds in (10, 20, 30):
        health.ended(other, None, headers=told, first_byte_ms=milliseconds, now=NOW)
    health.ended(other, replace(LIMITED, retry_after=9.0), now=NOW)
    health.ended(other, REFUSED, now=NOW)
    overview = health.overview(NOW + 1)
    failing, measured = overview.routes
    assert (failing.route, failing.state, failing.seconds) == ("a/m", State.OPEN, 4)
    assert failing.sentence.startswith("it answered 503")
    assert measured.latency is not None
    assert (measured.latency.p50, measured.latency.p90) == (20, 30)
    assert (measured.state, measured.sentence) == (State.CLOSED, "")
    (group,) = overview.groups
    assert (group.group, group.seconds) == ("b", 8)
    assert [(each.window, each.share, each.resets_in) for each in group.windows] == [
        ("7-day window", 0.97, None),
        ("5-hour window", 0.95, 599),
    ]
    (key,) = overview.keys
    assert (key.provider, key.seconds) == ("b", 119)
    assert key.sentence == "it refused the key with 401"


def test_what_was_known_lasts_over_a_restart() -> None:
    health = Health()
    _failing(health)
    told = [(UNIFIED + "5h-utilization", "0.95"), (UNIFIED + "5h-reset", "3600")]
    health.ended(_route("n", LimitsDialect.ANTHROPIC), None, headers=told, now=NOW)
    health.ended(_route("n", LimitsDialect.GROQ), LIMITED, now=NOW)
    health.ended(ROUTE, LIMITED, now=NOW)
    health.ended(ROUTE, BROKE, now=NOW)
    again = Health()
    again.load(health.export(), NOW + 1)
    assert _condition(again, NOW + 1) == _condition(health, NOW + 1)
    assert again.export() == health.export()


def test_a_refused_key_may_be_another_one_after_a_restart() -> None:
    health = Health()
    health.ended(ROUTE, REFUSED, now=NOW)
    again = Health()
    again.load(health.export(), NOW + 1)
    assert _condition(again, NOW + 1).not_ready == {}


def test_a_probe_is_free_after_a_restart() -> None:
    health = Health()
    _failing(health)
    assert health.began("a/m", NOW + 5)
    again = Health()
    again.load(health.export(), NOW + 6)
    assert _condition(again, NOW + 6).probes == {"a/m"}


def test_odd_providers_cannot_fill_the_memory() -> None:
    health = Health()
    headers = [(UNIFIED + "5h-utilization", "0.95")]
    for number in range(600):
        odd = replace(PROVIDER, id=f"p{number}", limits=LimitsDialect.ANTHROPIC)
        route = Route(odd, None, "m", Protocol.MESSAGES)
        health.ended(route, REFUSED, headers=headers, now=NOW)
        health.ended(route, LIMITED, now=NOW)
    condition = _condition(health)
    assert len(condition.not_ready) == 512
    assert len(condition.groups) == 512
    assert len(condition.pressure) == 512
    assert "p599" in condition.pressure


def test_odd_models_cannot_fill_a_groups_windows() -> None:
    health = Health()
    headers = [("x-ratelimit-limit-tokens", "9"), ("x-ratelimit-remaining-tokens", "3")]
    for number in range(300):
        route = _route(f"m{number}", LimitsDialect.GROQ)
        health.ended(route, None, headers=headers, now=NOW)
    (group,) = health.overview(NOW).groups
    assert len(group.windows) == 128


def test_odd_names_cannot_fill_the_memory() -> None:
    health = Health()
    for number in range(700):
        route = Route(PROVIDER, None, f"m{number}", Protocol.MESSAGES)
        for _ in range(3):
            health.ended(route, DOWN, now=NOW)
    routes = _condition(health).routes
    assert len(routes) == 512
    assert "a/m699" in routes


_FAILURES = st.sampled_from(
    [None, DOWN, BUSY, LIMITED, REFUSED, FORBIDDEN, BROKE, GONE]
)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["retry-after", "x-ratelimit-remaining-tokens", UNIFIED + "status"]
        ),
        st.sampled_from(["0", "30", "rejected", "soon", "1e9", "1m2.5s"]),
    ),
    max_size=3,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["m", "n"]),
            st.sampled_from(LimitsDialect),
            _FAILURES,
            _HEADERS,
            st.binary(max_size=10),
            st.floats(-400, 4_000),
        ),
        max_size=30,
    )
)
def test_whatever_happens_all_rests_end_and_a_restart_knows_as_much(
    calls: list[
        tuple[
            str,
            LimitsDialect,
            Failure | None,
            list[tuple[str, str]],
            bytes,
            float,
        ]
    ],
) -> None:
    health, now = Health(), NOW
    for model, limits, failure, headers, body, pause in calls:
        now += pause
        route = _route(model, limits)
        health.began(route.name, now)
        health.ended(
            route, failure, headers=headers, body=body, first_byte_ms=7, now=now
        )
    condition = _condition(health, now)
    for rest in (*condition.routes.values(), *condition.groups.values()):
        assert 0 < rest.seconds <= 40 * 86_400
    for pressure in condition.pressure.values():
        assert 0 <= pressure.share <= 1
    health.overview(now)
    again = Health()
    again.load(health.export(), now)
    assert _condition(again, now).groups == condition.groups
    long_after = _condition(health, now + 60 * 86_400)
    assert (long_after.routes, long_after.groups, long_after.pressure) == ({}, {}, {})
    assert long_after.not_ready == {}


OWN = replace(PROVIDER, key=KeyRef("client"))
USED_UP = (("anthropic-ratelimit-unified-5h-utilization", "0.97"),)


def test_a_limit_of_one_clients_account_is_not_anothers() -> None:
    health = Health()
    route = _route(limits=LimitsDialect.ANTHROPIC, provider=OWN)
    health.ended(route, LIMITED, headers=USED_UP, account="one", now=NOW)
    mine, theirs, nobodys = (
        health.condition({}, NOW, account) for account in ("one", "two", "")
    )
    assert set(mine.groups) == {"a"}
    assert set(mine.pressure) == {"a"}
    assert theirs == nobodys == ALL_WELL
    # People are shown what is known of all of them.
    assert set(health.condition({}, NOW).groups) == {"a"}
    assert [each.group for each in health.overview(NOW).groups] == ["a"]


def test_a_key_of_ours_rests_for_everybody() -> None:
    health = Health()
    health.ended(ROUTE, LIMITED, account="one", now=NOW)
    for account in ("one", "two", "", None):
        assert set(health.condition({}, NOW, account).groups) == {"a"}


def test_a_fault_is_the_providers_whoever_met_it() -> None:
    health = Health()
    for _ in range(3):
        health.ended(_route(provider=OWN), BUSY, account="one", now=NOW)
    assert set(health.condition({}, NOW, "two").routes) == {"a/m"}


def test_a_clients_limits_are_not_written_down() -> None:
    health, fresh = Health(), Health()
    health.ended(_route(provider=OWN), LIMITED, account="one", now=NOW)
    assert health.export() == fresh.export()


def test_credentials_that_change_do_not_fill_the_memory() -> None:
    health = Health()
    for number in range(100):
        name = f"account-{number}"
        health.ended(_route(provider=OWN), LIMITED, account=name, now=NOW)
    resting = [
        bool(health.condition({}, NOW, f"account-{n}").groups) for n in range(100)
    ]
    assert resting == [False] * 36 + [True] * 64


def test_a_server_that_is_back_is_used_at_once_and_nobody_else() -> None:
    health = Health()
    other = _route("m", provider=replace(PROVIDER, id="ab"))
    for route, failure in ((ROUTE, DOWN), (_route("n"), BUSY), (other, DOWN)):
        for _ in range(3):
            health.ended(route, failure, now=NOW)
    assert set(_condition(health).routes) == {"a/m", "a/n", "ab/m"}
    health.reached("a", NOW)
    assert set(_condition(health).routes) == {"a/n", "ab/m"}
    assert health.began("a/m", NOW)
