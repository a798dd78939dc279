"""Changes of a provider's finished reply: servers that say the same in other ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from fidelity.terms import Json
from upstream import Reply, Seen, Step
from upstream.reply import json_reply, lines_reply, stream_reply

from proxy.model import Protocol

Change = Callable[[Reply], Reply]


def replaced(old: bytes, new: bytes) -> Change:
    """Every `old` in the body becomes `new`; a reply without one is an error."""
    return all_replaced([(old, new)])


def all_replaced(pairs: Sequence[tuple[bytes, bytes]]) -> Change:
    """Several at once; a reply without the first is an error."""

    def change(reply: Reply) -> Reply:
        assert pairs[0][0] in reply.body(), pairs[0][0]
        body = [each for each in reply.chunks if isinstance(each, bytes)]
        for old, new in pairs:
            body = [each.replace(old, new) for each in body]
        length = None if reply.length is None else sum(map(len, body))
        return replace(reply, chunks=tuple(body), length=length)

    return change


def shaped(
    protocol: Protocol, events: list[tuple[str, Json]], whole: Json
) -> Callable[[Seen], Step]:
    """An answer written by hand: its events where a stream is wanted, else whole."""

    def script(seen: Seen) -> Step:
        if not seen.stream:
            return json_reply(200, whole)
        if protocol is Protocol.OLLAMA:
            return lines_reply(json.dumps(data).encode() + b"\n" for _, data in events)
        named = protocol in {Protocol.MESSAGES, Protocol.RESPONSES}
        chunks = [
            (f"event: {name}\n".encode() if named else b"")
            + b"data: "
            + json.dumps(data).encode()
            + b"\n\n"
            for name, data in events
        ]
        if protocol is Protocol.CHAT:
            chunks.append(b"data: [DONE]\n\n")
        return stream_reply(chunks)

    return script
