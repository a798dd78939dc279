"""Outcomes tell whether they are what was wished for, and cross the control socket."""

import msgspec
import pytest

from wizard.plan import Login
from wizard.view import (
    Applied,
    ClientOutcome,
    ClientView,
    DiffLine,
    FileView,
    KeyView,
    LineKind,
    Outcome,
    PlanView,
    StepView,
    TestStep,
)


@pytest.mark.parametrize("state", Applied)
def test_only_what_came_about_is_no_failure(state: Applied) -> None:
    outcome = ClientOutcome("tool", "Tool", state, "Sentence.")
    good = {Applied.APPLIED, Applied.ALREADY, Applied.BY_HAND}
    assert outcome.failed is (state not in good)
    assert Outcome((outcome,)).failed is outcome.failed


def test_nothing_done_is_no_failure() -> None:
    assert not Outcome(()).failed


def test_every_value_crosses_the_control_socket() -> None:
    line = DiffLine(LineKind.NEW, "x", True, 0, 1)
    file = FileView("~/f", True, (KeyView("k", "", "v", "why"),), (line,))
    plan = PlanView("id", (ClientView("t", "T", Login.OWN, True, True, (file,)),))
    assert msgspec.json.decode(msgspec.json.encode(plan), type=PlanView) == plan
    done = ClientOutcome(
        "t", "T", Applied.BY_HAND, "s", test=(TestStep("port", None, "t"),)
    )
    outcome = Outcome((done,))
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome


def test_a_step_with_a_key_does_not_show_itself() -> None:
    assert "canary" not in repr(StepView("here", "canary"))
