"""The page of what is set in coding tools: each client, each key, and what is tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from discovery.findings import Reach
from docs.generate import pages
from docs.wiring_page import REACH, REAL_TESTS, pairs, plan_for, wiring_page
from wizard.clients import CLIENTS
from wizard.clients.terms import ClientSetup
from wizard.naming import key_name
from wizard.plan import Choice

_ROOT = Path(__file__).resolve().parents[2]
_PAGE = wiring_page("Made.")
_WIRED = [setup for setup in CLIENTS if setup.reach is Reach.WIRED_BY_FILE]
_E2E = {
    "make test": ("test_wiring.py", "pytest.mark.real"),
    "make test-clients": ("test_more_wiring.py", "pytest.mark.more_clients"),
}


def part(client: str) -> str:
    return _PAGE.split(f"\n## {client}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("setup", CLIENTS, ids=lambda setup: setup.id)
def test_every_client_has_its_row_and_its_part(setup: ClientSetup) -> None:
    (row,) = re.findall(rf"^\| \[[^]]+\]\(#{setup.id}\) \|.*$", _PAGE, re.MULTILINE)
    cells = [cell.strip() for cell in row.split("|")][1:-1]
    assert cells[0].startswith(f"[{setup.name}]")
    assert cells[1] == f"*{setup.reach}*"
    assert cells[3] == (str(pairs(setup.id)) if setup in _WIRED else "-")
    assert part(setup.id).strip()


@pytest.mark.parametrize("setup", _WIRED, ids=lambda setup: setup.id)
def test_the_keys_are_those_of_a_plan(setup: ClientSetup) -> None:
    plan = plan_for(setup, Choice(setup.id))
    assert plan.can_be_applied
    assert plan.edits
    changes = [change for edit in plan.edits for change in edit.changes]
    assert changes
    for change in changes:
        name = key_name(change.path)
        assert f"| {change.reason} |" in part(setup.id)
        assert f"| `{name}` |" in part(setup.id) or setup.id == "claude-desktop"
    assert pairs(setup.id) >= 12


def test_no_key_of_a_gateway_stands_there() -> None:
    assert "tnt_" not in _PAGE


def test_every_level_is_told() -> None:
    assert set(REACH) == set(Reach)


@pytest.mark.parametrize("client", REAL_TESTS)
def test_a_real_program_that_is_named_is_tried(client: str) -> None:
    name, mark = _E2E[REAL_TESTS[client]]
    source = (_ROOT / "tests" / "e2e" / name).read_text(encoding="utf-8")
    assert mark in source
    assert f'"{client}"' in source


def test_a_client_without_a_real_test_is_said_to_be_untried() -> None:
    for setup in CLIENTS:
        (row,) = re.findall(rf"^\| .*\(#{setup.id}\) .*$", _PAGE, re.MULTILINE)
        assert row.endswith("| not tried |") is (setup.id not in REAL_TESTS)


def test_the_page_is_one_of_those_made_together() -> None:
    assert pages()["wiring.md"].startswith("# What is set in coding tools\n")
