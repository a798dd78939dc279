"""Every capability of Turnout as one typed function; the shells offer only these."""

from __future__ import annotations

from app.commands.command import Command

COMMANDS: tuple[Command, ...] = ()
"""The explicit list: nothing registers itself by being imported."""
