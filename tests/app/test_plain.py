"""Results of commands as lines for people."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from painted_commands import Live

from app.commands.clients import Client, ClientSettings
from app.commands.gateway import Done, ModeChoice, ModeStatus, Status
from app.commands.keys import KeptKey, KeyInfo, KeyList, NewKey, Revoked
from app.commands.providers import ModelList, ModelRow, ProviderList, ProviderRow
from app.commands.routing import Explanation, TryResult
from app.commands.spend import EventList, Spend
from app.logs import LogLine, LogPage
from app.plain import news, plain
from app.state import ProviderHealth, Readiness
from proxy.catalogue import Billing, Place, Safety
from proxy.keys import Scope
from proxy.ledger import Event
from proxy.model import Protocol, Usage
from proxy.money import Price
from proxy.reports import Share, SpendReport
from proxy.routing import Mode

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

EVENT = Event(
    id="req_1",
    sequence=1,
    time=NOON,
    arrived=NOON,
    run="run",
    client="claude-code",
    protocol="anthropic-messages",
    session=None,
    agent=None,
    parent_agent=None,
    project=None,
    mode="direct",
    route_class="fallback_safe",
    requested_model="m",
    stream=True,
    provider="scripted",
    model="large",
    lane=None,
    fallback_chain=(),
    attempts=(),
    input_tokens=1200,
    cache_read_tokens=None,
    cache_write_tokens=None,
    cache_write_1h_tokens=None,
    output_tokens=30,
    reasoning_tokens=None,
    web_searches=None,
    price=None,
    price_snapshot=None,
    cost_nano=3_100_000,
    billing="metered",
    first_byte_ms=10,
    duration_ms=2300,
    cache_hit=None,
    stop_reason="end_turn",
    status="success",
    error_kind=None,
    losses=(),
)


@pytest.fixture(autouse=True)
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """People read times in their own zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def text(result: object) -> str:
    return "\n".join(plain(result, "/opt/turnout"))


def test_events_are_a_table_in_local_time() -> None:
    failed = replace(
        EVENT,
        id="req_2",
        provider=None,
        cost_nano=None,
        output_tokens=None,
        duration_ms=None,
        status="error",
        error_kind="no_route",
    )
    head, first, second = plain(EventList((EVENT, failed), "req_1"))
    wanted = "TIME CLIENT ROUTE IN CACHED OUT COST TOOK STATUS ID"
    assert head.split() == wanted.split()
    assert first.split() == [
        "2026-11-21", "21:00:00", "claude-code", "scripted/large", "1,200", "?", "30",
        "0.0031", "$", "2.3", "s", "success", "req_1",
    ]  # fmt: skip
    assert "none" in second
    assert "unknown" in second
    assert "error (no_route)" in second


def test_followed_events_come_oldest_first_and_stay_aligned() -> None:
    other = replace(EVENT, id="req_2", cost_nano=123_456_789_000)
    lines = news(EventList((other, EVENT), "req_2"))
    assert [line.split()[-1] for line in lines] == ["req_1", "req_2"]
    assert lines[0].index("success") == lines[1].index("success")
    assert news(EventList((), "")) == ()


def test_no_events_is_a_sentence() -> None:
    assert plain(EventList((), "")) == ("Nothing has been recorded yet.",)


def test_losses_are_counted_in_the_table_and_named_by_explain() -> None:
    lossy = replace(EVENT, losses=("cache_marks", "seed"))
    _, first, second, *rest = plain(EventList((lossy, EVENT), "x"), "/opt/turnout")
    assert "success (2 losses)" in first
    assert "losses" not in second
    assert rest == ["", "`/opt/turnout explain ID` says what was lost on the way."]
    both = replace(lossy, status="error", error_kind="cut")
    assert "error (cut, 2 losses)" in news(EventList((both,), "x"))[0]


def test_a_mark_stands_beside_the_outcome() -> None:
    marked = replace(EVENT, mark="escalation", escalated=True)
    assert "success (escalation)" in news(EventList((marked,), "x"))[0]
    lower = replace(EVENT, mark="same_lane", status="fallback_success")
    assert "fallback_success (same lane)" in news(EventList((lower,), "x"))[0]


def test_spend_keeps_the_four_amounts_apart() -> None:
    share = Share(name="codex", requests=4, billed_nano=10**9, unknown_requests=2)
    report = SpendReport(
        requests=1234,
        billed_nano=1_500_000_000,
        covered_nano=10_000,
        local_requests=3,
        unknown_requests=2,
        by_client=(share,),
        by_model=(share,),
    )
    told = text(Spend(NOON, 7, report))
    assert "1,234 requests in 7 days, since 2026-11-21 21:00:00." in told
    assert "billed   1.50 $" in told
    assert "covered  <0.0001 $ at list price" in told
    assert "local    0 $ for 3 requests" in told
    assert "unknown  2 requests" in told
    assert "codex" in told
    assert text(Spend(NOON, 1, SpendReport())) == (
        "0 requests today, since 2026-11-21 21:00:00."
    )


def test_status_puts_readiness_first_and_problems_last() -> None:
    snapshot = replace(
        Live().snapshot(),
        unsaved=3,
        providers=(
            ProviderHealth(
                "a", True, "Ready.", Place.PROVIDER, Billing.METERED, "A was silent."
            ),
        ),
    )
    told = plain(
        Status(
            running=True,
            readiness=Readiness(ready=False, sentence="No.", todo="Do this."),
            mode=Mode.CODING_AUTO,
            mode_note="It acts as direct.",
            config_file="/home/x/config.toml",
            problems=("line 3: providers[0].key: wrong",),
            snapshot=snapshot,
        )
    )
    assert told[:2] == ("No.", "Do this.")
    assert told[-1] == "  line 3: providers[0].key: wrong"
    joined = "\n".join(told)
    assert "It acts as direct." in joined
    assert "3 not yet on disk" in joined
    assert "0 $ billed" in joined
    assert "Its last call failed: A was silent." in joined


def test_modes_show_which_is_on_and_what_they_do() -> None:
    choices = (
        ModeChoice(Mode.CODING_AUTO, "the cheapest"),
        ModeChoice(Mode.DIRECT, "as asked"),
    )
    told = plain(ModeStatus(Mode.DIRECT, "", False, choices))
    assert told == (
        "The mode is direct.",
        "",
        "   coding-auto  the cheapest",
        "*  direct       as asked",
    )
    assert plain(ModeStatus(Mode.OFFLINE, "", True, choices)) == (
        "The mode is now offline.",
    )


def test_a_new_key_is_the_first_line_and_the_next_step_the_last() -> None:
    told = plain(NewKey("codex", "tnt_x"), "/opt/turnout")
    assert told[0] == "tnt_x"
    assert told[-1].strip() == "/opt/turnout settings codex --no-fresh"
    assert "settings" not in text(NewKey("own-script", "tnt_x"))


def test_a_kept_key_is_the_key_alone() -> None:
    assert plain(KeptKey("codex", "tnt_x")) == ("tnt_x",)


def test_keys_are_listed_without_anything_secret() -> None:
    told = text(
        KeyList(
            (
                KeyInfo("1", "codex", Scope.CALL, NOON, None),
                KeyInfo("2", "codex", Scope.READ, NOON, NOON),
            )
        )
    )
    assert "2026-11-21 21:00:00  no" in told
    assert told.splitlines()[2].endswith("21:00:00  2026-11-21 21:00:00")
    assert text(KeyList(())) == "No key has been made yet."
    assert text(Revoked("codex", 1)) == "Ended 1 key of codex."
    assert text(Revoked("codex", 2)) == "Ended 2 keys of codex."


def test_providers_say_what_is_in_the_way() -> None:
    row = ProviderRow(
        id="a",
        name="A",
        ready=False,
        sentence="Its key is missing.",
        key="env:A_KEY",
        protocols=(Protocol.CHAT,),
        place=Place.PROVIDER,
        billing=Billing.METERED,
        models=2,
        any_model=True,
        price_source="",
    )
    told = text(ProviderList((row,), "/c.toml"))
    assert "no     env:A_KEY" in told
    assert "2 and any" in told
    assert told.endswith("Its key is missing.")
    assert "/c.toml" in text(ProviderList((), "/c.toml"))


def test_models_never_show_an_unknown_price_as_a_number() -> None:
    row = ModelRow(
        id="a/m",
        lane=None,
        place=Place.PROVIDER,
        billing=Billing.METERED,
        context=None,
        max_output=None,
        tools=True,
        vision=False,
        price=None,
        price_source="",
    )
    price = Price(input=Decimal(0), output=None)
    priced = replace(
        row, id="a/n", price=price, tracked=True, quality=70, codex_safe=Safety.NO
    )
    lines = text(ModelList((row, priced))).splitlines()
    assert lines[1].split() == [
        "a/m", "none", "provider", "?", "untracked", "untracked",
        "of", "its", "tier", "yes", "yes", "tools",
    ]  # fmt: skip
    assert lines[2].split()[4:9] == ["0", "unknown", "70", "yes", "no"]
    assert text(ModelList(())) == "No provider that lists models is configured."


def test_what_was_tried_shows_the_answer_and_then_the_account() -> None:
    tried = TryResult(
        "req_1", "a/m", "Hello\nthere", Usage(input_tokens=3), None, 20, 1500, "success"
    )
    told = text(tried)
    assert told.startswith("Hello\nthere\n\nroute   a/m\n")
    assert "3 in, ? out" in told
    assert "cost    unknown" in told
    assert "1.5 s, first 20 ms" in told
    assert "/opt/turnout explain req_1" in told
    silent = replace(tried, text="", route="", first_byte_ms=None)
    assert "There was no answer." in text(silent)


def test_settings_are_the_lines_and_the_note() -> None:
    told = ClientSettings(Client.CODEX, "u", "k", (), "Mind this.", "# a\nb\n")
    assert plain(told) == ("# a", "b", "", "Mind this.")


def test_log_lines_show_what_is_there() -> None:
    line = LogLine(NOON, "error", "request_failed", detail="It broke.", duration_ms=5)
    page = LogPage((line,), "1:2")
    wanted = ("2026-11-21 21:00:00  error    request_failed  It broke.  5 ms",)
    assert plain(page) == news(page) == wanted


def test_the_rest_is_a_sentence() -> None:
    assert plain(Done("It stops.")) == ("It stops.",)
    assert plain(Explanation("r", ("a", "b"), None)) == ("a", "b")
    with pytest.raises(TypeError):
        plain(object())
    with pytest.raises(TypeError):
        news(Done(""))
