"""The closed list of what may get lost on the way, one sentence each; values only.

Codecs and translation name losses from here and from nowhere else. A name stands in
records and headers, its sentence on the receipt. Neither ever holds content of a
request or an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from proxy.model import Loss

LOSSES: Final = MappingProxyType(
    {
        "assistant_turn_added": "A short turn of the assistant stands between a "
        "tool's result and the user, because this server takes no other order.",
        "broken_arguments": "Arguments of a call were no JSON object; they went as "
        "one string.",
        "cache_fields": "Wishes about prompt caching have no place here.",
        "cache_marks": "Cache marks have no place here, or there were more than are "
        "taken.",
        "citation": "A citation has no place here.",
        "context_management": "The provider edits no context; all of it was sent.",
        "custom_tool": "A tool called with free text became a function with one "
        "string, or its call an object.",
        "document_left_out": "An earlier document cannot go to this provider; a note "
        "stands in its place.",
        "document_options": "Context or citations of a document have no place here.",
        "effort_mapped": "The wish to think was put in the nearest words this "
        "provider takes.",
        "empty_message": "A message without content was left out or got a placeholder.",
        "extra_output": "Extra output the client asked for (include) is not to be had "
        "here.",
        "fallbacks": "The provider's own fallbacks have no place here.",
        "field": "A field of the client's protocol has no place here.",
        "first_turn": "The conversation began with an answer; a placeholder stands "
        "before it.",
        "hosted_tool": "A tool that the client's own provider defines, and the client "
        "runs, became a function.",
        "image_detail": "The wish for an image's resolution has no place here.",
        "image_left_out": "An earlier image cannot go to this provider; a note stands "
        "in its place.",
        "least_tokens": "The limit of the answer was raised to the least that the "
        "provider takes.",
        "logprobs": "Probabilities of words have no place here.",
        "max_tokens_clamped": "The limit of the answer was lowered to what the model "
        "can write.",
        "max_tool_calls": "A limit of tool calls has no place at this provider.",
        "message_name": "A speaker's name has no place here.",
        "metadata": "The client's labels have no place here.",
        "missing_result": "A call had no result; a note stands in its place.",
        "moderation": "Wishes about moderation and safety settings have no place here.",
        "namespace": "The namespace of a tool has no place here.",
        "orphan_result": "A result without its call became text of the user.",
        "output_format": "The form of the answer is asked for in words, because the "
        "provider cannot enforce it.",
        "output_schema": "The schema of the answer was made simpler, because the "
        "provider enforces only a part of such schemas.",
        "parallel_tools": "Parallel calls cannot be forbidden at this provider.",
        "part_options": "Some marks of messages, calls or parts have no place here.",
        "part_order": "Text behind a tool call stands before it.",
        "penalties": "Penalties and biases of words have no place here.",
        "prefill": "The begun answer became an instruction to continue it.",
        "provider_part": "A part of the answer that only its own protocol can show "
        "was left out.",
        "reasoning_options": "Some wishes about reasoning have no place here.",
        "reasoning_wish": "The wish to think has no place at this provider.",
        "regional": "Wishes about region, tier or speed have no place here.",
        "sampling": "Temperature, top_p or top_k is not taken here.",
        "sealed_thinking": "Sealed reasoning has no place here.",
        "seed": "A seed is not taken here.",
        "server_part": "An earlier step of a tool run by another provider was left "
        "out.",
        "server_part_as_text": "Earlier steps of a tool run by another provider went "
        "as text.",
        "server_tool_offered": "Tools run by the client's own provider are not to be "
        "had here.",
        "signature": "The proof of reasoning has no place here.",
        "stop_detail": "Why the model declined has no place here.",
        "stop_sequence": "Which word stopped the answer has no place here.",
        "stop_sequences": "A stop sequence is not taken by this provider.",
        "stored_answer": "This provider does not keep the answer.",
        "strict_tools": "Tools cannot be bound strictly to their schemas here.",
        "system_as_user": "Instructions in the middle became marked text of the user.",
        "temperature_clamped": "The temperature was lowered to the most taken here.",
        "thinking_off": "Thinking was switched off: the turn at hand began without "
        "it, or the other wishes leave no room for it.",
        "thinking_replay": "Earlier reasoning, or its proof, was left out: it was "
        "made elsewhere or is not taken back.",
        "tool_choice": "The wish about calls cannot be enforced by this provider.",
        "tool_grammar": "A tool's grammar is told in its description, not enforced.",
        "tool_names": "Names of tools were changed on the way and are changed back.",
        "tool_options": "Some options of tools have no place here.",
        "tool_schema": "A tool's schema was made simpler for this provider.",
        "unknown_part": "An earlier part nobody here can read was left out.",
        "usage_estimated": "The provider did not count all tokens; what the client "
        "was told about them is an estimate, and the record leaves them unknown.",
        "user": "The end user's id has no place at this provider.",
        "user_shortened": "The end user's id or cache key was too long; its digest "
        "was sent.",
        "verbosity": "The wish for a length of answer has no place here.",
        "web_search_options": "Searching the web is not to be had here.",
    }
)
"""Every name there is, and what it means to a person."""


def named(name: str, which: Iterable[str] = ()) -> Loss:
    """Return a loss; `which` are words of a protocol or data file, not content.

    Raises KeyError where the name is not in `LOSSES`.
    """
    sentence = LOSSES[name]
    words = sorted({_word(each) for each in which})
    return Loss(name, f"{sentence} ({', '.join(words)})" if words else sentence)


class Noted:
    """Collects losses, each name once, in the order they happen."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        """Start with nothing lost."""
        self._found: dict[str, Loss] = {}

    def add(self, name: str, which: Iterable[str] = ()) -> None:
        """Note a loss as `named` makes it; a second one of a name says nothing new.

        Raises KeyError where the name is not in `LOSSES`.
        """
        if name not in self._found:
            self._found[name] = named(name, which)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What was noted."""
        return tuple(self._found.values())


def _word(text: str) -> str:
    """A word a client wrote, cut to what such a word can be."""
    return "".join(c for c in text if c.isalnum() or c in "_-.")[:40] or "?"
