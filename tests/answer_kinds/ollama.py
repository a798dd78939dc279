"""What becomes of the fields of Ollama's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ollama import _types as ollama
from pydantic import BaseModel

from answer_kinds.kind import CLOCK, ODDS, SAME, Data, Kind
from proxy.model import Protocol

_LINE: Data = {
    "model": "llama",
    "created_at": "2026-11-21T12:00:00Z",
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 9,
    "eval_count": 5,
    "message": {
        "role": "assistant",
        "content": "Sunny.",
        "tool_calls": [{"function": {"name": "read", "arguments": {"a": 1}}}],
    },
}
_SPENT = "how long it took; the record has our own clock"


def _in_ollama(
    kind: type[BaseModel],
    path: tuple[str | int, ...],
    read: Mapping[str, Any],
    left: Mapping[str, str],
) -> Kind:
    return Kind(Protocol.OLLAMA, kind, _LINE, path, read, left)


KINDS = [
    _in_ollama(
        ollama.ChatResponse,
        (),
        {
            "model": "other",
            "done_reason": "length",
            "prompt_eval_count": 10,
            "eval_count": 6,
            "message": {"content": "Rain."},
        },
        {
            "created_at": CLOCK,
            "done": "a whole answer is done; a stream's last line must say so",
            **dict.fromkeys(
                (
                    "total_duration",
                    "load_duration",
                    "prompt_eval_duration",
                    "eval_duration",
                ),
                _SPENT,
            ),
            "logprobs": ODDS,
        },
    ),
    _in_ollama(
        ollama.Message,
        ("message",),
        {"content": "Rain.", "thinking": "Hm.", "tool_calls": []},
        {
            "role": SAME,
            "images": "of what a user says only",
            "tool_name": "of what a tool says only",
        },
    ),
]
