"""What a glance at a request's body shows, as values; it reads nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy.routing.facts import Size


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen of a request before it is routed.

    `human` is the newest text a person wrote, peeled of what the client wrapped it
    in, and '' where there is none; `first_human` the first such text and `system` the
    start of the system text, both cut. `continues` says that results of tools came
    after the model last spoke.

    `tools` are the names of the tools offered, those of the provider among them;
    `forced_tool` says that one must be called. `thinking` and `structured` say that
    reasoning or output of a form is asked for, `output` is the most tokens the answer
    may have, None where the request does not say. `messages` counts turns.

    `tool_calls` are the last calls of tools in order, each a name and a digest of its
    arguments; `tool_errors` digests of the last results that tell of an error.
    `fingerprint` is the same for every request of one conversation, `tail` for every
    try of one turn. All digests are hexadecimal and tell nothing of the content.
    """

    human: str = ""
    first_human: str = ""
    system: str = ""
    continues: bool = False
    tools: tuple[str, ...] = ()
    forced_tool: bool = False
    images: bool = False
    documents: bool = False
    thinking: bool = False
    structured: bool = False
    stream: bool = False
    output: int | None = None
    messages: int = 0
    tool_calls: tuple[tuple[str, str], ...] = ()
    tool_errors: tuple[str, ...] = ()
    size: Size = field(default_factory=Size)
    fingerprint: str = ""
    tail: str = ""
