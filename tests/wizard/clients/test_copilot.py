"""Copilot: an entry to paste, with the whole address of the endpoint."""

from __future__ import annotations

import json

from client_situations import HOME, KEY, URL, known, situation

from discovery.findings import Reach
from wizard.clients.copilot import SETUP
from wizard.plan import Login


def test_the_entry_is_whole() -> None:
    wanted = SETUP.wanted(situation(SETUP))
    assert SETUP.reach is Reach.GUIDED
    ((entry,), (model,)) = (
        entries := json.loads(wanted.steps[0].text),
        entries[0]["models"],
    )
    assert entry["vendor"] == "customendpoint"
    assert entry["apiType"] == "chat-completions"
    assert entry["apiKey"] == KEY
    assert model["url"] == f"{URL}/v1/chat/completions"
    assert model["id"] == "claude-sonnet-5-5"
    assert model["toolCalling"] is True
    assert model["vision"] is True
    assert model["maxInputTokens"] > 100_000
    assert wanted.steps[1].text == "Turnout"
    assert wanted.files == ()


def test_an_unlisted_model_has_numbers_too() -> None:
    wanted = SETUP.wanted(situation(SETUP, providers=(known("ollama"),)))
    (model,) = json.loads(wanted.steps[0].text)[0]["models"]
    assert model["id"] == "turnout-auto"
    assert model["maxInputTokens"] > 0
    assert model["vision"] is False


def test_a_folder_and_a_login_are_refused() -> None:
    assert SETUP.wanted(situation(SETUP, project=HOME / "work")).refusals
    assert SETUP.wanted(situation(SETUP, login=Login.OWN)).refusals
