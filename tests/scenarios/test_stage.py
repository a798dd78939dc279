"""The stage itself: what it says of a scenario is what happened."""

from pathlib import Path

import pytest
from scenarios.stage import CLIENTS, Actor, stage
from upstream import refuse

from proxy.model import Protocol


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_play_is_told_in_order(tmp_path: Path, client: Protocol) -> None:
    async with stage(tmp_path, Actor("first"), Actor("second")) as play:
        calm = await play.ask(client)
        assert (calm.calls, calm.outcomes, calm.marks) == (("first",), ("ok",), ("",))
        play["first"].push(refuse(429, retry_after="30"))
        told = await play.ask(client)
        assert (told.status, told.body) == (200, play["second"].sent[-1])
        assert told.calls == told.chain == ("first", "second")
        assert told.outcomes == ("rate_limited", "ok")
        assert told.retries == (False, False)
        assert told.row.status == "fallback_success"
        assert "first/scripted-large" in told.explained
        assert list(play.condition.groups) == ["first"]
        assert (play.faults("first"), play.faults("second")) == (0, 0)
