"""The routing guide says what the shipped policy says."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest

from app.commands import COMMANDS
from app.found import EVERY_SECONDS
from app.local_servers import SMALL_LANE, STANDARD_FROM, STANDARD_LANE
from app.settings import read_config
from proxy.aliases import MODE_NAMES
from proxy.model import Protocol
from proxy.policies import read_rules, shipped_policy
from proxy.routing import MAX_ATTEMPTS
from proxy.routing.condition import ALL_WELL
from proxy.routing.decide import decide
from proxy.routing.facts import Facts, Intent, RouteClass, Size
from proxy.routing.modes import Mode
from proxy.routing.policy import Choosing
from proxy.routing.stored import stored
from proxy.routing.telling import explain

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "routing.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_POLICY = shipped_policy()
_FLOORED = [
    mode for mode, rule in _POLICY.modes.items() if rule.choosing is Choosing.CHEAPEST
]


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its head, each cell without its marks."""
    part = _TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("mode", _FLOORED)
def test_the_floors_of_a_mode_are_as_shipped(mode: Mode) -> None:
    (told,) = (row for row in rows("Modes") if row[0] == f"`{mode}`")
    floors = _POLICY.modes[mode].floors
    assert told[1] == floors[Intent.AUTO, RouteClass.HOUSEKEEPING]
    assert told[2] == floors[Intent.ECO, RouteClass.FAST_CODE]
    assert told[4] == floors[Intent.PREMIUM, RouteClass.FAST_CODE]
    kinds = set(RouteClass) - {RouteClass.HOUSEKEEPING}
    found = {floors[Intent.AUTO, kind] for kind in kinds}
    assert len(found) == 1 or told[3] in {
        "by the kind of request",
        "one tier lower, never below small",
    }


def test_every_mode_is_told() -> None:
    assert {row[0] for row in rows("Modes")} == {f"`{mode}`" for mode in Mode}


def test_the_floor_of_each_class_is_as_shipped() -> None:
    told = {row[0].strip("`"): row[2] for row in rows("What kind of request it is")}
    floors = _POLICY.modes[Mode.CODING_AUTO].floors
    assert told == {str(kind): str(floors[Intent.AUTO, kind]) for kind in RouteClass}


def test_the_names_that_ask_for_something_are_as_shipped() -> None:
    words = {
        "a small model": Intent.ECO,
        "none in particular": Intent.AUTO,
        "a strong model": Intent.PREMIUM,
    }
    told = {
        (name, words[row[1]])
        for row in rows("What a name asks for")
        if row[1] in words
        for name in re.findall(r"`([^`]+)`", row[0])
    }
    assert told == set(_POLICY.intents)


def test_the_names_of_modes_are_those_that_are_taken() -> None:
    for name, _ in MODE_NAMES.values():
        assert f"`{name}`" in _TEXT


def test_numbers_are_those_in_force() -> None:
    tiers = ", ".join(
        f"{tier} {number}" for tier, number in _POLICY.tier_quality.items()
    )
    assert tiers in _TEXT
    assert f"{_POLICY.pressure_from * 100:.0f} % of a window" in _TEXT
    assert f"`{SMALL_LANE}`, or from {STANDARD_FROM:.0f} billion parameters" in _TEXT
    assert f"`{STANDARD_LANE}`" in _TEXT
    assert (EVERY_SECONDS, "once a minute" in _TEXT) == (60.0, True)
    assert (MAX_ATTEMPTS, "three calls at most" in _TEXT) == (3, True)


def test_its_rules_are_rules() -> None:
    found = re.findall(r"^```toml\n(.*?)\n```$", _TEXT, re.MULTILINE | re.DOTALL)
    tables = [tomllib.loads(text) for text in found]
    read = [read_rules(table) for table in tables if "rules" in table]
    assert len(list(chain.from_iterable(rules for rules, _ in read))) == 4
    assert not [problem for _, problems in read for problem in problems]


def test_the_told_decision_is_what_is_told(request: pytest.FixtureRequest) -> None:
    """`--update-golden` writes it anew."""
    part = _TEXT.split("\n## Reading it back\n", 1)[1]
    fences = re.findall(r"^```(\w+)\n(.*?)```$", part, re.MULTILINE | re.DOTALL)
    (config,) = (read_config(text.encode()) for mark, text in fences if mark == "toml")
    assert config.problems == ()
    shown = [text for mark, text in fences if mark == "text"][1]
    facts = Facts(
        Protocol.MESSAGES,
        "claude-sonnet-5-5",
        own_credential=True,
        route_class=RouteClass.FAST_CODE,
        evidence=("asks for a piece of code",),
        size=Size(18_000, 17_000, 19_000, "bytes"),
        moment=datetime(2026, 11, 21, 12, tzinfo=UTC),
    )
    decision = decide(facts, config.catalogue, ALL_WELL, config.policy)
    lines = explain(stored(decision))
    assert len(lines) <= 12
    told = "".join(f"{line}\n" for line in lines)
    if request.config.getoption("--update-golden"):
        _PAGE.write_text(_TEXT.replace(f"```text\n{shown}```", f"```text\n{told}```"))
    else:
        assert shown == told


def test_the_commands_it_names_are_there() -> None:
    named = set(re.findall(r"\bturnout\s([a-z]+)", _code()))
    assert named
    assert named <= {command.name.split()[0] for command in COMMANDS}


def _code() -> str:
    """What stands in the page as something to type."""
    blocks = re.findall(r"^```text\n(turnout .*?)```$", _TEXT, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`(turnout\s[^`]+)`", _TEXT)])


@pytest.mark.parametrize("client", ["claude-code", "codex"])
def test_every_setup_for_any_provider_serves_requests_with_tools(client: str) -> None:
    """Where tool use is not proven, with the switch that the page names."""
    page = (_PAGE.parent / "any-provider.md").read_text(encoding="utf-8")
    assert "experimental_tools = true" in page
    snippets = re.findall(r"^```toml\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    setups = [text for text in snippets if "[[providers]]" in text]
    assert len(setups) > 5
    native = {"claude-code": Protocol.MESSAGES, "codex": Protocol.RESPONSES}
    for text in setups:
        config = read_config(text.encode())
        facts = Facts(
            native[client], "any-name", own_credential=True, client=client, tools=True
        )
        policy = replace(config.policy, experimental=True)
        decision = decide(facts, config.catalogue, ALL_WELL, policy)
        first = config.catalogue.providers[0].id
        assert decision.attempts[0].provider.id == first, text
