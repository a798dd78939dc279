"""The scripted provider in Gemini's and Ollama's words, as a strict one, and spoilt."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import ollama
import pytest
from gemini_client import gemini_client
from google.genai import errors
from sdk_types import check_stream, request_problems
from upstream import (
    Answer,
    ScriptedUpstream,
    Text,
    Thinking,
    Tokens,
    ToolCall,
    Ways,
    refuse,
)
from upstream.coding import (
    AFTER,
    BEFORE,
    FINAL,
    SHOUT,
    TITLE,
    TURNS,
    coding_task,
    prompt_for,
)
from upstream.spoilt import STREAMS, huge_event
from upstream.turns import SIGNATURE

from proxy.model import Protocol

KEY = "not-a-secret-example"
TOKENS = Tokens(fresh=11, cache_read=5, output=7, reasoning=2)
CALLS = (ToolCall.of("read", path="a ü.py", lines=[1, 2]), ToolCall.of("list"))
FULL = Answer((Thinking("Let me see."), Text("Two calls, ü."), *CALLS), TOKENS)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "lines": {"type": "array"}},
}


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream(strict=True) as served:
        yield served


# --- one request in each protocol's words -------------------------------------------

HEADERS = {
    "authorization": f"Bearer {KEY}",
    "anthropic-version": "2023-06-01",
    "x-goog-api-key": KEY,
}
PATHS = {
    Protocol.MESSAGES: "/v1/messages",
    Protocol.RESPONSES: "/v1/responses",
    Protocol.CHAT: "/v1/chat/completions",
    Protocol.GEMINI: "/v1beta/models/m:streamGenerateContent?alt=sse",
    Protocol.OLLAMA: "/api/chat",
}


def asking(protocol: Protocol, text: str = "hello") -> dict[str, Any]:
    """A streamed request without tools."""
    said = [{"role": "user", "content": text}]
    match protocol:
        case Protocol.GEMINI:
            return {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        case Protocol.RESPONSES:
            return {"model": "m", "input": said, "stream": True}
        case Protocol.MESSAGES:
            limits = {"max_tokens": 99}
            return {"model": "m", "messages": said, "stream": True, **limits}
        case _:
            return {"model": "m", "messages": said, "stream": True}


async def post(
    upstream: ScriptedUpstream, protocol: Protocol, body: dict[str, Any]
) -> tuple[int, str, bytes]:
    async with (
        aiohttp.ClientSession(headers=HEADERS) as session,
        session.post(upstream.url + PATHS[protocol], json=body) as answer,
    ):
        return answer.status, answer.headers["content-type"], await answer.read()


class TestGemini:
    async def test_the_sdk_reads_a_whole_answer(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(FULL)
        async with gemini_client(upstream.url, KEY) as sdk:
            got = await sdk.models.generate_content(model="m", contents="x")
        assert got.candidates is not None
        content = got.candidates[0].content
        assert content is not None
        assert [part.thought for part in content.parts or []][:2] == [True, None]
        assert [call.name for call in got.function_calls or []] == ["read", "list"]
        usage = got.usage_metadata
        assert usage is not None
        assert usage.prompt_token_count == 16
        assert usage.thoughts_token_count == 2

    async def test_the_sdk_reads_a_stream(self, upstream: ScriptedUpstream) -> None:
        upstream.push(FULL)
        async with gemini_client(upstream.url, KEY) as sdk:
            stream = await sdk.models.generate_content_stream(model="m", contents="x")
            chunks = [chunk async for chunk in stream]
        assert len(chunks) == 6
        calls = [call for chunk in chunks for call in chunk.function_calls or []]
        assert calls[0].args == {"path": "a ü.py", "lines": [1, 2]}
        signed = [
            part.thought_signature
            for chunk in chunks
            for part in (chunk.parts or [])
            if part.function_call
        ]
        assert signed == [b"signed-by-the-script", None]

    async def test_counting_and_an_error(self, upstream: ScriptedUpstream) -> None:
        upstream.push(refuse(429, "busy"))
        async with gemini_client(upstream.url, KEY) as sdk:
            counted = await sdk.models.count_tokens(model="m", contents="x")
            with pytest.raises(errors.ClientError, match=r"RESOURCE_EXHAUSTED.*busy"):
                await sdk.models.generate_content(model="m", contents="x")
        assert counted.total_tokens == 1500


class TestOllama:
    async def test_the_package_reads_a_stream(self, upstream: ScriptedUpstream) -> None:
        upstream.push(FULL)
        async with ollama.AsyncClient(upstream.url) as client:
            asked = [{"role": "user", "content": "x"}]
            stream = await client.chat("m", asked, stream=True)
            lines = [line async for line in stream]
        assert "".join(line.message.thinking or "" for line in lines) == "Let me see."
        calls = [call for line in lines for call in line.message.tool_calls or ()]
        assert calls[0].function.arguments == {"path": "a ü.py", "lines": [1, 2]}
        assert (lines[-1].done, lines[-1].prompt_eval_count) == (True, 16)

    async def test_the_package_reads_a_whole_answer_and_lists(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(FULL)
        async with ollama.AsyncClient(upstream.url) as client:
            got = await client.chat("m", [{"role": "user", "content": "x"}])
            models = await client.list()
            shown = await client.show("scripted-large")
        assert got.message.content == "Two calls, ü."
        assert models.models[0].model == "scripted-large"
        assert "tools" in (shown.capabilities or [])

    async def test_an_error(self, upstream: ScriptedUpstream) -> None:
        upstream.push(refuse(404, "model 'm' not found"))
        async with ollama.AsyncClient(upstream.url) as client:
            with pytest.raises(ollama.ResponseError, match="model 'm' not found"):
                await client.chat("m", [{"role": "user", "content": "x"}])


# --- strictness ---------------------------------------------------------------------


@pytest.mark.parametrize("protocol", Protocol)
async def test_a_right_request_is_taken(
    upstream: ScriptedUpstream, protocol: Protocol
) -> None:
    status, _, body = await post(upstream, protocol, asking(protocol))
    assert status == 200, body
    assert upstream.refusals == []
    if protocol not in {Protocol.MESSAGES, Protocol.RESPONSES}:
        # Those two send more than their types say, as the real ones do.
        check_stream(protocol, body.replace(b"\r\n", b"\n"))


@pytest.mark.parametrize("protocol", Protocol)
async def test_a_field_too_many_is_refused_and_kept(
    upstream: ScriptedUpstream, protocol: Protocol
) -> None:
    body = asking(protocol) | {"colour": "red"}
    status, _, answer = await post(upstream, protocol, body)
    assert status == 400
    assert b"colour" in answer
    assert "colour" in upstream.refusals[0]
    upstream.also = frozenset({"colour"})
    if protocol is not Protocol.GEMINI:
        assert (await post(upstream, protocol, body))[0] == 200


def _turn(protocol: Protocol, **how: Any) -> dict[str, Any]:
    """A request with a call in it; `how` spoils it."""
    call_id = how.get("answers", "c1")
    name, arguments = how.get("name", "read"), {"path": "a"}
    text = json.dumps(arguments)
    body = asking(protocol)
    match protocol:
        case Protocol.MESSAGES:
            use = {"type": "tool_use", "id": "c1", "name": name, "input": arguments}
            thought = {
                "type": "thinking",
                "thinking": "Hm.",
                "signature": how.get("signature", SIGNATURE),
            }
            result = {"type": "tool_result", "tool_use_id": call_id, "content": "x"}
            body["messages"] += [
                {"role": "assistant", "content": [thought, use]},
                {"role": "user", "content": [result]},
            ]
            body["tools"] = [{"name": name, "input_schema": SCHEMA}]
        case Protocol.RESPONSES:
            thought = {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [],
                "encrypted_content": how.get("signature", SIGNATURE),
            }
            use = {"call_id": "c1", "name": name, "arguments": text}
            done = {"call_id": call_id, "output": "x"}
            body["input"] += [
                thought,
                {"type": "function_call", **use},
                {"type": "function_call_output", **done},
            ]
            tool = {"type": "function", "name": name, "parameters": SCHEMA}
            body["tools"] = [tool | {"strict": None}]
        case Protocol.CHAT:
            use = {"id": "c1", "type": "function"}
            use |= {"function": {"name": name, "arguments": text}}
            body["messages"] += [
                {"role": "assistant", "tool_calls": [use]},
                {"role": "tool", "tool_call_id": call_id, "content": "x"},
            ]
            function = {"name": name, "parameters": SCHEMA}
            body["tools"] = [{"type": "function", "function": function}]
        case _:
            use = {"functionCall": {"name": name, "args": arguments}}
            use["thoughtSignature"] = how.get("signature", SIGNATURE)
            answer = {"name": how.get("answers", name), "response": {"output": "x"}}
            body["contents"] += [
                {"role": "model", "parts": [use]},
                {"role": "user", "parts": [{"functionResponse": answer}]},
            ]
            declared = {"name": name, "parametersJsonSchema": SCHEMA}
            body["tools"] = [{"functionDeclarations": [declared]}]
    return body


CALLING = [each for each in Protocol if each is not Protocol.OLLAMA]


@pytest.mark.parametrize("protocol", CALLING)
async def test_a_call_with_its_result_is_taken(
    upstream: ScriptedUpstream, protocol: Protocol
) -> None:
    status, _, body = await post(upstream, protocol, _turn(protocol))
    assert status == 200, body


@pytest.mark.parametrize("protocol", CALLING)
@pytest.mark.parametrize("how", [{"answers": "c2"}, {"name": "a tool"}])
async def test_what_the_types_do_not_say_is_refused(
    upstream: ScriptedUpstream, protocol: Protocol, how: dict[str, str]
) -> None:
    body = _turn(protocol, **how)
    assert request_problems(protocol, json.dumps(body).encode()) == []
    assert (await post(upstream, protocol, body))[0] == 400


@pytest.mark.parametrize("protocol", set(CALLING) - {Protocol.CHAT})
async def test_foreign_reasoning_is_refused(
    upstream: ScriptedUpstream, protocol: Protocol
) -> None:
    body = _turn(protocol, signature="Zm9yZWlnbg==")
    assert (await post(upstream, protocol, body))[0] == 400


async def test_only_what_it_speaks() -> None:
    async with ScriptedUpstream(speaks=[Protocol.GEMINI]) as upstream:
        for protocol in Protocol:
            status, _, _ = await post(upstream, protocol, asking(protocol))
            assert status == (200 if protocol is Protocol.GEMINI else 404)


# --- the task -----------------------------------------------------------------------


NAMES = ("Read", "Edit", "Bash")


def _offer(protocol: Protocol, names: tuple[str, ...]) -> list[dict[str, Any]]:
    match protocol:
        case Protocol.MESSAGES:
            return [{"name": name, "input_schema": SCHEMA} for name in names]
        case Protocol.GEMINI:
            declared = [{"name": n, "parametersJsonSchema": SCHEMA} for n in names]
            return [{"functionDeclarations": declared}]
        case Protocol.RESPONSES:
            more = {"type": "function", "parameters": SCHEMA, "strict": False}
            return [{"name": name, **more} for name in names]
        case _:
            functions = [{"name": name, "parameters": SCHEMA} for name in names]
            return [{"type": "function", "function": each} for each in functions]


def _go_on(protocol: Protocol, body: dict[str, Any], sent: bytes, done: str) -> str:
    """Adds the answer and its call's result to the request; the call's name."""
    if protocol is Protocol.OLLAMA:
        lines = [json.loads(line)["message"] for line in sent.splitlines()]
        call = next(each["tool_calls"][0] for each in lines if "tool_calls" in each)
        name = call["function"]["name"]
        body["messages"] += [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_name": name, "content": done},
        ]
        return str(name)
    datas = [
        json.loads(line[6:]) for line in sent.splitlines() if line[:7] == b"data: {"
    ]
    match protocol:
        case Protocol.GEMINI:
            parts = [p for d in datas for p in d["candidates"][0]["content"]["parts"]]
            use = next(part for part in parts if "functionCall" in part)
            name = use["functionCall"]["name"]
            answer = {"name": name, "response": {"output": done}}
            body["contents"] += [
                {"role": "model", "parts": [use]},
                {"role": "user", "parts": [{"functionResponse": answer}]},
            ]
        case Protocol.MESSAGES:
            starts = [d["content_block"] for d in datas if "content_block" in d]
            use = next(each for each in starts if each["type"] == "tool_use")
            name = use["name"]
            result = {"type": "tool_result", "tool_use_id": use["id"]}
            body["messages"] += [
                {"role": "assistant", "content": [use]},
                {"role": "user", "content": [result | {"content": done}]},
            ]
        case Protocol.RESPONSES:
            items = datas[-1]["response"]["output"]
            use = next(each for each in items if each["type"] == "function_call")
            name = use["name"]
            output = {"call_id": use["call_id"], "output": done}
            body["input"] += [use, {"type": "function_call_output", **output}]
        case _:
            deltas = [d["choices"][0]["delta"] for d in datas if d["choices"]]
            call = next(d["tool_calls"][0] for d in deltas if "tool_calls" in d)
            name = call["function"]["name"]
            call = {key: call[key] for key in ("id", "type", "function")}
            body["messages"] += [
                {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": call["id"], "content": done},
            ]
    return str(name)


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("prefix", ["", "group__"])
async def test_the_task_in_every_protocol(
    protocol: Protocol, prefix: str, tmp_path: Path
) -> None:
    names = tuple(prefix + name for name in NAMES)
    body = asking(protocol, prompt_for(tmp_path)) | {"tools": _offer(protocol, names)}
    async with ScriptedUpstream(coding_task, strict=True) as upstream:
        for name, done in zip(names, (BEFORE, "done", SHOUT), strict=True):
            status, _, sent = await post(upstream, protocol, body)
            assert status == 200, upstream.refusals
            assert _go_on(protocol, body, sent, done) == name
        _, _, sent = await post(upstream, protocol, body)
        assert all(word.encode() in sent for word in FINAL.split())
        assert len(upstream.asked) == TURNS
        # What a tool should have shown is looked for.
        assert AFTER.encode() not in sent


async def test_free_text_is_put_into_a_function(tmp_path: Path) -> None:
    """As Codex is met by a provider without custom tools."""
    field = {"type": "object", "properties": {"patch": {"type": "string"}}}
    tools = _offer(Protocol.CHAT, ("exec_command", "apply_patch"))
    tools[1]["function"]["parameters"] = field
    body = asking(Protocol.CHAT, prompt_for(tmp_path)) | {"tools": tools}
    async with ScriptedUpstream(coding_task, strict=True) as upstream:
        _, _, sent = await post(upstream, Protocol.CHAT, body)
        _go_on(Protocol.CHAT, body, sent, BEFORE)
        _, _, sent = await post(upstream, Protocol.CHAT, body)
    assert b'"apply_patch"' in sent
    assert b'patch\\"' in sent


CLOSED = {**SCHEMA, "additionalProperties": False}
FORMS: dict[Protocol, dict[str, Any]] = {
    Protocol.MESSAGES: {
        "output_config": {"format": {"type": "json_schema", "schema": CLOSED}}
    },
    Protocol.GEMINI: {
        "generationConfig": {
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
        }
    },
    Protocol.OLLAMA: {"format": SCHEMA},
}


@pytest.mark.parametrize("protocol", FORMS)
async def test_a_wish_for_json_is_met(protocol: Protocol) -> None:
    async with ScriptedUpstream(coding_task, strict=True) as upstream:
        body = asking(protocol) | FORMS[protocol]
        status, _, sent = await post(upstream, protocol, body)
        assert status == 200
        assert b"{}" in sent
        assert TITLE.split()[1].encode() not in sent


# --- deviations and faults ----------------------------------------------------------


def _deltas(sent: bytes) -> list[dict[str, Any]]:
    datas = [
        json.loads(line[6:]) for line in sent.splitlines() if line[:7] == b"data: {"
    ]
    return [data["choices"][0]["delta"] for data in datas if data["choices"]]


async def test_a_server_with_its_own_ways(upstream: ScriptedUpstream) -> None:
    upstream.ways = Ways(interleaved=True, reasoning="reasoning", usage="always")
    upstream.push(FULL)
    _, _, sent = await post(upstream, Protocol.CHAT, asking(Protocol.CHAT))
    deltas = _deltas(sent)
    order = [d["tool_calls"][0]["index"] for d in deltas if "tool_calls" in d]
    assert order[:4] == [0, 1, 0, 1]
    assert [d["reasoning"] for d in deltas if "reasoning" in d] == ["Let me see."]
    assert b'"total_tokens"' in sent
    upstream.ways = Ways(whole_arguments=True, sloppy_stop=True, usage="never")
    upstream.push(FULL)
    _, _, sent = await post(upstream, Protocol.CHAT, asking(Protocol.CHAT))
    assert len([d for d in _deltas(sent) if "tool_calls" in d]) == 2
    assert b'"finish_reason": "stop"' in sent


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("name", STREAMS)
async def test_a_spoilt_stream_differs_from_a_sound_one(
    upstream: ScriptedUpstream, protocol: Protocol, name: str
) -> None:
    upstream.push(FULL, STREAMS[name](FULL))
    sound = await post(upstream, protocol, asking(protocol))
    spoilt = await post(upstream, protocol, asking(protocol))
    # Ids count the requests.
    same = spoilt[2].replace(b"0001", b"0000") == sound[2]
    if (name, protocol) == ("wrong_index", Protocol.OLLAMA):
        # Nothing there has an index that says anything.
        assert same
    else:
        assert not same or spoilt[1] != sound[1]


async def test_a_huge_event(upstream: ScriptedUpstream) -> None:
    upstream.push(huge_event(100_000))
    _, _, sent = await post(upstream, Protocol.GEMINI, asking(Protocol.GEMINI))
    assert max(len(line) for line in sent.splitlines()) > 100_000
