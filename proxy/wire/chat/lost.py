"""Collects what a Chat body had no place for, each name once; pure values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.model import Loss

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "answer_field": "A part of the answer that was asked for cannot be carried.",
        "assistant_turn_added": "A short turn of the assistant stands between a tool's "
        "result and the user, because this server takes no other order.",
        "cache_mark": "A cache mark had no place.",
        "choices": "Only one answer is asked for, not several.",
        "citation": "A citation had no place.",
        "document": "A document could not be carried and a note stands in its place.",
        "document_context": "The context or citation wish of a document had no place.",
        "image": "An image could not be carried and a note stands in its place.",
        "include": "Extra output that the client asked for has no name here.",
        "labels": "The client's labels had no place.",
        "max_tool_calls": "The limit of tool calls had no place.",
        "message_name": "A speaker's name had no place.",
        "namespace": "A tool's namespace had no place.",
        "output_format": "The form of the answer is asked for in words only.",
        "part_order": "Text behind a tool call stands before it.",
        "provider_part": "A part only its own protocol can show had no place.",
        "reasoning": "The wish about reasoning had no place.",
        "refused_field": "A field that this server refuses was left out.",
        "result_image": "An image in a tool's result had no place.",
        "schema_as_text": "The schema of the answer is asked for in words only.",
        "sealed_thinking": "Sealed reasoning had no place.",
        "server_tool": "A tool that another provider runs was not offered.",
        "signature": "The proof of the reasoning had no place.",
        "state": "A stored conversation cannot be continued here.",
        "stop_detail": "Why the model declined had no place.",
        "store": "The wish about storing had no place.",
        "thinking": "Reasoning of an earlier answer had no place.",
        "tool_choice": "The choice of tools could not be said.",
        "tools": "Tools had no place.",
        "web_searches": "The count of searches had no place.",
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
