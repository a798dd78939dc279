"""Marks that only the client's protocol knows stay at home, or are named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from proxy.model import Protocol, Request
from proxy.translation.fit import Fitted, fit
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS

_ASK: dict[str, Any] = {"role": "user", "content": "hi"}


def _read(protocol: Protocol, *messages: dict[str, Any], **more: Any) -> Request:
    name = "input" if protocol is Protocol.RESPONSES else "messages"
    shape = {"model": "m", name: messages, **more}
    if protocol is Protocol.MESSAGES:
        shape["max_tokens"] = 99
    return CLIENT_CODEC_OF[protocol].read_request(msgspec.json.encode(shape))


def _target(protocol: Protocol, model: str = "m", **flags: Any) -> Target:
    dialect = replace(VENDOR_DIALECTS[protocol], **flags)
    return Target(protocol, "there", model, dialect)


def _written(request: Request, target: Target) -> tuple[Any, Fitted]:
    fitted = fit(request, target)
    written = PROVIDER_CODEC_OF[target.protocol].write_request(fitted.request, target)
    return json.loads(written.body), fitted


def _phase(word: str | None) -> dict[str, Any]:
    part = {"type": "output_text", "text": "so", "annotations": [], "logprobs": []}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
    return {**said, "status": "completed", **({"phase": word} if word else {})}


def _call(**more: Any) -> dict[str, Any]:
    call = {"type": "tool_use", "id": "t1", "name": "run", "input": {}, **more}
    return {"role": "assistant", "content": [call]}


_DIRECT = {"type": "direct"}
_RESULT = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "ok"}],
}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (_read(Protocol.RESPONSES, _ASK, _phase("commentary"), _ASK), "phase"),
        (_read(Protocol.RESPONSES, _ASK, _phase(None), _ASK), None),
        (_read(Protocol.MESSAGES, _ASK, _call(toolset_name="x"), _RESULT), "toolset"),
        (
            _read(Protocol.MESSAGES, _ASK, _call(caller={"type": "direct"}), _RESULT),
            None,
        ),
    ],
)
def test_marks_that_say_something_are_named(
    request_: Request, words: str | None
) -> None:
    fitted = fit(request_, _target(Protocol.CHAT))
    details = [loss.detail for loss in fitted.losses if loss.name == "part_options"]
    assert len(details) == (words is not None)
    assert all(str(words) in each for each in details)
    home = fit(request_, _target(request_.protocol))
    assert home.losses == ()


def test_all_that_a_cache_mark_says_stays_at_home() -> None:
    mark = {"type": "ephemeral", "ttl": "1h", "scope": "global"}
    part = {"type": "text", "text": "hi", "cache_control": mark}
    request = _read(Protocol.MESSAGES, {"role": "user", "content": [part]})
    body, _ = _written(request, _target(Protocol.MESSAGES))
    assert body["messages"][0]["content"][0]["cache_control"] == mark


_TOOLS = [
    {
        "type": "function",
        "function": {"name": "run", "parameters": {"type": "object", "properties": {}}},
    }
]
_FORM = {
    "type": "json_schema",
    "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}},
}


@pytest.mark.parametrize(
    ("protocol", "model", "enforced"),
    [
        (Protocol.OLLAMA, "qwen3", False),
        (Protocol.GEMINI, "gemini-2.5-pro", False),
        (Protocol.GEMINI, "gemini-3-pro", True),
        (Protocol.MESSAGES, "claude-x", True),
        (Protocol.RESPONSES, "gpt-x", True),
    ],
)
def test_a_form_leaves_room_for_calls(
    protocol: Protocol, model: str, enforced: bool
) -> None:
    alone = _read(Protocol.CHAT, _ASK, response_format=_FORM)
    _, fitted = _written(alone, _target(protocol, model))
    assert fitted.losses == ()
    both = _read(Protocol.CHAT, _ASK, response_format=_FORM, tools=_TOOLS)
    body, fitted = _written(both, _target(protocol, model))
    assert (fitted.request.output_format is not None) is enforced
    assert [each.name for each in fitted.losses] == (
        [] if enforced else ["output_format"]
    )
    assert body["tools"]
    assert "JSON" in json.dumps(body) or enforced


def test_tools_added_later_fit_the_server_too() -> None:
    added = {
        "type": "additional_tools",
        "tools": [
            {
                "type": "namespace",
                "name": "fs",
                "description": "Files.",
                "tools": [
                    {
                        "type": "function",
                        "name": "open",
                        "parameters": {},
                        "strict": False,
                    }
                ],
            },
            {"type": "custom", "name": "patch"},
        ],
    }
    request = _read(Protocol.RESPONSES, _ASK, added)
    home, _ = _written(request, _target(Protocol.RESPONSES))
    assert home["input"][1]["tools"][0]["type"] == "namespace"
    target = _target(Protocol.RESPONSES, custom_tools=False, namespaces=False)
    body, fitted = _written(request, target)
    tools = body["input"][1]["tools"]
    assert [(each["type"], each["name"]) for each in tools] == [
        ("function", "fs__open"),
        ("function", "patch"),
    ]
    assert {each.name for each in fitted.losses} == {"custom_tool"}
