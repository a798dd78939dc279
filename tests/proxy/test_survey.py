"""What a call is about, from its bytes, its headers and the conversation before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from requests_in_hand import call

from proxy.asked import asked_of
from proxy.classes import shipped_rules
from proxy.exchange import Body, Call
from proxy.guard import Endpoint
from proxy.headers import Credentials
from proxy.model import Protocol
from proxy.profiles import shipped_profiles
from proxy.routing.facts import RouteClass, Tier
from proxy.sessions import Sessions
from proxy.survey import Survey, Surveyor

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SESSION = (("x-claude-code-session-id", "s1"),)
TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}]
RENAME = "Rename the variable foo to bar in main.py"


def surveyor() -> Surveyor:
    return Surveyor(Sessions(), shipped_profiles(), shipped_rules())


def messages(*turns: tuple[str, object], **extra: object) -> Call:
    said = [{"role": role, "content": content} for role, content in turns]
    body = {"model": "claude-sonnet-5-5", "max_tokens": 9, "messages": said, **extra}
    return call(headers=SESSION, body=json.dumps(body).encode())


def looked(
    way: Surveyor, of: Call, at: datetime = NOON, *, counting: bool = False
) -> Survey:
    return way.survey(of, asked_of(of), at, counting=counting)


def loop(*more: str) -> tuple[tuple[str, object], ...]:
    turns: list[tuple[str, object]] = [("user", RENAME)]
    for number, result in enumerate(more):
        use = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {}}
        done = {"type": "tool_result", "tool_use_id": f"t{number}", "content": result}
        turns += [("assistant", [use]), ("user", [done])]
    return tuple(turns)


def test_a_request_is_told_by_what_it_says() -> None:
    found = looked(surveyor(), messages(("user", RENAME), tools=TOOLS))
    facts = found.facts
    assert (facts.client, facts.requested_model) == ("claude-code", "claude-sonnet-5-5")
    assert (facts.route_class, facts.tools) == (RouteClass.CHEAP_EDIT, True)
    assert facts.evidence
    assert (facts.continues, facts.made_calls, facts.moment) == (False, None, NOON)
    assert found.turn is not None


def test_what_a_call_carries_besides_its_body() -> None:
    plain = call()
    named = (("x-turnout-mode", "coding-fast"), ("x-turnout-trust", "secret"))
    of = replace(
        plain,
        headers=named,
        credentials=Credentials(own=(("authorization", "Bearer example"),)),
        endpoint=Endpoint.COMPACT,
        protocol=Protocol.RESPONSES,
    )
    facts = looked(surveyor(), of).facts
    assert (facts.asked_mode, facts.stays_here) == ("coding-fast", True)
    assert (facts.own_credential, facts.native_only) == (True, True)


def test_a_loop_keeps_its_class_and_its_route() -> None:
    way = surveyor()
    first = looked(way, messages(*loop(), tools=TOOLS))
    assert first.turn is not None
    now = NOON.timestamp()
    way.sessions.answered(
        first.turn, "a/m", now, tier=Tier.SMALL, stop="tool_use", warm=500
    )
    step = looked(way, messages(*loop("done"), tools=TOOLS), NOON + timedelta(0, 9))
    assert step.facts.continues
    assert step.facts.made_calls == "a/m"
    assert dict(step.facts.warm) == {"a/m": 500}
    assert step.facts.route_class is first.facts.route_class
    assert step.facts.evidence == first.facts.evidence


def test_a_step_whose_person_is_out_of_sight_keeps_the_class() -> None:
    way = surveyor()
    headers = (("session-id", "s9"),)
    body = {
        "model": "gpt-6.1-terra",
        "input": [{"role": "user", "content": RENAME}],
        "tools": [{"type": "function", "name": "Bash", "parameters": {}}],
    }

    def responses(fields: Mapping[str, object]) -> Call:
        return replace(
            call(Protocol.RESPONSES, headers=headers),
            endpoint=Endpoint.RESPONSES,
            body=Body(json.dumps(fields).encode()),
        )

    first = looked(way, responses(body))
    assert first.turn is not None
    assert first.facts.route_class is RouteClass.CHEAP_EDIT
    way.sessions.answered(first.turn, "a/m", NOON.timestamp())
    result = {"type": "function_call_output", "call_id": "c1", "output": "done"}
    step = responses({**body, "previous_response_id": "resp_1", "input": [result]})
    assert looked(way, step).facts.route_class is RouteClass.CHEAP_EDIT


def test_new_words_beside_a_result_are_looked_at() -> None:
    way = surveyor()
    first = looked(way, messages(*loop(), tools=TOOLS))
    assert first.turn is not None
    way.sessions.answered(first.turn, "a/m", NOON.timestamp())
    *before, (role, content) = loop("done")
    assert isinstance(content, list)
    hard = "Now find the race condition that deadlocks the scheduler, think hard."
    said = (role, [*content, {"type": "text", "text": hard}])
    step = looked(way, messages(*before, said, tools=TOOLS))
    assert step.facts.route_class is RouteClass.DEEP_REASONING


def test_housekeeping_is_no_part_of_the_conversation() -> None:
    way = surveyor()
    main = looked(way, messages(("user", RENAME)))
    assert main.turn is not None
    way.sessions.answered(main.turn, "a/m", NOON.timestamp(), warm=500)
    title = messages(
        ("user", "Please write a 5-10 word title for the following conversation: x"),
        system="Summarize this coding conversation in under 50 characters.",
    )
    found = looked(way, title)
    assert found.facts.route_class is RouteClass.HOUSEKEEPING
    assert (found.turn, found.facts.made_calls) == (None, None)
    assert not found.facts.warm


def test_a_count_is_no_turn() -> None:
    assert looked(surveyor(), messages(("user", RENAME)), counting=True).turn is None


@pytest.mark.parametrize("body", [b'{"model": "m"}', b'{"model": "m", "messages": 7}'])
def test_a_body_that_says_nothing_is_unsure_and_never_cheap(body: bytes) -> None:
    facts = looked(surveyor(), call(body=body)).facts
    assert facts.route_class is RouteClass.FALLBACK_SAFE
