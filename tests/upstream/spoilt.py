"""Answers of a provider whose stream is wrong, in any protocol; each is a script.

What breaks the connection itself stands in `upstream.reply`, what is no answer at all
in `upstream.failures`.
"""

import json
from collections.abc import Callable
from dataclasses import replace

from upstream.failures import HTML
from upstream.record import Ask, Seen
from upstream.reply import Hold, Pause, Reply, body_reply
from upstream.turns import Answer, Script, Step, Text

Chunks = tuple[bytes | Pause | Hold, ...]
Change = Callable[[Seen, Chunks], Chunks]


def bad_json(answer: Answer, after: int = 2) -> Script:
    """An event in the middle whose JSON breaks off."""
    broken = b'{"type": "content_block_delta", "choices": [{"del'
    return _changed(
        answer, lambda seen, all_: _with(all_, after, _framed(seen, broken))
    )


def not_an_object(answer: Answer, after: int = 2) -> Script:
    """An event in the middle that is sound JSON and no object."""
    return _changed(
        answer, lambda seen, all_: _with(all_, after, _framed(seen, b"[1]"))
    )


def unknown_event(answer: Answer, after: int = 2) -> Script:
    """An event of a kind nobody knows; it must be passed over."""
    data = b'{"type": "response.sparkle", "object": "sparkle", "colour": "red"}'
    return _changed(answer, lambda seen, all_: _with(all_, after, _framed(seen, data)))


def commented(answer: Answer) -> Script:
    """Comments before every event, as servers send to keep a line open."""

    def change(seen: Seen, chunks: Chunks) -> Chunks:
        if seen.ask is Ask.OLLAMA:
            return tuple(b"\n" + _bytes(chunk) for chunk in chunks)
        return tuple(b": PROCESSING\n\n" + _bytes(chunk) for chunk in chunks)

    return _changed(answer, change)


def no_end(answer: Answer) -> Script:
    """Everything but the protocol's last word, then a clean end of the body."""

    def change(seen: Seen, chunks: Chunks) -> Chunks:
        if seen.ask is Ask.CHAT:
            # [DONE] alone may be missing; the finish must be gone as well.
            return tuple(
                chunk for chunk in chunks[:-1] if b'_reason": "' not in _bytes(chunk)
            )
        return chunks[:-1]

    return _changed(answer, change)


def two_ends(answer: Answer) -> Script:
    """The last event twice, and words behind it."""

    def change(seen: Seen, chunks: Chunks) -> Chunks:
        return (*chunks, chunks[-1], *chunks[-3:])

    return _changed(answer, change)


def two_starts(answer: Answer) -> Script:
    """The first event twice."""
    return _changed(answer, lambda _, chunks: (chunks[0], *chunks))


def wrong_index(answer: Answer, index: int = 7) -> Script:
    """Pieces that say they belong to a part nobody began."""

    def change(seen: Seen, chunks: Chunks) -> Chunks:
        return tuple(_moved(_bytes(chunk), seen, index) for chunk in chunks)

    return _changed(answer, change)


def huge_event(size: int) -> Script:
    """An answer with one event of more than `size` bytes."""

    def script(seen: Seen) -> Step:
        return Answer((Text("x" * size),))

    return script


def html_with_200(answer: Answer) -> Script:
    """A page of some machine before the provider, with the status of success."""
    return lambda seen: body_reply(200, HTML, "text/html; charset=utf-8")


def wrong_type(answer: Answer, kind: str = "text/plain") -> Script:
    """A sound answer under a media type that is not its own."""

    def spoil(seen: Seen, reply: Reply) -> Reply:
        others = [pair for pair in reply.headers if pair[0] != "content-type"]
        return replace(reply, headers=(("content-type", kind), *others))

    return _spoilt(answer, spoil)


def json_for_stream(answer: Answer) -> Script:
    """One JSON object where a stream was asked for."""

    def script(seen: Seen) -> Step:
        from upstream.server import render

        plain = json.dumps(seen.json | {"stream": False}).encode()
        target = seen.target.replace(":streamGenerateContent", ":generateContent")
        return render(answer, replace(seen, body=plain, target=target))

    return script


STREAMS: dict[str, Callable[[Answer], Script]] = {
    "bad_json": bad_json,
    "not_an_object": not_an_object,
    "unknown_event": unknown_event,
    "commented": commented,
    "no_end": no_end,
    "two_ends": two_ends,
    "two_starts": two_starts,
    "wrong_index": wrong_index,
    "html_with_200": html_with_200,
    "wrong_type": wrong_type,
    "json_for_stream": json_for_stream,
}


def _changed(answer: Answer, change: Change) -> Script:
    def spoil(seen: Seen, reply: Reply) -> Reply:
        return replace(reply, chunks=change(seen, reply.chunks))

    return _spoilt(answer, spoil)


def _spoilt(answer: Answer, spoil: Callable[[Seen, Reply], Reply]) -> Script:
    return lambda seen: replace(answer, change=lambda reply: spoil(seen, reply))


def _with(chunks: Chunks, at: int, more: bytes) -> Chunks:
    return (*chunks[:at], more, *chunks[at:])


def _framed(seen: Seen, data: bytes) -> bytes:
    if seen.ask is Ask.OLLAMA:
        return data + b"\n"
    named = seen.ask in {Ask.MESSAGES, Ask.RESPONSES}
    return (b"event: sparkle\n" if named else b"") + b"data: " + data + b"\n\n"


def _moved(chunk: bytes, seen: Seen, index: int) -> bytes:
    """The pieces of a chunk moved to another part; begins and ends stay."""
    number = b"%d" % index
    if seen.ask is Ask.MESSAGES and b"content_block_delta" in chunk:
        return _replaced(chunk, b'"index": ', number)
    if seen.ask is Ask.RESPONSES and b".delta" in chunk:
        return _replaced(chunk, b'"output_index": ', number)
    if seen.ask is Ask.CHAT and b"tool_calls" in chunk and b'"id": "call' not in chunk:
        return _replaced(chunk, b'"tool_calls": [{"index": ', number)
    if seen.ask is Ask.GEMINI:
        return _replaced(chunk, b'"index": ', number)
    return chunk


def _replaced(chunk: bytes, word: bytes, number: bytes) -> bytes:
    before, found, after = chunk.partition(word)
    return before + found + number + after.lstrip(b"0123456789") if found else chunk


def _bytes(chunk: bytes | Pause | Hold) -> bytes:
    return chunk if isinstance(chunk, bytes) else b""
