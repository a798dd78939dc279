"""Writes a neutral request for a Chat provider, as its dialect wants it; no I/O.

Shapes: `types/chat/completion_create_params.py` of the `openai` SDK 3.51.0. The same
request always gives the same bytes, and nothing changes its place: prompt caches
compare beginnings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from proxy.model import Json, Part, Protocol, Request, Text
from proxy.wire.chat.provider.messages import write_messages
from proxy.wire.chat.provider.options import (
    instruction,
    stream_options,
    write_options,
)
from proxy.wire.chat.provider.tools import write_tools
from proxy.wire.codec import Target, Written
from proxy.wire.losses import Noted

ANSWER_LOSSES: Final = {
    "audio": "field",
    "function_call": "field",
    "functions": "field",
    "logprobs": "logprobs",
    "modalities": "field",
    "moderation": "moderation",
    "top_logprobs": "logprobs",
}
"""Fields that are sent, but whose answer the neutral language has no word for."""


def _plain(value: object) -> object:
    """Make dictionaries of frozen mappings, as data files give them."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError  # for the encoder: it says which type it was


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain)


def write_request(request: Request, target: Target) -> Written:
    """Write the body of `POST /chat/completions` for a fitted request."""
    lost = Noted()
    dialect = target.dialect
    words = instruction(request.output_format, dialect, lost)
    system: tuple[Part, ...] = request.system
    if words is not None:
        system = (*system, Text(words))
    body: dict[str, Json] = {
        "model": target.model,
        "messages": write_messages(system, request.messages, dialect, lost),
    }
    body.update(write_tools(request, dialect, lost))
    body.update(write_options(request, target, lost))
    body.update(stream_options(request, target))
    if request.protocol is Protocol.CHAT:
        _put_back(body, request, lost)
    for name in dialect.never:
        if body.pop(name, None) is not None:
            lost.add("field")
    body.update(dialect.always)
    return Written(_ENCODER.encode(body), lost.losses)


def _put_back(body: dict[str, Json], request: Request, lost: Noted) -> None:
    """Add the fields nobody read; of several choices only one would be read."""
    for name, value in request.extras.items():
        if name == "n":
            if value not in {None, 1}:
                lost.add("field")
            continue
        if name not in body and name != "stream_options":
            body[name] = value
        if name in ANSWER_LOSSES and value not in (None, False):
            lost.add(ANSWER_LOSSES[name])
