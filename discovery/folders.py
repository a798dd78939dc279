"""Where clients keep their settings, moved by their own variables or not; pure.

It must not look whether anything is there.
"""

from __future__ import annotations

from pathlib import Path

from discovery.surroundings import Surroundings


def claude_folder(surroundings: Surroundings) -> Path:
    """Return where Claude Code keeps its settings."""
    return _moved(surroundings, "CLAUDE_CONFIG_DIR", ".claude")


def claude_state(surroundings: Surroundings) -> Path:
    """Return Claude Code's own state file, which names the account."""
    if surroundings.environ.get("CLAUDE_CONFIG_DIR"):
        return claude_folder(surroundings) / ".claude.json"
    return surroundings.home / ".claude.json"


def codex_folder(surroundings: Surroundings) -> Path:
    """Return where Codex keeps its settings."""
    return _moved(surroundings, "CODEX_HOME", ".codex")


def gemini_folder(surroundings: Surroundings) -> Path:
    """Return where Gemini CLI keeps its settings; its variable names a home folder."""
    return _moved(surroundings, "GEMINI_CLI_HOME", "") / ".gemini"


def qwen_folder(surroundings: Surroundings) -> Path:
    """Return where Qwen Code keeps its settings."""
    return _moved(surroundings, "QWEN_HOME", ".qwen")


def continue_folder(surroundings: Surroundings) -> Path:
    """Return where Continue keeps its settings."""
    return _moved(surroundings, "CONTINUE_GLOBAL_DIR", ".continue")


def openclaw_file(surroundings: Surroundings) -> Path:
    """Return openclaw's settings file."""
    named = surroundings.environ.get("OPENCLAW_CONFIG_PATH", "").strip()
    if named:
        return surroundings.home / _plain(named)
    home = _moved(surroundings, "OPENCLAW_HOME", "")
    state = surroundings.environ.get("OPENCLAW_STATE_DIR", "").strip()
    folder = surroundings.home / _plain(state) if state else home / ".openclaw"
    return folder / "openclaw.json"


def _moved(surroundings: Surroundings, variable: str, usual: str) -> Path:
    named = surroundings.environ.get(variable, "").strip()
    if named.startswith("~/"):
        return surroundings.home / named[2:]
    # A relative one is another folder wherever the client is started.
    return Path(named) if Path(named).is_absolute() else surroundings.home / usual


def _plain(named: str) -> str:
    return named.removeprefix("~/")
