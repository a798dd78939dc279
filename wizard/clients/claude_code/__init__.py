"""Claude Code: the keys in its settings that bring its requests to the gateway; pure.

They are as its settings reference has them, tried with version 2.1.329. Its file is
strict JSON: with a comment in it, Claude Code itself reads nothing of it.
"""

from wizard.clients.claude_code.keys import helper_command
from wizard.clients.claude_code.wiring import SETUP, settled_login

__all__ = ["SETUP", "helper_command", "settled_login"]
