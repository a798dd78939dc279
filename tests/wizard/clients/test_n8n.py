"""n8n: what to paste, and the trap of a container."""

from __future__ import annotations

from client_situations import HOME, KEY, URL, all_text, situation

from discovery.findings import Reach
from wizard.clients.n8n import SETUP
from wizard.plan import Login


def test_address_key_and_model_are_pasted() -> None:
    wanted = SETUP.wanted(situation(SETUP))
    assert SETUP.reach is Reach.GUIDED
    assert [step.text for step in wanted.steps] == [
        f"{URL}/v1",
        KEY,
        "claude-sonnet-5-5",
    ]
    assert wanted.files == ()


def test_the_trap_of_a_container_is_told() -> None:
    told = all_text(SETUP.wanted(situation(SETUP)))
    assert "host.docker.internal does not lead to it on Linux" in told
    assert "--network host" in told
    assert KEY not in told


def test_a_folder_and_a_login_are_refused() -> None:
    for made in (
        situation(SETUP, project=HOME / "work"),
        situation(SETUP, login=Login.OWN),
    ):
        wanted = SETUP.wanted(made)
        assert wanted.refusals
        assert wanted.steps == ()
