"""Simulating: decisions before and after, what they add up to, and nothing sent."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from routing_made import facts, model, policy, provider

from app.commands.simulate import MOST, Simulation, simulate
from app.failure import CommandFailed, Exit
from app.services import Services
from proxy.catalogue import Billing, Catalogue, Place
from proxy.ledger import Finished, Routed
from proxy.routing import Condition, Facts, Mode, RouteClass, decide, write_decision
from proxy.routing.condition import Rest, RestKind

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HERE = provider(
    "here",
    model("qwen", "local/small", None),
    billing=Billing.LOCAL,
    place=Place.THIS_MACHINE,
)
CHEAP = provider("cheap", model("terra", "gpt/standard", "1"))
DEAR = provider("dear", model("sonnet", "claude/standard", "3"))
ALL = Catalogue((HERE, CHEAP, DEAR), "s")
ASKED = {
    "model": "claude-sonnet-5",
    "max_tokens": 100,
    "system": "You are a tool.",
    "messages": [{"role": "user", "content": "Why does this deadlock canary-text?"}],
}


@pytest.fixture
def house(alone: Services) -> Services:
    """Three providers that need no key, one of them on this machine."""
    current = alone.config.current
    settings = replace(current.settings, mode=Mode.CODING_AUTO)
    alone.config.current = replace(current, catalogue=ALL, settings=settings)
    return alone


async def record(services: Services, name: str, asked: Facts, **more: Any) -> None:
    """Record a finished request as a gateway does that has chosen `dear`."""
    rests = {"cheap/terra": Rest(RestKind.BREAKER, 30.0, "it failed")}
    resting = Condition(routes=rests)
    decided = decide(asked, ALL, resting, policy())
    given: dict[str, Any] = {"client": "codex", **more}
    services.ledger.routed(
        Routed(
            id=name,
            run="run-1",
            time=NOON,
            protocol="anthropic-messages",
            route_class=decided.route_class,
            requested_model=asked.requested_model,
            mode=decided.mode,
            stream=True,
            decision=given.pop("decision", None) or write_decision(decided),
            **given,
        )
    )
    assert await services.ledger.finish(
        Finished(id=name, run="run-1", time=NOON, duration_ms=9, status="success")
    )


def body(folder: Path, **more: Any) -> str:
    path = folder / "body.json"
    path.write_text(json.dumps({**ASKED, **more}))
    return str(path)


def ways(found: Simulation) -> list[tuple[str, str]]:
    return [(row.before.route, row.after.route) for row in found.rows]


async def test_a_request_in_a_file_is_decided_and_told(
    house: Services, tmp_path: Path
) -> None:
    found = await simulate(house, body(tmp_path))
    assert (found.recorded, found.what_if, found.changed) == (False, "", 0)
    (row,) = found.rows
    assert row.before == row.after
    assert row.route_class == RouteClass.DEEP_REASONING
    assert "Turnout chose" in " ".join(found.told)
    assert "canary" not in repr(found)


async def test_without_a_provider_it_goes_elsewhere_and_costs_more(
    house: Services, tmp_path: Path
) -> None:
    place = body(tmp_path, model="claude-sonnet-5", messages=[
        {"role": "user", "content": "Write a function that sorts numbers."},
    ])  # fmt: skip
    found = await simulate(house, place, without="cheap")
    assert ways(found) == [("cheap/terra", "dear/sonnet")]
    assert found.what_if == "without cheap"
    assert (found.changed, found.compared, found.weaker) == (1, 1, 0)
    assert found.after_nano == pytest.approx(3 * found.before_nano)


async def test_another_mode_is_tried_and_the_saved_one_stays(
    house: Services, tmp_path: Path
) -> None:
    found = await simulate(house, body(tmp_path), mode=Mode.OFFLINE)
    (row,) = found.rows
    assert row.after.route == "here/qwen"
    assert (row.after.expected_nano, found.after_nano) == (0, 0)
    assert found.weaker == 1
    assert found.what_if == "in the mode offline"
    assert house.config.current.mode is Mode.CODING_AUTO


async def test_a_request_nobody_can_take_says_why(
    house: Services, tmp_path: Path
) -> None:
    found = await simulate(
        house, body(tmp_path), mode=Mode.OFFLINE, without="here, dear"
    )
    (row,) = found.rows
    assert row.after.route == ""
    assert row.after.why.startswith("No route can take it; cheap/terra: its model")
    assert (found.unroutable, found.changed, found.compared) == (1, 0, 0)
    assert found.what_if == "in the mode offline and without dear, here"


async def test_recorded_requests_are_decided_again_as_things_are_now(
    house: Services,
) -> None:
    await record(house, "r1", facts(route_class=RouteClass.FAST_CODE))
    await record(house, "r2", facts("cheap/terra"))
    found = await simulate(house, last=5)
    assert found.recorded
    assert [row.request for row in found.rows] == ["r2", "r1"]
    # A pin held even while the route rested; the other one waits for nothing now.
    assert ways(found) == [
        ("cheap/terra", "cheap/terra"),
        ("dear/sonnet", "cheap/terra"),
    ]
    assert found.changed == 1
    assert found.before_nano > found.after_nano > 0
    assert found.told == ()
    one = await simulate(house, last=1)
    assert [row.request for row in one.rows] == ["r2"]


async def test_recorded_requests_of_one_client_only(house: Services) -> None:
    await record(house, "r1", facts())
    await record(house, "r2", facts(), client="aider")
    found = await simulate(house, last=1, client="codex")
    assert [row.request for row in found.rows] == ["r1"]
    with pytest.raises(CommandFailed, match="Nothing is recorded") as failed:
        await simulate(house, last=1, client="n8n")
    assert "of n8n" in failed.value.message


async def test_a_row_that_kept_too_little_is_left_out(house: Services) -> None:
    older = '{"mode":"direct","requested_model":"m","reason":"","chosen":null,'
    older += '"lane":null,"standby":[]}'
    await record(house, "r1", facts(), decision=older)
    await record(house, "r2", facts(), decision='{"shape":"newer"}')
    with pytest.raises(CommandFailed, match="Nothing could") as failed:
        await simulate(house, last=2)
    assert "another version" in failed.value.message
    await record(house, "r3", facts())
    found = await simulate(house, last=3)
    assert [each.request for each in found.skipped] == ["r2", "r1"]
    assert len(found.rows) == 1


async def test_a_request_without_a_routed_row_is_left_out(house: Services) -> None:
    lone = Finished(id="r1", run="x", time=NOON, duration_ms=1, status="success")
    assert await house.ledger.finish(lone)
    await record(house, "r2", facts())
    found = await simulate(house, last=2)
    assert [each.request for each in found.skipped] == ["r1"]


async def test_bad_lines_are_named_and_the_others_looked_at(
    house: Services, tmp_path: Path
) -> None:
    lines: list[Mapping[str, Any]] = [
        {"path": "/v1/messages", "body": ASKED},
        {"path": "/v1/messages", "body": {"messages": []}},
        {"path": "/v1/nothing", "body": {}},
        {"path": "/v1/messages", "body": {**ASKED, "messages": 3}},
    ]
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    found = await simulate(house, str(path))
    assert len(found.rows) == 1
    told = {each.request: each.why for each in found.skipped}
    assert set(told) == {"line 2", "line 3", "line 4"}
    assert "names no model" in told["line 2"]
    assert "none that Turnout serves" in told["line 3"]
    assert found.told == ()


async def test_no_more_than_a_bound_is_looked_at(
    house: Services, tmp_path: Path
) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text('{"body": 1}\n' * MOST + json.dumps({"body": ASKED}) + "\n")
    with pytest.raises(CommandFailed, match="Nothing could"):
        await simulate(house, str(path))


async def test_a_client_brings_its_profile(house: Services, tmp_path: Path) -> None:
    found = await simulate(house, body(tmp_path), client="codex-laptop")
    assert found.rows[0].client == "codex"
    with pytest.raises(CommandFailed, match="no such client"):
        await simulate(house, body(tmp_path), client="nobody")


@pytest.mark.parametrize("given", [{}, {"file": "x", "last": 1}])
async def test_a_file_or_the_record_and_not_both(
    house: Services, given: dict[str, Any]
) -> None:
    with pytest.raises(CommandFailed) as failed:
        await simulate(house, **given)
    assert failed.value.exit == Exit.USAGE


async def test_providers_that_are_not_there_cannot_be_thought_away(
    house: Services, tmp_path: Path
) -> None:
    with pytest.raises(CommandFailed, match="no such provider") as failed:
        await simulate(house, body(tmp_path), without="cheap,nobody")
    assert failed.value.exit == Exit.USAGE
    assert "here" in failed.value.message
    with pytest.raises(CommandFailed, match="No provider is left"):
        await simulate(house, body(tmp_path), without="here,cheap,dear")


async def test_an_empty_record_is_said(house: Services) -> None:
    with pytest.raises(CommandFailed, match="Nothing is recorded"):
        await simulate(house, last=3)
