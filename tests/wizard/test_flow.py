from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from wizard_scenes import (
    ASKING_VIEW,
    CLAUDE,
    CLAUDE_DONE,
    CLIENTS,
    CODEX_BACK,
    FOUND,
    GROQ,
    KEYS,
    OPENAI,
    OUTCOME,
    PLAN,
    REFUSED_VIEW,
    SERVERS,
)

from discovery.findings import Findings
from proxy.routing import Mode
from wizard import flow as machine
from wizard.answers import Answers, ClientAnswers
from wizard.flow import ERRORS, MODES, Busy, Ended, ErrorKey, Flow, Step
from wizard.plan import Login
from wizard.presets import Group, Offer


def looked(findings: Findings = FOUND) -> Flow:
    """A flow that has seen everything."""
    flow = Flow()
    for group in Group:
        flow = machine.found(flow, group, findings)
    return flow


@pytest.fixture
def flow() -> Flow:
    return looked()


@pytest.fixture
def review(flow: Flow) -> Flow:
    return machine.plan_ready(machine.continue_(flow), PLAN)


def test_the_groups_arrive_one_by_one_in_any_order() -> None:
    flow = Flow()
    assert flow.loading == set(Group)
    assert flow.offers == ()
    flow = machine.found(flow, Group.SERVERS, SERVERS)
    assert flow.loading == {Group.CLIENTS, Group.KEYS}
    assert flow.findings.clients == ()
    flow = machine.found(flow, Group.CLIENTS, CLIENTS)
    flow = machine.found(flow, Group.KEYS, KEYS)
    assert flow.loading == frozenset()
    assert flow == looked()
    again = machine.found(flow, Group.SERVERS, SERVERS)
    assert again.findings.problems == SERVERS.problems


def test_a_look_that_failed_is_told_and_over() -> None:
    flow = machine.not_found(Flow(), Group.KEYS, "The keyring did not answer.")
    assert flow.findings.problems == ("The keyring did not answer.",)
    assert Group.KEYS not in flow.loading


def test_what_is_usual_is_ticked_and_answered(flow: Flow) -> None:
    assert flow.answers() == Answers(
        mode=Mode.CODING_AUTO,
        clients=("claude-code", "codex"),
        keys=("OPENAI_API_KEY",),
        servers=("http://127.0.0.1:11434",),
        client={"claude-code": ClientAnswers(login=Login.OWN)},
    )


def test_ticks_are_the_persons_and_outlast_another_look(flow: Flow) -> None:
    flow = machine.tick(flow, Group.CLIENTS, "codex", on=False)
    flow = machine.tick(flow, Group.CLIENTS, "opencode", on=True)
    flow = machine.tick(flow, Group.CLIENTS, "opencode", on=False)
    flow = machine.tick(flow, Group.CLIENTS, "opencode", on=True)
    assert flow.ticked(Group.CLIENTS) == ("claude-code", "opencode")
    flow = machine.look_again(flow)
    assert flow.loading == set(Group)
    assert flow.ticked(Group.CLIENTS) == ()
    flow = machine.found(flow, Group.CLIENTS, CLIENTS)
    assert flow.ticked(Group.CLIENTS) == ("claude-code", "opencode")


def test_one_group_can_be_looked_for_again(flow: Flow) -> None:
    again = machine.look_at(flow, (Group.KEYS,))
    assert again.loading == {Group.KEYS}
    assert again.findings == flow.findings


def test_what_cannot_be_used_cannot_be_ticked(flow: Flow) -> None:
    flow = machine.tick(flow, Group.CLIENTS, "cursor", on=True)
    flow = machine.tick(flow, Group.SERVERS, "http://127.0.0.1:8080", on=True)
    assert "cursor" not in flow.ticked(Group.CLIENTS)
    assert flow.ticked(Group.SERVERS) == ("http://127.0.0.1:11434",)


def test_a_key_of_a_shell_file_is_moved_when_it_is_ticked(flow: Flow) -> None:
    assert flow.answers().keyring == ()
    flow = machine.tick(flow, Group.KEYS, "GROQ_API_KEY", on=True)
    assert flow.answers().keys == ("OPENAI_API_KEY", "GROQ_API_KEY")
    assert flow.answers().keyring == ("GROQ_API_KEY",)


def test_a_key_that_is_at_hand_too_is_not_moved() -> None:
    twice = replace(GROQ, variable=OPENAI.variable)
    for keys in ((OPENAI, twice), (twice, OPENAI)):
        answers = looked(Findings(keys=keys)).answers()
        assert answers.keys == ("OPENAI_API_KEY",)
        assert answers.keyring == ()


def test_mode_and_start_at_login_are_the_persons(flow: Flow) -> None:
    flow = machine.set_mode(flow, Mode.DIRECT)
    assert flow.answers().start_at_login is None
    flow = machine.set_start_at_login(flow, on=True)
    assert flow.mode is Mode.DIRECT
    assert flow.answers().mode is Mode.DIRECT
    assert flow.answers().start_at_login is True
    assert {mode for mode, _, _ in MODES} == set(Mode)


def test_an_empty_machine_is_offered_three_ways_on() -> None:
    flow = looked(Findings())
    assert flow.offers == (Offer.PRACTICE, Offer.SERVER, Offer.KEY)
    flow = machine.continue_(flow)
    assert flow.errors == (ErrorKey.NOTHING_CHOSEN,)
    assert flow.step is Step.LOOK


def test_one_waits_for_the_looks_before_the_review() -> None:
    assert machine.continue_(Flow()).errors == (ErrorKey.STILL_LOOKING,)


def test_start_at_login_alone_can_be_reviewed() -> None:
    flow = machine.set_start_at_login(looked(Findings()), on=True)
    assert machine.continue_(flow).step is Step.REVIEW


def test_review_asks_for_a_plan_and_shows_it(flow: Flow) -> None:
    flow = machine.continue_(flow)
    assert (flow.step, flow.busy, flow.plan) == (Step.REVIEW, Busy.PLANNING, None)
    assert not flow.can_apply
    flow = machine.plan_ready(flow, PLAN)
    assert (flow.busy, flow.plan) == (Busy.NO, PLAN)
    assert [each.client for each in flow.ready] == ["claude-code", "codex"]
    assert flow.can_apply


def test_a_plan_nobody_waits_for_is_dropped(flow: Flow, review: Flow) -> None:
    assert machine.plan_ready(flow, PLAN) == flow
    assert machine.plan_failed(review, "Late.") == review


def test_a_plan_that_cannot_be_made_says_why_and_can_be_asked_again(
    flow: Flow,
) -> None:
    flow = machine.plan_failed(machine.continue_(flow), "No gateway is running.")
    assert flow.errors == (ErrorKey.PLAN_FAILED,)
    assert flow.reason == "No gateway is running."
    assert flow.busy is Busy.NO
    flow = machine.plan_again(flow)
    assert (flow.busy, flow.errors, flow.reason) == (Busy.PLANNING, (), "")


def test_back_keeps_the_choices(review: Flow) -> None:
    flow = machine.back(review)
    assert (flow.step, flow.plan) == (Step.LOOK, None)
    assert flow.answers() == review.answers()
    assert machine.back(flow) == flow


def test_an_answer_in_review_makes_the_plan_anew(review: Flow) -> None:
    flow = machine.say_yes(review, "codex", "always")
    assert (flow.plan, flow.busy) == (None, Busy.PLANNING)
    assert flow.answers().client["codex"] == ClientAnswers(always=True)
    assert machine.say_yes(review, "codex", "no_such_key") == review
    assert machine.say_yes(review, "codex", "login") == review


def test_an_answer_keeps_the_login_that_is_usual(review: Flow) -> None:
    flow = machine.say_yes(review, "claude-code", "free_model")
    told = flow.answers().client["claude-code"]
    assert told == ClientAnswers(login=Login.OWN, free_model=True)
    flow = machine.answer(flow, "claude-code", ClientAnswers(login=Login.KEY))
    assert flow.answers().client["claude-code"].login is Login.KEY


def test_one_client_can_be_connected_and_nothing_else() -> None:
    assert machine.only(Flow(), "aider").errors == (ErrorKey.STILL_LOOKING,)
    flow = machine.found(Flow(), Group.CLIENTS, CLIENTS)
    flow = machine.only(flow, "claude-code")
    assert (flow.step, flow.busy) == (Step.REVIEW, Busy.PLANNING)
    assert flow.answers() == Answers(
        clients=("claude-code",),
        client={"claude-code": ClientAnswers(login=Login.OWN)},
    )
    # Also one that was not found: its settings may come before its program.
    assert machine.only(flow, "aider").answers() == Answers(clients=("aider",))
    assert machine.back(flow).aim == ""


def test_apply_needs_a_plan_of_which_something_can_be_done(flow: Flow) -> None:
    flow = machine.continue_(flow)
    assert machine.apply(flow).errors == (ErrorKey.NO_PLAN,)
    stuck = replace(PLAN, clients=(REFUSED_VIEW, ASKING_VIEW), own=())
    assert machine.apply(machine.plan_ready(flow, stuck)).errors == (
        ErrorKey.NOTHING_TO_APPLY,
    )
    only_own = replace(PLAN, clients=())
    assert machine.apply(machine.plan_ready(flow, only_own)).step is Step.APPLY


def test_applying_ends_with_an_outcome_for_each_client(review: Flow) -> None:
    flow = machine.apply(review)
    assert (flow.step, flow.busy) == (Step.APPLY, Busy.APPLYING)
    assert not flow.finished
    flow = machine.outcome(flow, CODEX_BACK)
    flow = machine.applied(flow, OUTCOME)
    assert flow.finished
    assert flow.ended is Ended.FINISHED
    assert {each.client for each in flow.outcomes} == {"claude-code", "codex"}
    assert len(flow.outcomes) == 2
    assert flow.undo_all == "turnout undo --all"
    assert flow.own == OUTCOME.own
    later = replace(CLAUDE_DONE, sentence="Tested again.")
    flow = machine.outcome(flow, later)
    assert [each.sentence for each in flow.outcomes if each.client == CLAUDE.id] == [
        "Tested again."
    ]


def test_an_unknown_end_is_told_and_planned_anew(review: Flow) -> None:
    flow = machine.apply_failed(machine.apply(review), "The gateway went away.")
    assert flow.errors == (ErrorKey.APPLY_FAILED,)
    assert flow.finished
    assert flow.ended is Ended.NO
    flow = machine.plan_again(flow)
    assert (flow.step, flow.busy) == (Step.REVIEW, Busy.PLANNING)


def test_cancel_ends_the_flow_except_while_files_are_written(review: Flow) -> None:
    assert machine.cancel(review).ended is Ended.CANCELLED
    writing = machine.apply(review)
    assert machine.cancel(writing).ended is Ended.NO
    assert machine.cancel(writing).errors == (ErrorKey.APPLYING,)
    done = machine.applied(writing, OUTCOME)
    assert machine.cancel(done) == done


@pytest.mark.parametrize(
    "choose",
    [
        lambda flow: machine.set_mode(flow, Mode.OFFLINE),
        lambda flow: machine.tick(flow, Group.KEYS, "X", on=True),
        lambda flow: machine.set_start_at_login(flow, on=True),
    ],
)
def test_a_choice_ends_an_error(choose: Callable[[Flow], Flow]) -> None:
    flow = machine.continue_(Flow())
    assert flow.errors
    assert choose(flow).errors == ()


def test_every_error_has_a_sentence() -> None:
    assert set(ERRORS) == set(ErrorKey)
    assert all(text.endswith(".") for text in ERRORS.values())
