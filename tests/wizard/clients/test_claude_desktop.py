"""Claude Desktop: the four files of its page for a gateway, or what to type."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from client_situations import HOME, KEY, URL, all_text, situation, wished

from discovery.files import FileState
from wizard.clients.claude_desktop import SETUP, by_hand, entry_id, fields
from wizard.clients.terms import Situation
from wizard.formats import Item
from wizard.plan import Choice, Login
from wizard.planning import plan_client

OWN = entry_id(HOME)
SUPPORT = HOME / "Library" / "Application Support"
META = SUPPORT / "Claude-3p" / "configLibrary" / "_meta.json"
ENTRY = META.with_name(f"{OWN}.json")
MANAGED = Path("/Library/Managed Preferences/com.anthropic.Claude.plist")
OTHER = "0b6b4cb2-6f0e-4c8e-9b1a-3a6f3d1c2e10"


def at(platform: str = "darwin") -> Situation:
    return situation(SETUP, platform=platform)


def with_file(here: Situation, path: Path, data: bytes) -> Situation:
    """The same with one of the files there."""
    assert path in here.files
    return replace(here, files={**here.files, path: FileState(path, path, data)})


def test_its_entry_has_the_same_id_each_time() -> None:
    assert uuid.UUID(OWN).version == 5
    assert entry_id(HOME) == OWN
    assert entry_id(Path("/home/grace")) != OWN


def test_it_gets_an_entry_the_choice_of_it_and_the_mode() -> None:
    plan = plan_client(SETUP, at())
    assert plan.can_be_applied
    written = {edit.path: json.loads(edit.after) for edit in plan.edits}
    mode = {"deploymentMode": "3p"}
    assert written == {
        ENTRY: {
            "inferenceProvider": "gateway",
            "inferenceGatewayBaseUrl": URL,
            "inferenceGatewayApiKey": KEY,
            "inferenceGatewayAuthScheme": "bearer",
        },
        META: {"entries": [{"id": OWN, "name": "Turnout"}], "appliedId": OWN},
        SUPPORT / "Claude-3p" / "claude_desktop_config.json": mode,
        SUPPORT / "Claude" / "claude_desktop_config.json": mode,
    }
    # What is applied is written after what it names.
    paths = [edit.path for edit in plan.edits]
    assert paths.index(ENTRY) < paths.index(META)


def test_only_its_key_is_secret() -> None:
    held = [
        key
        for file in SETUP.wanted(at()).files
        for key in file.keys
        if KEY in json.dumps(key.value)
    ]
    assert [(key.path, key.secret) for key in held] == [
        (("inferenceGatewayApiKey",), True)
    ]


def test_another_gateway_in_use_is_kept_for_the_way_back() -> None:
    meta = {"entries": [{"id": OTHER, "name": "Company"}], "appliedId": OTHER}
    here = with_file(at(), META, json.dumps(meta).encode())
    plan = plan_client(SETUP, here)
    (edit,) = (edit for edit in plan.edits if edit.path == META)
    after = json.loads(edit.after)
    assert [entry["id"] for entry in after["entries"]] == [OTHER, OWN]
    assert after["appliedId"] == OWN
    before = {change.path: change.before for change in edit.changes}
    assert before[("appliedId",)] == OTHER
    assert "Another gateway is in use" in " ".join(plan.notes)
    assert plan.questions == ()


@pytest.mark.parametrize("applied", [None, "", OWN])
def test_no_other_gateway_is_none(applied: str | None) -> None:
    here = with_file(at(), META, json.dumps({"appliedId": applied}).encode())
    assert "Another gateway" not in all_text(SETUP.wanted(here))


def test_on_windows_the_files_are_where_windows_keeps_them() -> None:
    environ = {"LOCALAPPDATA": "/w/Local", "APPDATA": "/w/Roaming"}
    here = situation(SETUP, platform="win32", environ=environ)
    assert {str(path) for path in wished(SETUP.wanted(here))} == {
        f"/w/Local/Claude-3p/configLibrary/{OWN}.json",
        "/w/Local/Claude-3p/configLibrary/_meta.json",
        "/w/Local/Claude-3p/claude_desktop_config.json",
        "/w/Roaming/Claude/claude_desktop_config.json",
    }
    assert "registry" in all_text(SETUP.wanted(here))
    usual = wished(SETUP.wanted(at("win32")))
    assert f"{HOME}/AppData/Roaming/Claude/claude_desktop_config.json" in usual


def test_on_linux_nothing_is_written_and_the_fields_are_told() -> None:
    here = at("linux")
    assert SETUP.places(here.surroundings, here.choice) == ()
    wanted = SETUP.wanted(here)
    assert wanted.files == ()
    assert wanted.refusals == ()
    (step,) = wanted.steps
    assert json.loads(step.text) == fields(URL, KEY)
    assert step == by_hand(URL, KEY)
    assert KEY not in repr(step)
    assert "no official Claude Desktop for Linux" in all_text(wanted)


def test_it_is_told_what_is_given_up_and_to_quit_first() -> None:
    told = all_text(SETUP.wanted(at()))
    assert "no chat tab" in told
    assert "Quit Claude Desktop first" in told
    assert "not tried with the app" in told
    assert KEY not in told


def test_it_has_no_login_of_its_own_to_pass_on() -> None:
    wanted = SETUP.wanted(situation(SETUP, platform="darwin", login=Login.OWN))
    assert "no login" in wanted.refusals[0].why


def test_it_knows_no_project() -> None:
    wanted = SETUP.wanted(situation(SETUP, platform="darwin", project=HOME / "work"))
    assert wanted.refusals[0].file == f"{HOME}/work"


@pytest.mark.parametrize(
    ("data", "wins"),
    [
        (b"bplist00 inferenceProvider", True),
        (b"<plist>inferenceGatewayBaseUrl</plist>", True),
        (b"bplist00 autoUpdate", False),
    ],
)
def test_an_administrators_gateway_wins_and_is_named(
    *, data: bytes, wins: bool
) -> None:
    wanted = SETUP.wanted(with_file(at(), MANAGED, data))
    assert [each.file for each in wanted.refusals] == [str(MANAGED)] * wins


def test_a_command_for_its_key_is_not_promised() -> None:
    here = at()
    choice = Choice(SETUP.id, helper=True)
    assert "runs no command" in all_text(SETUP.wanted(replace(here, choice=choice)))


def test_entries_are_found_by_their_id() -> None:
    (meta,) = (file for file in SETUP.wanted(at()).files if file.path == META)
    assert meta.keys[0].path == ("entries", Item("id", OWN))
