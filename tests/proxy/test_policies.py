"""The shipped tables say what the design says; the user's rules are read or refused."""

import tomllib

import pytest

from proxy.catalogue.problems import ConfigProblem
from proxy.policies import read_rules, shipped_policy
from proxy.routing.facts import Intent, RouteClass, Tier
from proxy.routing.modes import Mode
from proxy.routing.policy import Choosing, Reach, Rule
from proxy.routing.wishes import intent_of


def test_every_mode_has_its_floors() -> None:
    for rule in shipped_policy().modes.values():
        wanted = len(Intent) * len(RouteClass)
        compared = rule.choosing is Choosing.CHEAPEST
        assert len(rule.floors) == (wanted if compared else 0)
        assert rule.escalates is compared


def test_coding_fast_asks_one_tier_less_and_weighs_waiting() -> None:
    modes, tiers = shipped_policy().modes, list(Tier)
    auto, fast = modes[Mode.CODING_AUTO], modes[Mode.CODING_FAST]
    for key, tier in auto.floors.items():
        if key[0] is Intent.AUTO:
            below = tiers[max(tiers.index(tier) - 1, 0)]
            assert fast.floors[key] is below
    assert fast.speed > auto.speed == 0


def test_offline_reaches_no_further_than_this_machine() -> None:
    reaches = {mode: rule.reach for mode, rule in shipped_policy().modes.items()}
    assert reaches.pop(Mode.OFFLINE) is Reach.THIS_MACHINE
    assert set(reaches.values()) == {Reach.ANYWHERE}


@pytest.mark.parametrize(
    ("name", "intent"),
    [
        ("claude-sonnet-4-5-20250929", Intent.AUTO),
        ("gpt-6.1-terra", Intent.AUTO),
        ("claude-opus-5-5", Intent.PREMIUM),
        ("claude-fable-5", Intent.PREMIUM),
        ("gpt-6-sol", Intent.PREMIUM),
        ("gpt-6-astra", Intent.PREMIUM),
        ("claude-haiku-4-5-20251001", Intent.ECO),
        ("gpt-6-luna", Intent.ECO),
        ("gpt-5-mini", Intent.ECO),
        ("gpt-5-nano", Intent.ECO),
        ("gemini-3.5-flash-lite", Intent.ECO),
        ("gemini-3.5-flash", None),
        ("my-claude-opus-5", None),
        ("CLAUDE-OPUS-5", None),
    ],
)
def test_names_ask_for_something(name: str, intent: Intent | None) -> None:
    assert intent_of(name, shipped_policy().intents) is intent


def rules(text: str) -> tuple[tuple[Rule, ...], tuple[ConfigProblem, ...]]:
    return read_rules(tomllib.loads(text))


def test_rules_are_read() -> None:
    found, problems = rules(
        """
        [[rules]]
        class = "deep_reasoning"
        tier = "premium"
        [[rules]]
        client = "codex"
        project = "shop"
        mode = "coding-fast"
        [[rules]]
        project = "lab"
        route = "openrouter/vendor/model"
        """
    )
    assert problems == ()
    assert found == (
        Rule(route_class=RouteClass.DEEP_REASONING, tier=Tier.PREMIUM),
        Rule(client="codex", project="shop", mode=Mode.CODING_FAST),
        Rule(project="lab", route="openrouter/vendor/model"),
    )
    assert rules("") == ((), ())


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ('class = "deep_resoning"\ntier = "premium"', "rules[0].class", "deep_reas"),
        ('client = "codex"', "rules[0]", "Add what it is for"),
        ('client = "claude-codes"\ntier = "small"', "rules[0].client", "claude-code"),
        ('client = "?"\ntier = "small"', "rules[0].client", "codex"),
        ('tier = "premum"', "rules[0].tier", "premium"),
        ('route = "model"', "rules[0].route", "provider/model"),
        ('mode = "direct"\nclas = "fast_code"', "rules[0].clas", "class"),
    ],
)
def test_a_wrong_rule_is_left_out_and_said(text: str, where: str, hint: str) -> None:
    found, problems = rules(f"[[rules]]\n{text}")
    assert found == ()
    assert problems[0].where == where
    assert hint in problems[0].hint


PROVIDERS = """
[[providers]]
id = "anthropic"
[[providers]]
id = 5
[[rules]]
"""


@pytest.mark.parametrize("route", ["anthropic/unheard-of", "practice/echo"])
def test_a_rule_may_name_any_model_of_a_provider_there_is(route: str) -> None:
    found, problems = rules(f'{PROVIDERS}route = "{route}"')
    assert (found, problems) == ((Rule(route=route),), ())


@pytest.mark.parametrize(
    ("route", "hint"), [("antropic/x", '"anthropic/..."'), ("nobody/x", "Known: anth")]
)
def test_a_rule_for_a_provider_there_is_not_is_left_out(route: str, hint: str) -> None:
    found, problems = rules(f'{PROVIDERS}route = "{route}"')
    assert found == ()
    assert [each.where for each in problems] == ["rules[0].route"]
    assert hint in problems[0].hint


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('mode = "coding-fst"', Rule(mode=Mode.OFFLINE)),
        ("client = 'codex'\nmode = 5", Rule(client="codex", mode=Mode.OFFLINE)),
        (
            'project = "shop"\nmode = "offlin"\nroute = "a/b"\ntier = "small"',
            Rule(project="shop", mode=Mode.OFFLINE),
        ),
        ('client = "codex"\nmod = "offline"', Rule(client="codex", mode=Mode.OFFLINE)),
        ('projet = "shop"\nmode = "offline"', Rule(mode=Mode.OFFLINE)),
        # Whom it is for cannot be read: it could be for anybody.
        ('client = "claude-codes"\nmode = "offline"', Rule(mode=Mode.OFFLINE)),
        ('class = "deep"\nmode = ""', Rule(mode=Mode.OFFLINE)),
    ],
)
def test_a_slip_of_the_pen_lets_no_request_out(text: str, rule: Rule) -> None:
    found, problems = rules(f"[[rules]]\n{text}")
    assert found == (rule,)
    assert len(problems) > 1
    assert problems[-1].where == "rules[0]"
    assert "it acts as `offline`" in problems[-1].message


def test_an_unread_mode_names_the_one_that_was_meant() -> None:
    _, problems = rules('[[rules]]\nmode = "coding-fst"')
    assert problems[0].where == "rules[0].mode"
    assert "coding-fast" in problems[0].hint


@pytest.mark.parametrize("text", ["rules = 5", "rules = [5, 'x']", "[rules]"])
def test_what_is_no_list_of_rules_is_said(text: str) -> None:
    found, problems = rules(text)
    assert found == ()
    assert problems[0].where == "rules"
