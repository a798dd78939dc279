"""A decision read back as sentences: true, few, and readable from older rows."""

import msgspec
import pytest
from routing_made import CHAT, facts, model, policy, provider, run

from proxy.catalogue import Billing, Place
from proxy.routing.condition import Condition, Pressure
from proxy.routing.decision import Decision
from proxy.routing.facts import RouteClass
from proxy.routing.modes import Mode
from proxy.routing.policy import Rule
from proxy.routing.stored import MOST_NAMES, read_decision, write_decision
from proxy.routing.telling import MOST_LINES, explain, no_route_sentence

LANES = provider(
    "anthropic",
    model("little", "claude/small", "0.5"),
    model("middle", "claude/standard", "2"),
    model("claude-opus-5-5", "claude/premium", "4"),
)


def told(decision: Decision) -> tuple[str, ...]:
    return explain(read_decision(write_decision(decision)))


def test_a_decision_is_told_in_layers() -> None:
    other = provider("openai", model("terra", "gpt/standard", "3"))
    asked = facts(
        "claude-sonnet-5",
        route_class=RouteClass.TOOL_HEAVY,
        evidence=("12 tools are offered",),
    )
    assert told(run(asked, LANES, other)) == (
        "The client asked for claude-sonnet-5. The mode was coding-auto.",
        (
            "The request is tool_heavy: 12 tools are offered. So a quality of 60 of "
            "100 is asked for."
        ),
        (
            "Turnout chose anthropic/middle in lane claude/standard at about 0.0270 $, "
            "quality 60. It is the cheapest route that is good enough."
        ),
        (
            "anthropic/middle at 0.0270 $ beat openai/terra at 0.0405 $ by 0.0135 $ "
            "(33 %)."
        ),
        (
            "Standing by, in order: openai/terra, anthropic/claude-opus-5-5 "
            "(an escalation), anthropic/little (a downgrade)."
        ),
    )


def test_what_was_asked_for_would_have_cost_is_told() -> None:
    cheap = provider("other", model("sol", "gpt/premium", "1"))
    lines = told(run("claude-opus-5-5", LANES, cheap))
    assert "That name asks for the strongest models." in lines[0]
    assert (
        "What was asked for, anthropic/claude-opus-5-5, would have cost about "
        "0.0600 $ by its list." in lines
    )


def test_a_rule_a_downgrade_and_pressure_are_told() -> None:
    rule = policy(rules=(Rule(client="unknown", mode=Mode.CODING_PREMIUM),))
    small = provider("p", model("m", "x/small", None))
    lines = " ".join(told(run("claude-opus-5", small, wanted=rule)))
    assert "coding-premium, wished for by a rule for unknown" in lines
    assert "at an unknown price, quality 30" in lines
    assert "That is a downgrade" in lines
    second = provider("second", model("n", "claude/standard", "3"))
    pressure = Condition(pressure={"anthropic": Pressure(0.97, "97 % are used")})
    lines = " ".join(told(run("claude-sonnet-5", LANES, second, condition=pressure)))
    assert "the other's quota is nearly used up" in lines
    assert "though it costs 0.0150 $ more" in lines


def test_the_cheapest_is_only_called_so_where_it_is() -> None:
    slow, quick = provider("slow", model("m")), provider("quick", model("m", price="2"))
    waits = Condition(latency_ms={"slow/m": 9_000, "quick/m": 300})
    lines = " ".join(
        told(
            run(
                "claude-sonnet-5", slow, quick, condition=waits, wanted=Mode.CODING_FAST
            )
        )
    )
    assert "quick/m in lane" in lines
    assert "good enough, as waiting counts too." in lines
    assert "though it costs 0.0150 $ more; speed decided." in lines
    unknown = [provider(name, model("m", price=None)) for name in ("one", "two")]
    lines = " ".join(told(run("claude-sonnet-5", *unknown)))
    assert "No price is known of any that is left and good enough." in lines
    assert "cheapest" not in lines
    strong = provider("one", model("m", "x/premium", None))
    lines = " ".join(told(run("claude-sonnet-5", strong)))
    assert "Nor is one known of anything weaker." in lines


def test_what_is_told_to_have_decided_did() -> None:
    here = {"place": Place.THIS_MACHINE, "billing": Billing.LOCAL}
    weak = provider("native", model("weak", "x/small", None), **here)
    strong = provider("other", model("m", "x/premium"), protocols=(CHAT,), **here)
    best = run("claude-sonnet-5", weak, strong, wanted=Mode.OFFLINE)
    assert "; quality decided." in " ".join(told(best))
    dear, cheap = provider("a", model("glm", price="5")), provider("b", model("glm"))
    named = " ".join(told(run("glm", dear, cheap)))
    assert "b/glm at 0.0150 $ beat a/glm at 0.0750 $ by 0.0600 $ (80 %)." in named
    assert "decided" not in named
    # Native goes before better only where the price is the same.
    foreign = provider("a", model("m", quality=90), protocols=(CHAT,))
    lines = told(run("claude-sonnet-5", foreign, provider("b", model("n", price="2"))))
    assert any("a/m at 0.0150 $ beat b/n at 0.0300 $ by" in line for line in lines)
    # Below the floor the best goes first, whatever it costs.
    weaker = provider("q", model("n", "x/small", "0.1"))
    low = run("claude-opus-5", provider("p", model("n")), weaker)
    assert "though it costs" in " ".join(told(low))
    assert "quality decided" in " ".join(told(low))
    # A pressed one that would have lost anyhow did not lose by that.
    pressure = Condition(pressure={"a": Pressure(0.97, "97 % are used")})
    lost = run("claude-sonnet-5", dear, cheap, condition=pressure)
    assert "nearly used up" not in " ".join(told(lost))


def test_only_known_prices_are_compared_with_who_lost() -> None:
    unknown = [provider(f"p{n}", model("m", price=None)) for n in range(9)]
    known = run("claude-sonnet-5", provider("p", model("k")), *unknown)
    lines = " ".join(told(known))
    assert "enough routes stand by before it" in lines
    assert "costs no more" not in lines


def test_where_the_two_cost_the_same_no_sum_is_told() -> None:
    twins = (provider("one", model("m")), provider("two", model("m")))
    lines = told(run("claude-sonnet-5", *twins))
    assert "one/m at 0.0150 $ beat two/m at 0.0150 $; the order decided." in lines


@pytest.mark.parametrize(
    ("billing", "words"),
    [
        (Billing.SUBSCRIPTION, "covered by the subscription"),
        (Billing.LOCAL, "run locally"),
        (Billing.FREE_TIER, "at about 0 $"),
    ],
)
def test_how_it_is_paid_is_told(billing: Billing, words: str) -> None:
    paid = provider("paid", model("m", price=None), billing=billing)
    assert words in " ".join(told(run("claude-sonnet-5", paid)))


def test_many_losers_are_told_by_reason_in_twelve_lines() -> None:
    many = [provider(f"p{n}", model("m", context=10)) for n in range(300)]
    ready = {f"p{n}": f"variable X{n} is not set" for n in range(20)}
    found = run("claude-sonnet-5", LANES, *many, condition=Condition(not_ready=ready))
    stored = write_decision(found)
    lines = explain(read_decision(stored))
    assert len(lines) == MOST_LINES
    assert any(
        "and 278 others were rejected: the request is longer" in x for x in lines
    )
    assert lines[-1].startswith("And 15 more reasons")
    assert len(stored) < 6_000
    kept = read_decision(stored).losers[0]
    assert (kept.count, len(kept.routes)) == (280, MOST_NAMES)


def test_where_little_room_is_left_the_losers_are_one_line() -> None:
    many = [provider(f"p{n}", model("m")) for n in range(9)]
    ready = {f"p{n}": f"variable X{n} is not set" for n in range(9)}
    found = run("claude-sonnet-5", LANES, *many, condition=Condition(not_ready=ready))
    stored = read_decision(write_decision(found))
    whole, short = explain(stored), explain(stored, 6)
    assert len(short) == 6
    assert short[:5] == whole[:5]
    assert short[-1] == "9 other routes were rejected, for 9 reasons."
    assert explain(stored, 1) == short


def test_no_route_is_told_to_the_client() -> None:
    found = run(facts(stays_here=True), LANES)
    said = no_route_sentence(found)
    assert said.startswith("No route can take this request for claude-sonnet-5 (")
    assert "keeps it here" in said
    assert "No route could be taken." in told(found)


def test_a_stored_decision_names_how_its_choice_is_paid() -> None:
    stored = read_decision(write_decision(run("claude-sonnet-5", LANES)))
    assert (stored.chosen, stored.lane, stored.billing) == (
        "anthropic/middle",
        "claude/standard",
        "metered",
    )


def test_a_row_of_an_older_version_is_read_and_told() -> None:
    older = {
        "mode": "direct",
        "requested_model": "m",
        "reason": "The request pins this route.",
        "chosen": "one/m",
        "lane": None,
        "standby": ["two/m"],
        "rejected": [["x", "not_listed", "it does not list it"], ["y", "gone", "old"]],
    }
    lines = explain(read_decision(msgspec.json.encode(older).decode()))
    assert lines == (
        "The client asked for m. The mode was direct.",
        "Turnout chose one/m. The request pins this route.",
        "Standing by, in order: two/m.",
        "x was rejected: it does not list it.",
        "y was rejected: old.",
    )


def test_anything_else_is_no_decision() -> None:
    with pytest.raises(msgspec.DecodeError):
        read_decision('{"shape":"new"}')
