"""Streams on bad roads, and requests that are large, packed, or given up."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import zstandard
from fidelity.case import Case
from fidelity.lane import SAID, Lane, Told
from fidelity.terms import WEATHER, Ask, Json, user
from upstream import Answer, Hold, Pause, Text, ToolCall
from upstream.failures import error_after
from upstream.reply import Reply, cut_after, drip
from upstream.spoilt import STREAMS, commented, two_starts, unknown_event

from proxy import delivery
from proxy.model import Protocol

LONG = Answer((Text("One two three four five six seven."),))
MIXED = Answer((Text("Zwölf \U0001f3db."), ToolCall.of("weather", city="Ålesund")))


async def _pieces(lane: Lane) -> None:
    told = await lane.ask(Ask(), LONG)
    assert lane.got(told).text == "One two three four five six seven."
    # Some events repeat the whole at the end; the others hold a word each.
    lines = [each for each in told.body.splitlines() if b"five six" not in each]
    for word in (b"One ", b"two ", b"six "):
        assert any(word in each for each in lines)


def _broken(lane: Lane, told: Told) -> None:
    """A stream that failed ends in an error and cannot be taken for complete."""
    name, data = _events(told.body)[-1]
    match lane.client:
        case Protocol.MESSAGES:
            assert (name, data["type"]) == ("error", "error")
        case Protocol.RESPONSES:
            assert data["type"] in {"response.failed", "error"}
        case _:
            assert "error" in data
            # Their clients read no error events: the connection tells them.
            assert not told.whole
    assert told.event is not None
    assert told.event.status == "error"


def _events(body: bytes) -> list[tuple[str | None, Json]]:
    found: list[tuple[str | None, Json]] = []
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = block.split(b"\n")
        name = next((e[7:].decode() for e in lines if e.startswith(b"event: ")), None)
        data = b"".join(e[6:] for e in lines if e.startswith(b"data: "))
        if data and data != b"[DONE]":
            found.append((name, json.loads(data)))
    return found


def _some(lane: Lane) -> int:
    """How many events hold the head and a few words."""
    return {Protocol.RESPONSES: 7, Protocol.MESSAGES: 5}.get(lane.provider, 4)


async def _cut(lane: Lane) -> None:
    some = _some(lane)
    told = await lane.ask(Ask(), replace(LONG, change=lambda it: cut_after(it, some)))
    _broken(lane, told)
    assert b"One" in told.body


async def _cut_bill(lane: Lane) -> None:
    lane.only("counts_last", providers="messages gemini")
    told = await lane.ask(Ask(), replace(LONG, change=lambda it: cut_after(it, 5)))
    assert told.event is not None
    assert told.event.status == "error"
    whole = (told.event.input_tokens or 0) + (told.event.cache_read_tokens or 0)
    assert whole == 1500


async def _errors_inside(lane: Lane) -> None:
    told = await lane.ask(Ask(), error_after(LONG, _some(lane)))
    _broken(lane, told)
    assert b"scripted failure" in told.body


async def _no_end(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(), STREAMS["no_end"](LONG))
    _broken(lane, told)


async def _bad_json(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(), STREAMS["bad_json"](LONG))
    if told.status == 200:
        _broken(lane, told)
    else:
        assert told.status >= 500


async def _starts(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(), two_starts(LONG))
    assert lane.got(told).text.endswith("two three four five six seven.")


async def _wrong_index(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(tools=(WEATHER,)), STREAMS["wrong_index"](LONG))
    assert told.status in {200, 502}
    if told.status == 200 and told.event and told.event.status == "success":
        lane.got(told)
    elif told.status == 200:
        _broken(lane, told)


async def _two_ends(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(), STREAMS["two_ends"](LONG))
    assert lane.got(told).text == "One two three four five six seven."


async def _page(lane: Lane) -> None:
    told = await lane.ask(Ask(), STREAMS["html_with_200"](LONG))
    assert told.status == 502
    assert b"<html" not in told.body
    assert told.event is not None
    assert told.event.status == "error"


async def _wrong_type(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(), STREAMS["wrong_type"](LONG))
    assert lane.got(told).text == "One two three four five six seven."


async def _not_streamed(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(), STREAMS["json_for_stream"](LONG))
    assert lane.got(told).text == "One two three four five six seven."


async def _noise(lane: Lane) -> None:
    lane.foreign()
    for script in (unknown_event(LONG), commented(LONG)):
        told = await lane.ask(Ask(), script)
        assert lane.got(told).text == "One two three four five six seven."


async def _bytewise(lane: Lane) -> None:
    told = await lane.ask(Ask(tools=(WEATHER,)), replace(MIXED, change=drip))
    _whole(lane, told)


def _whole(lane: Lane, told: Told) -> None:
    got = lane.got(told)
    assert got.text == "Zwölf \U0001f3db."
    assert got.calls[0].arguments == {"city": "Ålesund"}


async def _line_ends(lane: Lane) -> None:
    lane.foreign()

    def crlf(reply: Reply) -> Reply:
        chunks = [each for each in reply.chunks if isinstance(each, bytes)]
        body = b"".join(chunks).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        half = len(body) // 2
        return replace(reply, chunks=(body[:half], body[half:]))

    _whole(lane, await lane.ask(Ask(tools=(WEATHER,)), replace(MIXED, change=crlf)))


async def _many_lines(lane: Lane) -> None:
    lane.foreign()
    lane.only("one_line", providers="messages responses chat gemini")

    def split(reply: Reply) -> Reply:
        chunks = [
            each.replace(b"data: {", b"data: {\ndata: ")
            for each in reply.chunks
            if isinstance(each, bytes)
        ]
        return replace(reply, chunks=tuple(chunks))

    _whole(lane, await lane.ask(Ask(tools=(WEATHER,)), replace(MIXED, change=split)))


async def _pings(lane: Lane) -> None:
    lane.foreign()
    usual, delivery.PING_SECONDS = delivery.PING_SECONDS, 0.05
    try:

        def late(reply: Reply) -> Reply:
            return replace(reply, chunks=(Pause(0.2), *reply.chunks))

        told = await lane.ask(Ask(), replace(LONG, change=late))
    finally:
        delivery.PING_SECONDS = usual
    signs = told.body.count(b"ping") + told.body.count(b": keep")
    if lane.client is Protocol.GEMINI:
        # Its reader knows nothing but `data:`.
        assert signs == 0
    else:
        assert signs >= 1
    assert lane.got(told).text == "One two three four five six seven."


async def _gone(lane: Lane) -> None:
    def held(reply: Reply) -> Reply:
        return replace(reply, chunks=(*reply.chunks[: _some(lane)], Hold()))

    path, body = SAID[lane.client].request(Ask(), lane.model, stream=True)
    upstream, site = lane.world.upstream, lane.site
    upstream.push(replace(LONG, change=held))
    url = site.gateway.url + path
    data, headers = json.dumps(body).encode(), lane._headers()
    async with site.gateway.session.post(url, data=data, headers=headers) as answer:
        await answer.content.readany()
        answer.close()
    await upstream.until(lambda it: it.requests[-1].gone is not None)


async def _large(lane: Lane) -> None:
    text = "Zeile \N{LINE SEPARATOR} " * 120_000
    told = await lane.ask(Ask((user(text),)))
    assert told.seen is not None
    assert len(told.seen.body) > 1_000_000
    assert told.heard.turns[0].text == text


async def _packed(lane: Lane) -> None:
    path, body = SAID[lane.client].request(Ask(), lane.model, stream=False)
    raw = json.dumps(body).encode()
    for coding, data in (
        ("gzip", gzip.compress(raw, mtime=0)),
        ("zstd", zstandard.compress(raw)),
    ):
        told = await lane.send(path, data, content_encoding=coding)
        assert told.status == 200, told.body
        assert told.heard.turns[-1].text == "Hello."


async def _upgrade(lane: Lane) -> None:
    lane.only("no_websocket", clients="responses")
    site = lane.site
    headers = {**lane._headers(), "connection": "upgrade", "upgrade": "websocket"}
    url = f"{site.gateway.url}/v1/responses"
    async with site.gateway.session.get(url, headers=headers) as answer:
        assert answer.status == 426


CASES = (
    Case("streamed_pieces", "Words go out as they come in.", _pieces, streams=True),
    Case(
        "37_cut_stream", "A cut stream cannot be taken for whole.", _cut, streams=True
    ),
    Case("stream_fail_billing", "What was seen is billed.", _cut_bill, streams=True),
    Case(
        "error_event", "An error inside a stream is told.", _errors_inside, streams=True
    ),
    Case("stream_truncation", "An end without end is an error.", _no_end, streams=True),
    Case("broken_event", "A broken event is an error.", _bad_json, streams=True),
    Case("38_two_starts", "A second start does no harm.", _starts, streams=True),
    Case("wrong_index", "Pieces of no part do no harm.", _wrong_index, streams=True),
    Case("two_ends", "Words behind the end are not said.", _two_ends, streams=True),
    Case("html_with_200", "A page is no answer.", _page, streams=True),
    Case("wrong_type", "A wrong media type does no harm.", _wrong_type, streams=True),
    Case("json_for_stream", "A whole answer is streamed.", _not_streamed, streams=True),
    Case(
        "unknown_events",
        "Comments and unknown events do no harm.",
        _noise,
        streams=True,
    ),
    Case("42_bytewise", "Characters may be cut anywhere.", _bytewise, streams=True),
    Case("42_line_ends", "Lines may end in CR LF.", _line_ends, streams=True),
    Case("42_many_lines", "An event may have many lines.", _many_lines, streams=True),
    Case("39_ping", "A slow provider does not look dead.", _pings, streams=True),
    Case("40_gone", "A client that leaves ends the call.", _gone, streams=True),
    Case("41_large", "A body of a megabyte arrives.", _large, streams=False),
    Case("41_packed", "Packed requests are read.", _packed, streams=False),
    Case("34_websocket", "An upgrade is refused at once.", _upgrade, streams=False),
)
