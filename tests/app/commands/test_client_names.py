"""Clients as users name them."""

import pytest

from app.commands.client_names import profile_named
from app.failure import CommandFailed, Exit
from app.services import Services


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("codex", "codex"),
        ("Claude Code", "claude-code"),
        ("codex-laptop", "codex"),
        ("unknown", "unknown"),
    ],
)
def test_a_client_is_known_by_its_name_or_its_key(
    alone: Services, name: str, found: str
) -> None:
    assert profile_named(alone, name).id == found


def test_any_other_name_is_refused_and_says_which_there_are(alone: Services) -> None:
    with pytest.raises(CommandFailed) as failed:
        profile_named(alone, "emacs")
    assert failed.value.exit == Exit.USAGE
    assert "codex" in failed.value.message
    assert "keys list" in failed.value.todo
