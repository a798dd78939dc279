"""Collects what a Chat body had no place for, each name once; pure values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.model import Loss

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "assistant_turn_added": "A short turn of the assistant stands between a tool's "
        "result and the user, because this server takes no other order.",
        "cache_marks": "A cache mark has no place at this provider.",
        "citation": "A citation has no place.",
        "document_left_out": "A document could not be passed on; a note stands in its "
        "place.",
        "document_options": "Context or citations of a document have no place here.",
        "extra_output": "Extra output that the client asked for is not to be had here.",
        "field": "A field, or the part of the answer it asks for, has no place here.",
        "image_left_out": "An image could not be passed on; a note stands there.",
        "logprobs": "Probabilities of words are not to be had here.",
        "max_tool_calls": "A limit of tool calls has no place at this provider.",
        "message_name": "A speaker's name has no place at this provider.",
        "metadata": "A label of the client has no place at this provider.",
        "moderation": "The outcome of a moderation has no place here.",
        "namespace": "A tool's namespace has no place.",
        "output_format": "The form of the answer is asked for in words, because the "
        "provider cannot enforce it.",
        "part_order": "Text behind a tool call stands before it.",
        "provider_part": "A part only its own protocol can show has no place.",
        "reasoning_wish": "The wish to think has no place at this provider.",
        "sealed_thinking": "Sealed reasoning has no place.",
        "server_tool_offered": "A tool that another provider runs was not offered.",
        "signature": "The proof of the reasoning has no place.",
        "stop_detail": "Why the model declined has no place.",
        "stop_sequence": "Which word stopped the answer has no place.",
        "stored_answer": "This provider keeps no answers to continue.",
        "thinking_replay": "Earlier reasoning, or its proof, was left out.",
        "tool_choice": "The wish about calls cannot be said to this provider.",
        "tool_options": "Tools have no place at this provider.",
        "unknown_part": "An earlier part nobody here can read was left out.",
    }
)
"""What each name means, free of any content."""


class Lost:
    """The losses of one body."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def add(self, name: str) -> None:
        """Note a loss by its name in `SENTENCES`."""
        self._names[name] = None

    def losses(self) -> tuple[Loss, ...]:
        """Return them in the order they came."""
        return tuple(Loss(name, SENTENCES[name]) for name in self._names)
