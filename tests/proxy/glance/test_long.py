"""A long body shows what a short one would, and is not read whole for it."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest

from proxy.glance import Glance, glance, lenient, long
from proxy.model import Protocol

TURNS = 1_500
FILLER = "the quick brown fox jumps over it " * 30
PICTURE = "iVBORw0KGgo" * 200

Shown = tuple[Protocol, str, Any, Any]


def _said(protocol: Protocol, role: str, text: str) -> dict[str, Any]:
    if protocol is Protocol.GEMINI:
        who = "model" if role == "assistant" else role
        return {"role": who, "parts": [{"text": text}]}
    return {"role": role, "content": text}


def _picture(protocol: Protocol) -> dict[str, Any]:
    parts: dict[Protocol, Any] = {
        Protocol.MESSAGES: {"type": "image", "source": {"data": PICTURE}},
        Protocol.CHAT: {"type": "image_url", "image_url": {"url": PICTURE}},
        Protocol.RESPONSES: {"type": "input_image", "image_url": PICTURE},
        Protocol.GEMINI: {"inlineData": {"mimeType": "image/png", "data": PICTURE}},
    }
    held = "parts" if protocol is Protocol.GEMINI else "content"
    return {"role": "user", held: [parts[protocol]]}


FIELDS = {
    Protocol.MESSAGES: "messages",
    Protocol.CHAT: "messages",
    Protocol.RESPONSES: "input",
    Protocol.GEMINI: "contents",
}


def _body(protocol: Protocol, **changed: Any) -> bytes:
    """A long conversation; `changed` replaces turns by number."""
    turns = [
        _said(protocol, "assistant" if at % 2 else "user", f"{at} {FILLER}")
        for at in range(TURNS)
    ]
    turns.append(_said(protocol, "user", "Rename the variable."))
    for at, turn in changed.items():
        turns[int(at.removeprefix("at_"))] = turn
    return json.dumps({FIELDS[protocol]: turns}).encode()


def _whole(protocol: Protocol, body: bytes) -> Glance:
    with patch.object(long, "LONG_BODY", len(body) + 1):
        return glance(protocol, body)


@pytest.mark.parametrize("protocol", FIELDS)
def test_a_long_body_shows_what_the_whole_would(protocol: Protocol) -> None:
    body = _body(protocol, at_700=_picture(protocol))
    assert len(body) > long.LONG_BODY
    seen = glance(protocol, body)
    assert seen == _whole(protocol, body)
    assert seen.human == "Rename the variable."
    assert (seen.images, seen.messages) == (True, TURNS + 1)


@pytest.mark.parametrize("protocol", FIELDS)
def test_what_lies_between_is_not_decoded(protocol: Protocol) -> None:
    body = _body(protocol, at_700={"role": 7})
    assert glance(protocol, body).messages == TURNS + 1
    assert _whole(protocol, body).messages == TURNS


@pytest.mark.parametrize("protocol", FIELDS)
@pytest.mark.parametrize("turns", ["7", '"text"', "null", '{"a":1}', "[[[[", "[1,2,3]"])
def test_what_is_no_conversation_shows_nothing_that_a_whole_look_would_not(
    protocol: Protocol, turns: str
) -> None:
    body = f'{{"{FIELDS[protocol]}": {turns}, "x": "{"a" * long.LONG_BODY}"}}'.encode()
    seen, whole = glance(protocol, body), _whole(protocol, body)
    assert (seen.human, seen.images) == (whole.human, whole.images)
    assert (seen.tool_calls, seen.continues) == (whole.tool_calls, whole.continues)


def test_no_more_than_so_many_turns_are_decoded() -> None:
    pictures = {
        f"at_{at}": _picture(Protocol.MESSAGES) for at in range(20, TURNS - 300)
    }
    body = _body(Protocol.MESSAGES, **pictures)
    seen = glance(Protocol.MESSAGES, body)
    assert seen.images
    with patch.object(lenient, "read", wraps=lenient.read) as read:
        glance(Protocol.MESSAGES, body)
    assert read.call_count <= 16 + 200 + 400 + 10
