"""A glance sees what routing needs, whatever the protocol, and never raises."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.glance import Envelopes, Glance, glance, shipped_envelopes
from proxy.glance.envelopes import peel, read_envelopes
from proxy.glance.failed import tells_of_error
from proxy.model import Protocol

_PICTURE = "iVBORw0KGgo" * 20_000
_KEYS = st.sampled_from(
    [
        *("messages", "role", "content", "type", "text", "system", "tools", "name"),
        *("input", "instructions", "contents", "parts", "tool_choice", "stream"),
        *("max_tokens", "thinking", "generationConfig", "functionCall", "tool_calls"),
        *("tool_result", "output", "systemInstruction", "reasoning", "source"),
    ]
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(["user", "assistant", "text", "tool_use", "tool_result", "\ud7ff"]),
    st.text(max_size=12),
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=6)
    ),
    max_leaves=25,
)
_PROTOCOLS = st.sampled_from(list(Protocol))


def _messages(*messages: dict[str, Any], **more: Any) -> Glance:
    body = {"model": "m", "messages": messages, **more}
    return glance(Protocol.MESSAGES, json.dumps(body).encode())


def _user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _use(name: str, **arguments: Any) -> dict[str, Any]:
    use = {"type": "tool_use", "id": "t1", "name": name, "input": arguments}
    return {"role": "assistant", "content": [use]}


def _result(content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "t1", "content": content, **more}


@given(_PROTOCOLS, st.binary(max_size=200))
def test_any_bytes_will_do(protocol: Protocol, body: bytes) -> None:
    assert isinstance(glance(protocol, body), Glance)


@given(_PROTOCOLS, st.dictionaries(_KEYS, _JSON, max_size=8))
def test_any_json_will_do(protocol: Protocol, body: dict[str, Any]) -> None:
    assert isinstance(glance(protocol, json.dumps(body).encode()), Glance)


@pytest.mark.parametrize("protocol", list(Protocol))
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 100_000,
        b'{"messages":' + b"[" * 100_000,
        b'{"messages":[{"role":"user","content":"\xff\xfe"}]}',
        b'{"messages":[{"role":"user","content":"\\ud800"}]}',
        b"null",
    ],
)
def test_broken_bodies_show_nothing(protocol: Protocol, body: bytes) -> None:
    seen = glance(protocol, body)
    assert (seen.human, seen.tools, seen.continues) == ("", (), False)


def test_one_field_of_a_wrong_type_hides_only_itself() -> None:
    seen = _messages(
        _user(_text("hello")), {"role": 7}, _user(_text("again")), max_tokens="many"
    )
    assert (seen.human, seen.first_human, seen.output) == ("again", "hello", None)


def test_a_messages_request_is_seen_whole() -> None:
    seen = _messages(
        _user(_text("<system-reminder>a note</system-reminder>"), _text("fix it")),
        {"role": "system", "content": "the folder is clean"},
        _use("Bash", command="make"),
        _user(_result("no rule", is_error=True)),
        system=[_text("x-anthropic-billing-header: v"), _text("You are a coder.")],
        tools=[{"name": "Bash"}, {"type": "web_search_20250305", "name": "web_search"}],
        tool_choice={"type": "any"},
        thinking={"type": "adaptive"},
        output_config={"format": {"type": "json_schema", "schema": {}}},
        max_tokens=32_000,
        stream=True,
    )
    assert seen.human == seen.first_human == "fix it"
    assert seen.system == "You are a coder."
    assert seen.tools == ("Bash", "web_search")
    assert seen.continues
    assert seen.forced_tool
    assert seen.thinking
    assert seen.structured
    assert seen.stream
    assert (seen.output, seen.messages) == (32_000, 4)
    assert [name for name, _ in seen.tool_calls] == ["Bash"]
    assert len(seen.tool_errors) == 1


def test_a_codex_request_with_its_tools_in_the_input() -> None:
    function = {"type": "function", "name": "wait"}
    tools = [{"type": "namespace", "name": "n", "tools": [function]}]
    body = {
        "model": "gpt-6-sol",
        "input": [
            {"type": "additional_tools", "role": "developer", "tools": tools},
            {
                "type": "message",
                "role": "developer",
                "content": [{"type": "input_text", "text": "You are a coder."}],
            },
            {
                "type": "message",
                "role": "user",
                "content": [
                    {
                        "type": "input_text",
                        "text": "<environment_context>here</environment_context>",
                    }
                ],
            },
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "run the tests"}],
            },
            {"type": "reasoning", "encrypted_content": "x" * 2000},
            {"type": "custom_tool_call", "name": "exec", "call_id": "c", "input": "ls"},
            {
                "type": "custom_tool_call_output",
                "call_id": "c",
                "output": "Exit code: 2\nno such file",
            },
        ],
        "reasoning": {"effort": "high"},
        "text": {"format": {"type": "json_schema"}},
        "tool_choice": "required",
    }
    seen = glance(Protocol.RESPONSES, json.dumps(body).encode())
    assert seen.tools == ("wait",)
    assert seen.human == seen.first_human == "run the tests"
    assert seen.system == "You are a coder."
    assert [name for name, _ in seen.tool_calls] == ["exec"]
    assert len(seen.tool_errors) == 1
    assert seen.continues
    assert seen.forced_tool
    assert seen.thinking
    assert seen.structured


def test_a_plain_text_is_an_input() -> None:
    seen = glance(Protocol.RESPONSES, b'{"input": "hello", "instructions": "be kind"}')
    assert (seen.human, seen.system, seen.messages) == ("hello", "be kind", 1)


def test_a_chat_request() -> None:
    call = {"type": "function", "function": {"name": "bash", "arguments": "{}"}}
    body = {
        "messages": [
            {"role": "system", "content": "You are a coder."},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": None, "tool_calls": [call, call]},
            {"role": "tool", "tool_call_id": "a", "content": "fine"},
            {"role": "tool", "tool_call_id": "b", "content": "Error: no such file"},
        ],
        "tools": [{"type": "function", "function": {"name": "bash"}}],
        "tool_choice": {"type": "function", "function": {"name": "bash"}},
        "reasoning_effort": "low",
        "response_format": {"type": "json_object"},
        "max_completion_tokens": 50,
        "max_tokens": 99,
    }
    seen = glance(Protocol.CHAT, json.dumps(body).encode())
    assert (seen.human, seen.system, seen.tools) == (
        "first",
        "You are a coder.",
        ("bash",),
    )
    assert seen.tool_calls[0] == seen.tool_calls[1]
    assert len(seen.tool_errors) == 1
    assert seen.continues
    assert seen.forced_tool
    assert seen.thinking
    assert seen.structured
    assert seen.output == 50


@pytest.mark.parametrize("snake", [False, True])
def test_a_gemini_request_in_both_spellings(snake: bool) -> None:
    def name(camel: str, other: str) -> str:
        return other if snake else camel

    call = {name("functionCall", "function_call"): {"name": "ls", "args": {"a": 1}}}
    result = {"name": "ls", "response": {"error": "no such folder"}}
    picture = {"mime_type" if snake else "mimeType": "image/png", "data": _PICTURE}
    body = {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "look"},
                    {name("inlineData", "inline_data"): picture},
                ],
            },
            {"role": "model", "parts": [{"text": "hm", "thought": True}, call]},
            {
                "role": "user",
                "parts": [{name("functionResponse", "function_response"): result}],
            },
        ],
        name("systemInstruction", "system_instruction"): {"parts": [{"text": "sys"}]},
        "tools": [
            {name("functionDeclarations", "function_declarations"): [{"name": "ls"}]},
            {"googleSearch": {}},
        ],
        name("toolConfig", "tool_config"): {
            name("functionCallingConfig", "function_calling_config"): {"mode": "ANY"}
        },
        name("generationConfig", "generation_config"): {
            name("maxOutputTokens", "max_output_tokens"): 9,
            name("responseMimeType", "response_mime_type"): "application/json",
            name("thinkingConfig", "thinking_config"): {
                name("thinkingBudget", "thinking_budget"): -1
            },
        },
    }
    seen = glance(Protocol.GEMINI, json.dumps(body).encode(), path_stream=True)
    assert (seen.human, seen.system) == ("look", "sys")
    assert seen.tools == ("ls", "googleSearch")
    assert [called for called, _ in seen.tool_calls] == ["ls"]
    assert len(seen.tool_errors) == 1
    assert seen.images
    assert not seen.documents
    assert seen.continues
    assert seen.forced_tool
    assert seen.thinking
    assert seen.structured
    assert seen.stream
    assert seen.output == 9


def test_steering_between_results_is_the_newest_text_and_still_continues() -> None:
    seen = _messages(
        _user(_text("first")),
        _use("Bash"),
        _user(_result("ok"), _text("and be quick")),
    )
    assert (seen.human, seen.continues) == ("and be quick", True)


def test_a_new_request_after_a_loop_does_not_continue() -> None:
    seen = _messages(
        _user(_text("first")),
        _use("Bash"),
        _user(_result("ok")),
        {"role": "assistant", "content": "done"},
        _user(_text("second")),
    )
    assert (seen.human, seen.continues) == ("second", False)


def test_the_text_of_a_long_loop_is_still_found() -> None:
    loop = [turn for _ in range(200) for turn in (_use("Bash"), _user(_result("ok")))]
    seen = _messages(_user(_text("the request")), *loop)
    assert (seen.human, len(seen.tool_calls)) == ("the request", 12)


def test_images_in_results_count_flat_and_not_as_text() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": _PICTURE}
    picture = {"type": "image", "source": source}
    seen = _messages(_user(_text("see")), _use("Read"), _user(_result([picture])))
    assert seen.images
    assert seen.size.tokens < 3_000
    assert not _messages(_user(_text('"type":"image"'))).images


def test_documents_are_seen() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": _PICTURE}
    seen = _messages(_user({"type": "document", "source": source}))
    assert (seen.documents, seen.images) == (True, False)


def test_the_size_is_near_what_prose_takes() -> None:
    # Prose of common words takes about a token a word, and a little more.
    words = "the quick brown fox jumps over the lazy dog and runs away "
    seen = _messages(_user(_text(words * 2_000)))
    assert seen.size.low <= 24_000 * 1.05 <= seen.size.high
    assert seen.size.low < seen.size.tokens < seen.size.high
    assert seen.size.method == "bytes"


def test_wide_scripts_cost_more_a_character() -> None:
    wide = glance(
        Protocol.CHAT,
        json.dumps(
            {"messages": [{"role": "user", "content": "漢字" * 5_000}]},
            ensure_ascii=False,
        ).encode(),
    )
    assert 6_000 < wide.size.tokens < 11_000


def test_a_conversation_keeps_its_fingerprint_and_a_turn_its_tail() -> None:
    first = _messages(_user(_text("a")), system="s")
    again = _messages(_user(_text("a")), system="s", max_tokens=5)
    later = _messages(_user(_text("a")), _use("Bash"), _user(_result("ok")), system="s")
    loop = _messages(
        _user(_text("a")),
        *(_use("Bash"), _user(_result("ok"))) * 2,
        system="s",
    )
    other = _messages(_user(_text("b")), system="s")
    assert first.fingerprint == again.fingerprint == later.fingerprint
    assert first.fingerprint != other.fingerprint
    assert first.tail == again.tail
    assert len({first.tail, later.tail, loop.tail, other.tail}) == 4


def test_digests_hold_no_content() -> None:
    seen = _messages(_user(_text("canary")), _use("Bash", command="canary"))
    digests = (seen.fingerprint, seen.tail, seen.tool_calls[0][1])
    assert all(set(each) <= set("0123456789abcdef") for each in digests)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<system-reminder>x</system-reminder>fix", "fix"),
        ("<command-name>/x</command-name><command-args>fix</command-args>", "fix"),
        ("[Request interrupted by user for tool use]", ""),
        ("# AGENTS.md instructions for /home/me\nlong", ""),
        ("# Context from my IDE\n## My request for Codex:\nfix it", "fix it"),
        ("This is the Gemini CLI. We are setting up the context for our chat.", ""),
        ("<task>fix it</task><environment_details>x</environment_details>", "fix it"),
        ("what does <system-reminder> mean", "what does <system-reminder> mean"),
        ("<local-command-stdout>x</local-command-stdout>", ""),
        ("plain", "plain"),
    ],
)
def test_envelopes_come_off(text: str, left: str) -> None:
    assert peel(text, shipped_envelopes()) == left


def test_peeling_hostile_texts_takes_no_longer() -> None:
    for piece in ("<system-reminder>", "<", "[Request interrupted by user", "```"):
        text = piece * (1_000_000 // len(piece))
        began = time.perf_counter()
        _messages(_user(_text(text)))
        assert time.perf_counter() - began < 1


def test_envelopes_of_several_files_are_put_together() -> None:
    one = '[envelopes]\nblocks = [["<a>", "</a>"]]'
    two = '[envelopes]\nblocks = [["<a>", "</a>"]]\nstarts = ["Note:"]'
    assert read_envelopes([one, two, ""]) == Envelopes(
        blocks=(("<a>", "</a>"),), starts=("Note:",)
    )
    with pytest.raises(ValueError, match="block"):
        read_envelopes(["[envelopes]\nblock = []"])


@pytest.mark.parametrize(
    ("result", "failed"),
    [
        ("Error: no such file", True),
        ("Exit code: 1\n", True),
        ("Process exited with code 127", True),
        ('{"exit_code":1}', True),
        ("Exit code: 0\nError: in the log", False),
        ("0 errors", False),
        ("", False),
    ],
)
def test_results_tell_of_errors_by_themselves(result: str, failed: bool) -> None:
    assert tells_of_error(result) is failed


def test_pictures_and_files_of_chat_and_responses() -> None:
    url = {"url": f"data:image/png;base64,{_PICTURE}"}
    parts = [
        {"type": "image_url", "image_url": url},
        {"type": "file", "file": {"file_data": _PICTURE}},
    ]
    body = {"messages": [{"role": "user", "content": parts}]}
    seen = glance(Protocol.CHAT, json.dumps(body).encode())
    assert (seen.images, seen.documents) == (True, True)
    assert seen.size.tokens < 10_000
    message = {"role": "user", "content": "see", "images": [_PICTURE]}
    seen = glance(Protocol.OLLAMA, json.dumps({"messages": [message]}).encode())
    assert (seen.images, seen.documents, seen.human) == (True, False, "see")


@pytest.mark.parametrize(
    ("protocol", "key", "content"),
    [
        (Protocol.MESSAGES, "messages", "content"),
        (Protocol.CHAT, "messages", "content"),
        (Protocol.RESPONSES, "input", "content"),
        (Protocol.GEMINI, "contents", "parts"),
    ],
)
def test_turns_of_nobody_known_say_nothing(
    protocol: Protocol, key: str, content: str
) -> None:
    turns = [{"role": "narrator", content: None}, {"role": "system", content: None}]
    body = {key: turns, "systemInstruction": "sys"}
    seen = glance(protocol, json.dumps(body).encode())
    assert (seen.human, seen.messages, seen.continues) == ("", 2, False)
    assert seen.system == ("sys" if protocol is Protocol.GEMINI else "")


def test_results_inside_results_are_not_followed() -> None:
    assert not _messages(_user(_result([_result([{"type": "image"}])]))).images


def test_only_the_start_of_the_system_text_is_kept() -> None:
    seen = _messages(_user(_text("a")), system=[_text("x" * 3_000)] * 5)
    assert len(seen.system) == 4_000
    only = glance(
        Protocol.RESPONSES,
        b'{"input": [{"role": "developer", "content": "be kind"}]}',
    )
    assert only.system == "be kind"


@pytest.mark.parametrize(
    ("choice", "forced"),
    [("auto", False), ("none", False), ({"name": "read"}, True), (None, False)],
)
def test_chats_form_before_tools_offers_tools_too(choice: object, forced: bool) -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "functions": [{"name": "read", "parameters": {}}],
        "function_call": choice,
    }
    seen = glance(Protocol.CHAT, json.dumps(body).encode())
    assert (seen.tools, seen.forced_tool) == (("read",), forced)
