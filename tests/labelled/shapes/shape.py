"""What a client's requests look like: a value, and the words all of ours share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from labelled.conversation import FOLDER, Call, Conversation

from proxy.model import Protocol

Json = dict[str, object]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """One client on one protocol.

    `write` makes its body of a conversation; `path` is what it posts to, `tools` says
    that it offers any.
    """

    client: str
    protocol: Protocol
    path: str
    headers: Headers
    write: Callable[[Conversation], Json]
    tools: bool = True


# What a tool is for, as the clients tell their models; it is full of cue words.
TOLD = (
    """Runs a command in the project's folder and returns its output. Use it to run
tests, to build, to search across the whole repository. Think before you delete.""",
    "Reads a file and returns numbered lines. Long files are read in parts.",
    "Replaces text in a file. Rename a variable with replace_all; fix typos singly.",
    """Finds files and lines by a pattern; for open questions about the architecture
start an agent instead.""",
    """Starts another agent for complex, multi-step work such as a security review or a
refactoring across many files.""",
)
# The instructions of a coding client, in our own words; as broad as the real ones.
SYSTEM = """\
You work in a terminal beside a software developer and help with their tasks.

# Manner
Answer briefly. Say what you changed and how it was checked. Do not praise.

# Work
Read before you edit. For a hard problem make a plan first: think about architecture,
race conditions, security and performance, and find the root cause of a failure before
you change code. For a small edit (a typo, a rename, formatting) just do it.
Run the tests after a change and fix what fails. Never commit unless you were asked to.
Help with authorised security testing; refuse to build malware.

# Planning
Keep a list of steps for work in many files; mark each as done when it is done.
A title for the conversation is made elsewhere; do not write one.
"""


def text_of(value: object) -> str:
    """A value as JSON, as clients write it into strings."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def arguments(call: Call, path: str, command: str = "command") -> Json:
    """A call's arguments under a client's own names for a path and a command."""
    if call.kind == "run":
        return {command: call.subject}
    made: Json = {path: f"{FOLDER}/{call.subject}"}
    if call.kind == "edit":
        made |= {"old_string": "import sys", "new_string": "import os"}
    return made


def schema(*names: str) -> Json:
    """An object of strings as JSON Schema."""
    fields = {name: {"type": "string", "description": "See above."} for name in names}
    return {"type": "object", "properties": fields, "required": list(names)}


def told(number: int) -> str:
    """What the tool of that number is for."""
    return TOLD[number % len(TOLD)]
