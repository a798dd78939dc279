"""A scripted provider and a wire recorder for tests; no part of the product."""

from upstream.failures import refuse
from upstream.record import Ask, Seen
from upstream.reply import RESET, End, Hold, Pause, Raw, Reply
from upstream.server import ScriptedUpstream, render
from upstream.tap import Sent, Tap
from upstream.thread import in_thread
from upstream.turns import (
    Answer,
    Script,
    Step,
    Text,
    Thinking,
    Tokens,
    ToolCall,
    Ways,
    say,
)

__all__ = [
    "RESET",
    "Answer",
    "Ask",
    "End",
    "Hold",
    "Pause",
    "Raw",
    "Reply",
    "Script",
    "ScriptedUpstream",
    "Seen",
    "Sent",
    "Step",
    "Tap",
    "Text",
    "Thinking",
    "Tokens",
    "ToolCall",
    "Ways",
    "in_thread",
    "refuse",
    "render",
    "say",
]
