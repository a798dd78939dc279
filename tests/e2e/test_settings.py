"""The lines Turnout prints for a client, pasted as they are, do a whole task."""

import json
import re
from collections.abc import Mapping

import pytest
from e2e import expect
from e2e.clients import Place, start
from e2e.gateway import Turnout
from upstream import ScriptedUpstream
from upstream.coding import TURNS, prompt_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def paste(place: Place, part: Mapping[str, str]) -> dict[str, str]:
    """Do what a reader does with one part; returns what was exported."""
    file = re.search(r"~/(\S+)", part["where"])
    if file is not None:
        place.write(file[1], part["text"])
        return {}
    exported = re.findall(r"^export (\w+)='?([^'\n]*)'?$", part["text"], re.MULTILINE)
    assert exported, part
    return dict(exported)


@pytest.mark.parametrize(
    ("client", "parts"),
    [
        ("claude-code", (0,)),
        ("claude-code", (1,)),
        ("codex", (0, 1)),
        ("opencode", (0, 1)),
    ],
)
def test_pasted_lines_work(
    turnout_process: Turnout,
    upstream: ScriptedUpstream,
    place: Place,
    client: str,
    parts: tuple[int, ...],
) -> None:
    told = json.loads(turnout_process.command("settings", client, "--json"))
    environment: dict[str, str] = {}
    for index in parts:
        environment |= paste(place, told["parts"][index])
    ran = start(client, place, prompt_for(place.project), environment)
    expect.task_done(ran, place)
    expect.key_stays_home(told["key"], upstream)
    rows = turnout_process.events()
    assert len(rows) in {TURNS, TURNS + 1}
    assert {row["client"] for row in rows} == {client}
