"""One module per coding tool: its current settings in, the keys it needs out; pure."""

from wizard.clients import (
    aider,
    claude_code,
    claude_desktop,
    cline,
    codex,
    continue_,
    copilot,
    cursor,
    gemini_cli,
    n8n,
    openclaw,
    opencode,
    qwen_code,
)
from wizard.clients.terms import ClientSetup

CLIENTS: tuple[ClientSetup, ...] = (
    claude_code.SETUP,
    codex.SETUP,
    opencode.SETUP,
    openclaw.SETUP,
    gemini_cli.SETUP,
    qwen_code.SETUP,
    continue_.SETUP,
    aider.SETUP,
    claude_desktop.SETUP,
    cline.SETUP,
    copilot.SETUP,
    n8n.SETUP,
    cursor.SETUP,
)
"""The explicit list, in the order they are shown in."""
