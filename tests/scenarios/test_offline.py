"""What stays here: the mode `offline`, the trust level, the logins of clients."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenarios.scenes import THINK, WORK, WRITE, key_of, works
from scenarios.stage import (
    CHAT,
    GEMINI,
    MESSAGES,
    NOBODY,
    OLLAMA,
    RESPONSES,
    Actor,
    Role,
    stage,
)
from upstream import refuse

from proxy.model import Protocol

FORBIDDEN = 403
SAFE = 'claude_code_safe = "yes"\ncodex_safe = "yes"'
LOCAL = Actor(
    "ollama",
    (OLLAMA,),
    (
        Role("qwen3:8b", "local/small", None, 32_000, more=SAFE),
        Role("qwen3:32b", "local/standard", None, 32_000, more=SAFE),
        Role("gpt-oss:120b-cloud", "local/premium", None, 32_000, more=SAFE),
    ),
    place="this-machine",
    key="none",
)
CONFIDENTIAL = {"x-turnout-trust": "confidential"}


@pytest.mark.parametrize("client", [MESSAGES, RESPONSES, CHAT, GEMINI])
async def test_offline_takes_the_best_model_of_this_machine_whatever_is_asked_for(
    tmp_path: Path, client: Protocol
) -> None:
    async with stage(tmp_path, works(), LOCAL, mode="offline") as play:
        told = await play.ask(client, model="claude-opus-5-5", text=THINK)
        assert (told.status, told.calls) == (200, ("ollama",))
        assert told.row.model == "qwen3:32b"
        assert "run locally" in told.explained
        assert "the mode is offline" in told.explained
        assert told.row.cost_nano == 0


async def test_a_cloud_model_behind_a_loopback_address_is_not_this_machine(
    tmp_path: Path,
) -> None:
    """Ollama serves it at 127.0.0.1 all the same; the model runs elsewhere."""
    async with stage(tmp_path, LOCAL, mode="offline") as play:
        pinned = await play.ask(model="ollama/gpt-oss:120b-cloud", text=WRITE)
        unlisted = await play.ask(model="ollama/kimi-k2:1t-cloud", text=WRITE)
        assert play.calls == ()
        for told in (pinned, unlisted):
            assert told.status == FORBIDDEN
            assert b"offline" in told.body
            assert "does not run on this machine" in told.explained
        # When all local models fail the cloud one is still no way out.
        play["ollama"].push(*[refuse(500)] * 4)
        failed = await play.ask(model="claude-opus-5-5", text=WRITE)
        assert failed.status >= 500
        models = [each.model for each in play["ollama"].asked]
        assert "gpt-oss:120b-cloud" not in models


async def test_a_cloud_model_is_not_taken_for_one_that_costs_nothing(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, works(), LOCAL, mode="coding-premium") as play:
        told = await play.ask(model="claude-sonnet-5", text=THINK)
        pinned = await play.ask(model="ollama/gpt-oss:120b-cloud", text=THINK)
    assert told.calls == ("work",)
    assert pinned.calls == ("ollama",)
    assert "ollama/gpt-oss:120b-cloud in lane local/premium at an unknown price" in (
        pinned.explained
    )


async def test_offline_without_a_local_model_says_so_and_sends_nothing(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, works(), works("other"), mode="offline") as play:
        told = await play.ask(model="claude-opus-5-5", text=WRITE)
    assert (told.status, told.calls) == (FORBIDDEN, ())
    assert b"nothing left this machine" in told.body
    assert "No route could be taken." in told.explained


@pytest.mark.parametrize("asked", ["coding-auto", "direct", "coding-premium"])
async def test_no_header_pin_or_rule_leads_out_of_offline(
    tmp_path: Path, asked: str
) -> None:
    rules = '[[rules]]\nclient = "claude-code"\nmode = "coding-premium"\n'
    async with stage(tmp_path, works(), LOCAL, mode="offline", rules=rules) as play:
        told = await play.ask(text=WRITE, headers={"x-turnout-mode": asked})
        pinned = await play.ask(
            model="work/grand", text=WRITE, headers={"x-turnout-mode": asked}
        )
    assert told.calls == ("ollama",)
    assert (pinned.status, pinned.calls) == (FORBIDDEN, ())


async def test_a_request_may_ask_to_stay_here_under_any_mode(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), LOCAL, mode="coding-premium") as play:
        told = await play.ask(text=THINK, headers={"x-turnout-mode": "offline"})
        later = await play.ask(text=THINK)
    assert told.calls == ("ollama",)
    assert later.calls == ("work",)


async def test_a_rule_keeps_one_client_on_this_machine(tmp_path: Path) -> None:
    rules = '[[rules]]\nclient = "n8n"\nmode = "offline"\n'
    async with stage(tmp_path, works(), LOCAL, mode="coding-auto", rules=rules) as play:
        n8n = await key_of(play.gateway, "n8n")
        lifted = n8n | {"x-turnout-mode": "direct"}
        told = await play.ask(CHAT, text=WRITE, headers=n8n)
        tried = await play.ask(CHAT, text=WRITE, headers=lifted)
        free = await play.ask(text=THINK)
    assert told.calls == tried.calls == ("ollama",)
    assert free.calls == ("work",)


# --- the trust level ------------------------------------------------------------------


@pytest.mark.parametrize("level", ["confidential", "secret"])
@pytest.mark.parametrize("mode", ["coding-auto", "direct"])
async def test_what_is_confidential_stays_on_this_machine(
    tmp_path: Path, mode: str, level: str
) -> None:
    trust = {"x-turnout-trust": level}
    async with stage(tmp_path, works(), LOCAL, mode=mode) as play:
        told = await play.ask(model="claude-opus-5-5", text=THINK, headers=trust)
        pinned = await play.ask(model="work/grand", text=THINK, headers=trust)
        cloud = await play.ask(model="ollama/gpt-oss:120b-cloud", headers=trust)
    assert told.calls == ("ollama",)
    assert (pinned.status, pinned.calls) == (FORBIDDEN, ())
    assert (cloud.status, cloud.calls) == (FORBIDDEN, ())
    assert "trust level keeps it here" in told.explained
    assert b"stays on this machine" in pinned.body


async def test_a_lower_level_goes_where_everybody_goes(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), LOCAL, mode="coding-premium") as play:
        told = await play.ask(text=THINK, headers={"x-turnout-trust": "internal"})
    assert told.calls == ("work",)


async def test_no_failure_here_makes_a_confidential_request_leave(
    tmp_path: Path,
) -> None:
    dead = Actor(
        "dead",
        (OLLAMA,),
        (Role("qwen3:8b", "local/small", None, 32_000),),
        place="this-machine",
        key="none",
        url=NOBODY,
    )
    async with stage(tmp_path, dead, works(), mode="coding-auto") as play:
        told = await play.ask(text=WRITE, headers=CONFIDENTIAL)
    assert told.status >= 500
    assert (told.calls, told.chain) == ((), ("dead",))


# --- logins that clients bring --------------------------------------------------------

OWN = {"authorization": "Bearer sk-ant-oat-example-not-a-secret"}


def vendor(name: str = "vendor") -> Actor:
    """A provider that takes the login of whoever asks, and nothing else."""
    roles = (Role("best", "x/premium", "0.1"), Role("good", "x/standard", "0.1"))
    return Actor(name, (MESSAGES,), roles, key="client")


async def test_a_clients_login_is_used_where_it_belongs_in_a_coding_mode(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, vendor(), works(), mode="coding-auto") as play:
        own = await play.ask(model="claude-sonnet-5", text=WRITE, headers=OWN)
        without = await play.ask(model="claude-sonnet-5", text=WRITE)
        assert own.calls == ("vendor",)
        assert play["vendor"].asked[0].credential == "sk-ant-oat-example-not-a-secret"
        assert without.calls == ("work",)
        assert "passes the client's own credential on" in without.explained
        # The one who has a key of ours never sees the client's.
        play["vendor"].push(*[refuse(500)] * 2)
        moved = await play.ask(model="claude-sonnet-5", text=WORK, headers=OWN)
        assert moved.calls == ("vendor", "vendor", "work")
        for seen in play["work"].asked:
            assert b"not-a-secret" not in seen.everything()


async def test_a_login_is_offered_to_one_provider_only(tmp_path: Path) -> None:
    cast = vendor("one"), vendor("two")
    async with stage(tmp_path, *cast, mode="coding-auto") as play:
        play["one"].push(*[refuse(500)] * 3)
        told = await play.ask(model="claude-sonnet-5", text=WRITE, headers=OWN)
    assert set(told.calls) == {"one"}
    assert "is offered to one provider only" in told.explained


async def test_a_login_of_one_vendor_is_of_no_use_to_clients_of_another(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, vendor(), works(), mode="coding-auto") as play:
        codex = await key_of(play.gateway, "codex")
        told = await play.ask(
            RESPONSES, model="gpt-6-terra", text=WRITE, headers=codex | OWN
        )
    assert told.calls == ("work",)
    assert "the client speaks another vendor's protocol" in told.explained


async def test_a_refused_login_goes_back_and_is_tried_nowhere_else(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, vendor(), works(), mode="coding-auto") as play:
        play["vendor"].push(refuse(401, "The token has expired."))
        told = await play.ask(model="claude-sonnet-5", text=WRITE, headers=OWN)
        again = await play.ask(model="claude-sonnet-5", text=WORK, headers=OWN)
    assert (told.status, told.calls) == (401, ("vendor",))
    assert b"The token has expired." in told.body
    assert again.calls == ("vendor",)
