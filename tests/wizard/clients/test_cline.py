"""Cline: what to type into its settings."""

from __future__ import annotations

from client_situations import HOME, KEY, URL, all_text, situation

from discovery.findings import Reach
from wizard.clients.cline import SETUP
from wizard.plan import Login


def test_the_exact_values_are_typed() -> None:
    wanted = SETUP.wanted(situation(SETUP))
    assert SETUP.reach is Reach.GUIDED
    assert [step.text for step in wanted.steps] == [
        "OpenAI Compatible",
        f"{URL}/v1",
        KEY,
        "claude-sonnet-5-5",
    ]
    assert wanted.files == ()
    assert "by hand" in all_text(wanted)


def test_a_folder_and_a_login_are_refused() -> None:
    assert SETUP.wanted(situation(SETUP, project=HOME / "work")).refusals
    assert SETUP.wanted(situation(SETUP, login=Login.OWN)).refusals
