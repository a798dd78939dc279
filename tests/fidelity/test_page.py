"""The page of the matrix, and that the matrix is whole."""

from __future__ import annotations

import re

import pytest
from fidelity.cases import CASES
from fidelity.expected import EXPECTED
from fidelity.page import cell_key, keys, render, share
from fidelity.terms import CLIENTS, PROVIDERS
from fidelity.why import ALIASES, NOT_APPLICABLE, REFUSALS, WHY_REFUSED

from proxy.wire.losses import LOSSES

_WANTED = {
    cell_key(case, client, provider): case.expected(client, provider)
    for case in CASES
    for client in CLIENTS
    for provider in PROVIDERS
}


def test_every_hard_case_has_its_number() -> None:
    numbers = {int(found[1]) for case in CASES if (found := _number(case.name))}
    assert numbers == set(range(1, 46))


def _number(name: str) -> re.Match[str] | None:
    return re.match(r"(\d\d)_", name)


def test_names_are_unique_and_well_known_failures_have_a_case() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert set(ALIASES.values()) <= set(names)
    assert set(EXPECTED) <= set(names)


def test_each_outcome_has_its_reason() -> None:
    for outcome in set(_WANTED.values()):
        kind, _, word = outcome.partition(" ")
        match kind:
            case "pass":
                assert not word
            case "loss":
                assert set(word.split(", ")) <= set(LOSSES)
            case "refused":
                assert word in REFUSALS
            case _:
                assert kind == "n/a"
                assert word in NOT_APPLICABLE


def test_each_reason_is_needed() -> None:
    told = set(_WANTED.values())
    assert {f"n/a {word}" for word in NOT_APPLICABLE} <= told
    assert {f"refused {word}" for word in REFUSALS} <= told
    assert set(WHY_REFUSED) == set(REFUSALS)


def test_no_pattern_of_what_is_expected_is_idle() -> None:
    cells = {key.partition(" ")[2] for key in _WANTED}
    for patterns in EXPECTED.values():
        exact = {each for each in patterns if "*" not in each and each != "="}
        assert exact <= cells


def test_most_of_what_can_pass_does() -> None:
    passed, applicable = share(_WANTED.values())
    assert passed >= 0.85 * applicable


def test_a_share_counts_applicable_cells_only() -> None:
    assert share(["pass", "loss x", "refused y", "n/a z", "pass"]) == (2, 4)


def test_the_page_tells_every_cell() -> None:
    page = render(_WANTED)
    assert page.count("\n### ") == len(CASES)
    rows = [line for line in page.splitlines() if line.startswith("| messages |")]
    assert len(rows) == len(CASES) + 1
    assert all(line.count("|") == len(PROVIDERS) + 2 for line in rows)


def test_a_page_without_a_cell_is_no_page() -> None:
    found = dict(_WANTED)
    found.popitem()
    with pytest.raises(KeyError):
        render(found)
    assert keys(CASES) == list(_WANTED)
