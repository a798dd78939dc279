from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from desktop_scenes import DECISION, EVENTS, LAYERS, attempt, event
from msgspec import json

from app.commands import routing
from app.desktop import why
from app.services import Services
from proxy.routing.decision import Mark
from proxy.wire.losses import LOSSES

ESCALATED, DOWNGRADED = EVENTS[8], EVENTS[9]


class OneRequest:
    """A ledger that holds one finished request and its decision."""

    async def event(self, name: str) -> object:
        return DOWNGRADED if name == DOWNGRADED.id else None

    async def decision(self, name: str) -> str:
        del name
        return json.encode(DECISION).decode()


async def explained() -> why.Reasons:
    """What the command `explain` says, as the window shows it."""
    current: Any = SimpleNamespace(
        catalogue=SimpleNamespace(snapshot="-", providers=())
    )
    services = SimpleNamespace(
        ledger=OneRequest(), config=SimpleNamespace(current=current)
    )
    found = await routing.explain(cast(Services, services), DOWNGRADED.id)
    return why.reasons(found.id, found.layers)


async def test_the_sentences_of_explain_are_told_as_they_are() -> None:
    told = await explained()
    assert told.id == DOWNGRADED.id
    assert told.problem == ""
    text = "\n".join(told.lines)
    for said in (
        "asked for claude-sonnet-5",
        "coding-auto",
        "fast_code: a short request that offers tools",
        "quality of 60 of 100",
        "Turnout chose anthropic/claude-sonnet-5",
        "beat openrouter/claude-sonnet-5 at 0.0225 $ by 0.0011 $",
        "anthropic/claude-opus-5, would have cost about 0.1070 $",
    ):
        assert said in text


async def test_what_is_shown_in_pieces_is_not_said_twice() -> None:
    told = await explained()
    assert "\n".join(told.lines).count("groq/gpt-oss-120b") < 3
    for line in told.lines:
        assert "failed after" not in line
        assert not any(sentence in line for sentence in LOSSES.values())
    # The sentences of the decision alone are all kept.
    assert why.reasons("r", LAYERS).lines == LAYERS


def test_every_mark_has_its_word_and_its_sentence() -> None:
    for mark in Mark:
        told = event(0, mark=str(mark))
        assert bool(why.mark_words(told)) is bool(mark)
        assert bool(why.mark_sentence(told)) is bool(mark)
    assert why.mark_words(ESCALATED) == "an escalation"
    assert why.mark_sentence(ESCALATED).startswith("An escalation: a stronger model")


def test_attempts_are_told_in_their_order() -> None:
    first, second, third = why.steps(DOWNGRADED)
    assert (first.route, first.told) == (
        "anthropic/claude-sonnet-5",
        "failed after 420 ms: upstream error (529)",
    )
    assert second.told == "failed after 610 ms: upstream error (529), tried again"
    assert (third.told, third.cost) == ("answered after 1.9 s, a downgrade", "0.0011 $")
    assert [each.status for each in (first, second, third)] == [
        "error",
        "error",
        "success",
    ]
    assert third.mark == "downgrade"
    assert why.steps(event(0)) == ()


@pytest.mark.parametrize(
    ("outcome", "told", "status"),
    [
        ("client_gone", "the client left after 420 ms", "cancelled"),
        ("dns", "failed after 420 ms: dns", "error"),
    ],
)
def test_a_step_without_an_answer_costs_nothing_that_is_known(
    outcome: str, told: str, status: str
) -> None:
    (step,) = why.steps(event(0, attempts=(attempt("groq", "m", outcome),)))
    assert (step.told, step.status, step.cost) == (told, status, "")


def test_times_are_read_as_people_read_them() -> None:
    assert why.seconds(320) == "320 ms"
    assert why.seconds(4210) == "4.2 s"
