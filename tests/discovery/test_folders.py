"""Clients' folders stand in the home, or where their variables say."""

from pathlib import Path

from made_home import around

from discovery.folders import (
    claude_folder,
    claude_state,
    codex_folder,
    continue_folder,
    gemini_folder,
    openclaw_file,
    qwen_folder,
)


def test_folders_stand_in_the_home(tmp_path: Path) -> None:
    here = around(tmp_path)
    assert claude_folder(here) == tmp_path / ".claude"
    assert claude_state(here) == tmp_path / ".claude.json"
    assert codex_folder(here) == tmp_path / ".codex"
    assert gemini_folder(here) == tmp_path / ".gemini"
    assert qwen_folder(here) == tmp_path / ".qwen"
    assert continue_folder(here) == tmp_path / ".continue"
    assert openclaw_file(here) == tmp_path / ".openclaw/openclaw.json"


def test_folders_may_be_moved(tmp_path: Path) -> None:
    moved = str(tmp_path / "x")
    here = around(
        tmp_path, CLAUDE_CONFIG_DIR=moved, CODEX_HOME="~/y", GEMINI_CLI_HOME=moved
    )
    assert claude_folder(here) == tmp_path / "x"
    assert claude_state(here) == tmp_path / "x" / ".claude.json"
    assert codex_folder(here) == tmp_path / "y"
    assert gemini_folder(here) == tmp_path / "x" / ".gemini"
    assert codex_folder(around(tmp_path, CODEX_HOME="relative")) == tmp_path / ".codex"


def test_openclaw_has_three_variables(tmp_path: Path) -> None:
    def file(**environ: str) -> Path:
        return openclaw_file(around(tmp_path, **environ))

    assert file(OPENCLAW_CONFIG_PATH="/x/y") == Path("/x/y")
    assert file(OPENCLAW_CONFIG_PATH="~/y") == tmp_path / "y"
    assert file(OPENCLAW_STATE_DIR="/x") == Path("/x/openclaw.json")
    assert file(OPENCLAW_HOME="/x") == Path("/x/.openclaw/openclaw.json")
