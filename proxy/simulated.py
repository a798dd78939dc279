"""Lets the practice provider answer through the codecs, labelled and recorded.

The same road a translated answer takes: events in the neutral language, written in the
client's own protocol. It calls nobody and opens no socket.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proxy.model import AnswerEnded, AnswerStarted, Usage, UsageReported
from proxy.practice import answer
from proxy.reading import Unreadable, read_call
from proxy.wire import CLIENT_CODEC_OF

if TYPE_CHECKING:
    from proxy.errors import Failure
    from proxy.journey import Journey
    from proxy.model import Event, Request
    from proxy.wire import ClientCodec

WORD_SECONDS = 0.008
"""The pace of simulated words: fast, yet seen to be streamed."""

_STREAM_HEADERS = (("content-type", "text/event-stream"), ("cache-control", "no-cache"))
_OK = 200


async def simulate(journey: Journey, created: int) -> Failure | None:
    """Answer the request of `journey`; `created` is Unix seconds.

    Returns how it failed: only a request that cannot be read fails.
    """
    x = journey.x
    codec = CLIENT_CODEC_OF[x.call.protocol]
    try:
        request = read_call(x.call, x.model, stream=x.stream)
    except Unreadable as problem:
        return problem.failure
    events = tuple(answer(request))
    for event in events:
        match event:
            case AnswerStarted(usage=Usage() as usage) | UsageReported(usage=usage):
                x.usage = x.usage.merged(usage)
            case AnswerEnded():
                x.usage = x.usage.merged(event.usage)
                x.stop_reason = event.stop
            case _:
                pass
    x.events = x.stream
    if x.events:
        await _stream(journey, codec, request, events, created)
    else:
        written = codec.write_answer(
            request, events, created=created, request_id=x.call.id
        )
        await _whole(journey, written.body)
    return None


async def _stream(
    journey: Journey,
    codec: ClientCodec,
    request: Request,
    events: tuple[Event, ...],
    created: int,
) -> None:
    x = journey.x
    writer = codec.stream_writer(request, created=created, request_id=x.call.id)
    await journey.start(_OK, _STREAM_HEADERS)
    for event in events:
        data = writer.write(event)
        if isinstance(event, AnswerEnded):
            await journey.settle(_OK, None)
        if data:
            await x.outlet.write(data)
            await asyncio.sleep(WORD_SECONDS)
    await x.outlet.end()


async def _whole(journey: Journey, body: bytes) -> None:
    headers = (
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
    )
    await journey.start(_OK, headers)
    await journey.settle(_OK, None)
    await journey.x.outlet.write(body)
    await journey.x.outlet.end()
