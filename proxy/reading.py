"""Reads a client's request into the neutral language, once somebody needs it read.

On the native lane nobody does. It keeps nothing: whoever asks holds the only copy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proxy.errors import Failure, FailureKind
from proxy.guard import Endpoint
from proxy.items import NotKept, expand
from proxy.model import Protocol
from proxy.wire import CLIENT_CODEC_OF, WireError
from proxy.wire.body import BodyProblem, text_field, top_level
from proxy.wire.gemini.client.count import read_count_request

if TYPE_CHECKING:
    from proxy.exchange import Call
    from proxy.items import ItemStore
    from proxy.model import Request


_PREVIOUS = b'"previous_response_id"'


class Unreadable(ValueError):
    """A request that cannot be read, or that refers to what is not kept here."""

    @property
    def failure(self) -> Failure:
        """The failure to tell the client."""
        return Failure(FailureKind.BAD_REQUEST, str(self))


def continued(call: Call) -> str | None:
    """Return the id of the answer that a call continues, None where it begins anew."""
    body = call.body.data
    if call.protocol is not Protocol.RESPONSES or _PREVIOUS not in body:
        return None
    try:
        return text_field(body, top_level(body), "previous_response_id")
    except BodyProblem:
        return None


def read_call(call: Call, model: str, *, stream: bool) -> Request:
    """Return what a call asks for; `model` and `stream` as the pipeline found them.

    Raises Unreadable with a sentence that names what is wrong.
    """
    counting = call.endpoint is Endpoint.COUNT_GEMINI
    codec = CLIENT_CODEC_OF[call.protocol]
    read = read_count_request if counting else codec.read_request
    try:
        request = read(call.body.data)
    except WireError as error:
        raise Unreadable(str(error)) from error
    if call.protocol is Protocol.GEMINI:
        # Both stand in the path, not in the body.
        return replace(request, model=model, stream=stream)
    return request


def read_whole(call: Call, model: str, items: ItemStore, *, stream: bool) -> Request:
    """Return what a call asks for, with what it refers to put in its place.

    Raises Unreadable, as `read_call` does, and where an answer it continues is gone.
    """
    try:
        return expand(read_call(call, model, stream=stream), items, call.client)
    except NotKept as problem:
        raise Unreadable(str(problem)) from None
