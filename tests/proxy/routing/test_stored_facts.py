"""What is kept of facts is enough to decide again, and holds no text of a request."""

from dataclasses import replace

import msgspec
import pytest
from routing_made import NOON, facts, model, provider, run

from proxy.model import Protocol, Request
from proxy.routing.facts import Evidence, Facts, RouteClass, Size, Tier
from proxy.routing.modes import Mode
from proxy.routing.stored import read_decision, write_decision
from proxy.routing.stored_facts import StoredFacts, facts_again

HOUSE = provider("house", model("little", "x/small"), model("large", "x/premium", "9"))
SEEN = facts(
    "turnout-auto",
    client="codex",
    project="payments",
    own_credential=True,
    stands_for="",
    asked_mode=Mode.CODING_AUTO,
    route_class=RouteClass.TOOL_HEAVY,
    evidence=("12 tools are offered",),
    tools=True,
    forced_tool=True,
    thinking=True,
    structured=True,
    stream=False,
    size=Size(900, 800, 1000, "bytes"),
    output=77,
    continues=True,
    made_calls="house/large",
    warm={"house/large": 500},
    raised=Evidence(Tier.PREMIUM, "The same call was made 3 times."),
)


def again(asked: Facts) -> Facts | None:
    return facts_again(read_decision(write_decision(run(asked, HOUSE))), NOON)


@pytest.mark.parametrize("asked", [facts(), SEEN, replace(SEEN, stays_here=True)])
def test_facts_come_back_as_they_were(asked: Facts) -> None:
    assert again(asked) == asked


def test_the_same_facts_are_decided_the_same_again() -> None:
    first, second = run(SEEN, HOUSE), again(SEEN)
    assert second is not None
    assert run(second, HOUSE) == first


def test_the_words_of_a_request_are_not_kept() -> None:
    request = Request(Protocol.MESSAGES, "m", ())
    decision = run(replace(SEEN, request=request), HOUSE)
    assert decision.facts is not None
    assert decision.facts.request is None
    assert "request" not in set(StoredFacts.__struct_fields__)


def test_an_older_row_has_no_facts() -> None:
    stored = read_decision(write_decision(run(SEEN, HOUSE)))
    older = msgspec.structs.replace(stored, facts=None)
    assert facts_again(older, NOON) is None


def test_a_class_of_another_version_is_an_unsure_one() -> None:
    stored = read_decision(write_decision(run(SEEN, HOUSE)))
    newer = msgspec.structs.replace(stored, route_class="poetry")
    found = facts_again(newer, NOON)
    assert found is not None
    assert found.route_class is RouteClass.FALLBACK_SAFE
    assert found.protocol is Protocol.MESSAGES
