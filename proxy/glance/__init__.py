"""A quick look at a request's body: what routing needs to know, and no more.

It checks nothing, keeps nothing and never raises; what cannot be read counts as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from proxy.glance import chat, gemini, messages, responses
from proxy.glance.envelopes import Envelopes, shipped_envelopes
from proxy.glance.gathering import first_human, newest, system_start
from proxy.glance.lenient import digest
from proxy.glance.seen import Glance
from proxy.glance.size import estimate
from proxy.glance.turn import Outline
from proxy.model import Protocol

__all__ = ["Envelopes", "Glance", "glance", "shipped_envelopes"]

_OUTLINES: Final[Mapping[Protocol, Callable[[bytes], Outline]]] = MappingProxyType(
    {
        Protocol.MESSAGES: messages.outline,
        Protocol.RESPONSES: responses.outline,
        Protocol.CHAT: chat.outline,
        Protocol.GEMINI: gemini.outline,
        Protocol.OLLAMA: chat.outline,
    }
)
_SYSTEM_SHARE: Final = 1_000


def glance(
    protocol: Protocol,
    body: bytes,
    *,
    path_stream: bool = False,
    envelopes: Envelopes | None = None,
) -> Glance:
    """Look at the body of a request.

    `path_stream` says that the path asks for a stream, as Gemini's does. `envelopes`
    are what clients wrap people's words in, None for all that Turnout knows.

    Any bytes will do: a body that is no request gives a `Glance` that shows nothing.
    """
    wraps = shipped_envelopes() if envelopes is None else envelopes
    outline = _OUTLINES[protocol](body)
    last = newest(outline, wraps)
    first = first_human(outline, wraps)
    system = system_start(outline, wraps)
    seen = Glance(
        human=last.human,
        first_human=first,
        system=system,
        continues=last.continues,
        tools=outline.tools,
        forced_tool=outline.forced_tool,
        images=outline.media.images,
        documents=outline.media.documents,
        thinking=outline.thinking,
        structured=outline.structured,
        stream=outline.stream or path_stream,
        output=outline.output,
        messages=outline.count,
        tool_calls=last.calls,
        tool_errors=last.errors,
        size=estimate(body, outline.media, outline.count),
    )
    if not outline.count:
        return seen
    return replace(
        seen,
        fingerprint=digest(system[:_SYSTEM_SHARE], first),
        tail=digest(str(outline.count), outline.last),
    )
