"""A server that deviates gets what it takes, in the client's own protocol."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from neutral_requests import CLIENTS, requests
from sdk_types import request_problems

from proxy.catalogue import known_providers
from proxy.model import Protocol, Request
from proxy.translation.fit import fit
from proxy.translation.needs import obstacles
from proxy.translation.strays import USES, untaken
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF
from proxy.wire.codec import Target
from proxy.wire.dialect import (
    VENDOR_DIALECTS,
    Dialect,
    FormatWord,
    ReasoningWord,
    Schemas,
    StrictTools,
)

_DEVIATING = [
    (provider.id, protocol, dialect)
    for provider in known_providers().values()
    for protocol, dialect in provider.dialects.items()
    if protocol in CLIENTS
]


def _read(protocol: Protocol, body: bytes) -> Request:
    return CLIENT_CODEC_OF[protocol].read_request(body)


def _sent(request: Request, dialect: Dialect, *, most: int | None = None) -> bytes:
    """The body that the translation makes for this server."""
    protocol = request.protocol
    target = Target(protocol, "there", "model-x", dialect, max_output=most)
    fitted = fit(request, target).request
    return PROVIDER_CODEC_OF[protocol].write_request(fitted, target).body


def test_every_flag_is_decided() -> None:
    assert set(USES) == {each.name for each in fields(Dialect)}


@pytest.mark.parametrize("protocol", CLIENTS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_vendor_takes_all_of_its_own(protocol: Protocol, data: st.DataObject) -> None:
    request = data.draw(requests(protocol))
    assert untaken(request, VENDOR_DIALECTS[protocol]) == ()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_written_for_a_server_is_taken_there(data: st.DataObject) -> None:
    _, protocol, dialect = data.draw(st.sampled_from(_DEVIATING))
    request = data.draw(requests(protocol))
    assume(not obstacles(request, protocol, dialect))
    body = _sent(request, dialect)
    # A server's own word for a forced call is none of the protocol's.
    vendors = VENDOR_DIALECTS[protocol].required_word
    forced = f'"tool_choice":"{dialect.required_word}"'.encode()
    spelt = dialect.required_word != vendors and forced in body
    if spelt:
        body = body.replace(forced, f'"tool_choice":"{vendors}"'.encode())
    again = _read(protocol, body)
    found = untaken(again, dialect, json.loads(body).keys())
    assert found == (("required_word",) if spelt else ())


# --- each flag ------------------------------------------------------------------------

_ASK = {"role": "user", "content": "hi"}
_FUNCTION = {"name": "run", "parameters": {"type": "object", "$ref": "#/x"}}
_CHAT_TOOL = {"type": "function", "function": _FUNCTION}
_TURN = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {
            "id": "call-1",
            "type": "function",
            "function": {"name": "run_" + "x" * 40, "arguments": "{}"},
        }
    ],
}
_RESULT = {"role": "tool", "tool_call_id": "call-1", "content": "done"}
_IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
_FILE = {"type": "file", "file": {"file_id": "file-1"}}


def _said(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


_WORDS = {"type": "text", "text": "a"}

_CHAT: list[tuple[str, Any, dict[str, Any]]] = [
    ("developer_role", False, {"messages": [{"role": "developer", "content": "x"}]}),
    (
        "system_anywhere",
        False,
        {"messages": [_ASK, {"role": "system", "content": "x"}, _ASK]},
    ),
    ("message_names", False, {"messages": [{**_ASK, "name": "ann"}]}),
    ("user_after_tool", False, {"messages": [_ASK, _TURN, _RESULT, _ASK]}),
    ("prefill", False, {"messages": [_ASK, {"role": "assistant", "content": "So"}]}),
    ("text_parts", False, {"messages": _said(_WORDS, _WORDS)}),
    ("null_content", False, {"messages": [_ASK, _TURN, _RESULT]}),
    (
        "refusals",
        False,
        {"messages": [_ASK, {"role": "assistant", "refusal": "no"}, _ASK]},
    ),
    ("limit_field", "max_tokens", {"max_completion_tokens": 9}),
    ("stop_limit", 1, {"stop": ["a", "b"]}),
    ("seed_field", "random_seed", {"seed": 1}),
    ("sampling", False, {"temperature": 0.5}),
    ("least_temperature", 0.1, {"temperature": 0}),
    ("tools", False, {"tools": [_CHAT_TOOL]}),
    ("custom_tools", False, {"tools": [{"type": "custom", "custom": {"name": "p"}}]}),
    ("strict_tools", StrictTools.ALWAYS, {"tools": [_CHAT_TOOL]}),
    (
        "strict_tools",
        StrictTools.NEVER,
        {"tools": [{"type": "function", "function": {**_FUNCTION, "strict": True}}]},
    ),
    ("schemas", Schemas.PLAIN, {"tools": [_CHAT_TOOL]}),
    ("name_length", 20, {"messages": [_ASK, _TURN, _RESULT]}),
    ("call_id_length", 9, {"messages": [_ASK, _TURN, _RESULT]}),
    ("parallel_switch", False, {"parallel_tool_calls": False}),
    (
        "forced_tool",
        False,
        {
            "tool_choice": {"type": "function", "function": {"name": "run"}},
            "tools": [_CHAT_TOOL],
        },
    ),
    ("tools_off", False, {"tool_choice": "none", "tools": [_CHAT_TOOL]}),
    (
        "allowed_tools",
        False,
        {
            "tools": [_CHAT_TOOL],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [{"type": "function", "function": {"name": "run"}}],
                },
            },
        },
    ),
    ("images", False, {"messages": _said(_IMAGE)}),
    ("image_urls", False, {"messages": _said(_IMAGE)}),
    ("file_ids", False, {"messages": _said(_FILE)}),
    ("documents", False, {"messages": _said(_FILE)}),
    ("reasoning", ReasoningWord.NONE, {"reasoning_effort": "low"}),
    ("reasoning", ReasoningWord.THINKING, {"reasoning_effort": "low"}),
    ("efforts", ("high",), {"reasoning_effort": "low"}),
    (
        "output_format",
        FormatWord.OBJECT,
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "a", "schema": {}},
            }
        },
    ),
    ("output_format", FormatWord.NONE, {"response_format": {"type": "json_object"}}),
    (
        "stream_usage",
        False,
        {"stream": True, "stream_options": {"include_usage": True}},
    ),
    ("cache_key", False, {"prompt_cache_key": "k"}),
    ("verbosity", False, {"verbosity": "low"}),
    ("labels", False, {"metadata": {"a": "b"}}),
    ("user", False, {"user": "u"}),
    ("never", ("logit_bias",), {"logit_bias": {"1": 1}}),
    ("always", {"provider": {"sort": "price"}}, {}),
]


@pytest.mark.parametrize(("flag", "value", "more"), _CHAT)
def test_what_runs_into_a_flag_is_mended(
    flag: str, value: Any, more: dict[str, Any]
) -> None:
    protocol = Protocol.CHAT
    shape: dict[str, Any] = {"model": "m", "messages": [_ASK], **more}
    request = _read(protocol, msgspec.json.encode(shape))
    dialect = replace(VENDOR_DIALECTS[protocol], **{flag: value})
    assert untaken(request, VENDOR_DIALECTS[protocol], shape) == ()
    assert untaken(request, dialect, shape) == (flag,)
    body = _sent(request, dialect)
    assert untaken(_read(protocol, body), dialect, json.loads(body)) == ()


def test_another_word_for_any_call_is_said() -> None:
    shape = {"model": "m", "messages": [_ASK], "tools": [_CHAT_TOOL]}
    shape["tool_choice"] = "required"
    request = _read(Protocol.CHAT, msgspec.json.encode(shape))
    dialect = replace(VENDOR_DIALECTS[Protocol.CHAT], required_word="any")
    assert untaken(request, dialect, shape) == ("required_word",)
    assert json.loads(_sent(request, dialect))["tool_choice"] == "any"


def test_a_plain_request_is_taken_everywhere() -> None:
    for _, protocol, dialect in _DEVIATING:
        if protocol is Protocol.RESPONSES:
            shape: dict[str, Any] = {"model": "m", "input": "hi", "stream": True}
        else:
            shape = {"model": "m", "messages": [_ASK]}
        if protocol is Protocol.MESSAGES:
            shape["max_tokens"] = 9
        request = _read(protocol, msgspec.json.encode(shape))
        assert untaken(request, dialect, shape) == ()


# --- Codex on a server of Responses ---------------------------------------------------

_CODEX: dict[str, Any] = {
    "model": "gpt-x",
    "instructions": "You are a coding agent.",
    "input": [
        {
            "type": "message",
            "role": "developer",
            "content": [{"type": "input_text", "text": "rules"}],
        },
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "mend it"}],
        },
        {
            "type": "custom_tool_call",
            "call_id": "call_1",
            "name": "apply_patch",
            "input": "*** Begin Patch",
        },
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": "Done"},
        {
            "type": "function_call",
            "call_id": "call_2",
            "name": "spawn",
            "namespace": "agents",
            "arguments": "{}",
        },
        {"type": "function_call_output", "call_id": "call_2", "output": "ok"},
    ],
    "tools": [
        {
            "type": "function",
            "name": "shell",
            "description": "Runs.",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        },
        {
            "type": "custom",
            "name": "apply_patch",
            "description": "Patches.",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"},
        },
        {
            "type": "namespace",
            "name": "agents",
            "description": "Helpers.",
            "tools": [
                {
                    "type": "function",
                    "name": "spawn",
                    "parameters": {"type": "object", "properties": {}},
                    "strict": False,
                }
            ],
        },
        {"type": "web_search"},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "0199-session",
    "client_metadata": {"x": "y"},
}


@pytest.mark.parametrize(
    ("provider", "dialect"),
    [(name, d) for name, p, d in _DEVIATING if p is Protocol.RESPONSES],
)
def test_codex_works_where_there_are_only_functions(
    provider: str, dialect: Dialect
) -> None:
    request = _read(Protocol.RESPONSES, msgspec.json.encode(_CODEX))
    found = untaken(request, dialect, _CODEX)
    assert {"custom_tools", "namespaces"} <= set(found), provider
    assert obstacles(request, Protocol.RESPONSES, dialect) == ()
    body = _sent(request, dialect)
    assert (
        request_problems(Protocol.RESPONSES, body, frozenset({"client_metadata"})) == []
    )
    sent = json.loads(body)
    assert untaken(_read(Protocol.RESPONSES, body), dialect, sent) == ()
    tools = {each.get("name"): each["type"] for each in sent["tools"]}
    assert tools == {
        "shell": "function",
        "apply_patch": "function",
        "agents__spawn": "function",
        None: "web_search",
    }
    assert sent["client_metadata"] == {"x": "y"}
    called = [each for each in sent["input"] if each["type"] == "function_call"]
    assert [each["name"] for each in called] == ["apply_patch", "agents__spawn"]
    assert json.loads(called[0]["arguments"]) == {"input": "*** Begin Patch"}


def test_allowed_tools_that_became_functions_are_those_left() -> None:
    allowed = {"type": "allowed_tools", "mode": "required"}
    choice = {**allowed, "tools": [{"type": "custom", "name": "apply_patch"}]}
    shape = {**_CODEX, "tool_choice": choice}
    request = _read(Protocol.RESPONSES, msgspec.json.encode(shape))
    vendor = VENDOR_DIALECTS[Protocol.RESPONSES]
    assert json.loads(_sent(request, vendor))["tool_choice"] == choice
    sent = json.loads(_sent(request, replace(vendor, custom_tools=False)))
    functions = [each["name"] for each in sent["tools"] if each["type"] == "function"]
    assert functions == ["apply_patch"]
    assert sent["tool_choice"] == "required"


# --- within one's own protocol nothing else changes -----------------------------------


@pytest.mark.parametrize("protocol", CLIENTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_for_the_vendor_s_own_dialect_a_request_stays_the_same(
    protocol: Protocol, data: st.DataObject
) -> None:
    first = data.draw(requests(protocol))
    target = Target(protocol, "there", first.model, VENDOR_DIALECTS[protocol])
    write = PROVIDER_CODEC_OF[protocol].write_request
    target = replace(target, stream=first.stream)
    # As its own client would have sent it, so that all that it has was once read.
    request = _read(protocol, write(fit(first, target).request, target).body)
    fitted = fit(request, target)
    body = write(fitted.request, target).body
    assert _read(protocol, body) == request
    assert fitted.losses == ()
