"""What a terminal has is told to the gateway, and no secret with it."""

from pathlib import Path

import pytest
from made_home import CANARY

from app.commands import COMMANDS
from app.terminal import folder_here, handed_over

BY_NAME = {command.name: command for command in COMMANDS}
URL = "https://models.example/v1"


def told(home: Path, folder: Path | None = None, **environ: str) -> str:
    given = handed_over(BY_NAME["doctor"], {"HOME": str(home), **environ}, folder)
    return str(given["terminal"])


def test_only_the_commands_that_ask_are_told(tmp_path: Path) -> None:
    for command in COMMANDS:
        given = handed_over(command, {"HOME": str(tmp_path)}, tmp_path)
        assert list(given) == (
            ["terminal"] if command.name in {"doctor", "discover"} else []
        )


def test_no_secret_is_handed_over(tmp_path: Path) -> None:
    text = told(
        tmp_path,
        ANTHROPIC_BASE_URL=f"https://me:{CANARY}@models.example/v1?key={CANARY}",
        ANTHROPIC_AUTH_TOKEN=CANARY,
        GEMINI_API_KEY=CANARY,
        GROQ_API_KEY=CANARY,
        SOMETHING_ELSE=CANARY,
        OPENCODE_CONFIG_CONTENT=f'{{"key": "{CANARY}"}}',
    )
    assert CANARY not in text
    assert CANARY[:8] not in text
    assert CANARY[-4:] in text
    assert "models.example" in text
    assert "SOMETHING_ELSE" not in text


def test_a_folder_that_is_gone_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert folder_here() == gone
    gone.rmdir()
    assert folder_here() is None
