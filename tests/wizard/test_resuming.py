from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wizard_scenes import FOUND, OUTCOME, PLAN

from proxy.routing import Mode
from wizard import flow as machine
from wizard.answers import ClientAnswers
from wizard.flow import ErrorKey, Flow
from wizard.plan import Login
from wizard.presets import Group
from wizard.resuming import restored, saved, unfinished


def chosen() -> Flow:
    flow = Flow()
    for group in Group:
        flow = machine.found(flow, group, FOUND)
    flow = machine.tick(flow, Group.CLIENTS, "codex", on=False)
    flow = machine.set_mode(flow, Mode.CODING_FAST)
    flow = machine.set_start_at_login(flow, on=True)
    told = ClientAnswers(login=Login.KEY, always=True)
    return machine.answer(flow, "claude-code", told)


def test_choices_come_back_and_findings_are_looked_for_again() -> None:
    flow = chosen()
    again = restored(saved(flow))
    assert again.loading == set(Group)
    assert again.errors == ()
    for group in Group:
        again = machine.found(again, group, FOUND)
    assert again == flow


def test_nothing_that_was_found_is_kept() -> None:
    text = saved(chosen())
    assert "k7Qe" not in text
    assert "settings.json" not in text


def test_a_run_that_broke_off_while_applying_says_so() -> None:
    flow = machine.plan_ready(machine.continue_(chosen()), PLAN)
    again = restored(saved(machine.apply(flow)))
    assert again.errors == (ErrorKey.INTERRUPTED,)
    assert again.chosen_mode is Mode.CODING_FAST


def test_a_run_that_ended_is_over() -> None:
    flow = machine.plan_ready(machine.continue_(chosen()), PLAN)
    done = machine.applied(machine.apply(flow), OUTCOME)
    assert unfinished(saved(flow))
    assert not unfinished(saved(done))
    assert not unfinished(saved(machine.cancel(chosen())))
    assert not any(unfinished(text) for text in ("", "{", "[]", "{}"))
    assert restored(saved(done)) == Flow()
    assert restored(saved(machine.cancel(chosen()))) == Flow()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"ticks": 3, "mode": 4, "client": []}',
        '{"ticks": [["keys", "X"], ["nobody", "X", true], 1], "mode": "best"}',
        '{"ended": ["x"]}',
    ],
)
def test_what_is_not_sound_costs_choices_only(text: str) -> None:
    assert restored(text) == Flow()


def test_unsound_answers_are_no() -> None:
    text = '{"client": {"codex": {"always": "yes", "helper": true}, "aider": 1}}'
    assert restored(text).client == {
        "codex": ClientAnswers(helper=True),
        "aider": ClientAnswers(),
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ended", "ticks", "mode", "client", "applying", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_text_gives_a_flow_at_its_beginning(told: object) -> None:
    assert restored(json.dumps(told)).loading == set(Group)
