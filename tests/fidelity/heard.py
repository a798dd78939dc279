"""Reads what a provider received, each protocol in its own words.

It knows nothing of the product: whatever it finds is what that vendor would find.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from fidelity.terms import (
    Call,
    File,
    Heard,
    Json,
    Other,
    Part,
    Picture,
    Result,
    Thought,
    Tool,
    Turn,
    Words,
)

from proxy.model import Protocol


def heard(protocol: Protocol, body: Json) -> Heard:
    """What stands in a request's body."""
    return _READERS[protocol](body)


# --- Messages -----------------------------------------------------------------------


def _messages(body: Json) -> Heard:
    config = body.get("output_config") or {}
    choice = body.get("tool_choice") or {}
    offered = [each for each in body.get("tools", ()) if "input_schema" in each]
    hosted = [each["type"] for each in body.get("tools", ()) if "type" in each]
    system = body.get("system", ())
    lines = [system] if isinstance(system, str) else [each["text"] for each in system]
    form = config.get("format") or {}
    thinking = {k: v for k, v in (body.get("thinking") or {}).items() if k != "display"}
    if "effort" in config:
        thinking["effort"] = config["effort"]
    return Heard(
        body,
        tuple(lines),
        tuple(
            Turn(each["role"], tuple(_blocks(each["content"])))
            for each in body["messages"]
        ),
        tuple(
            Tool(
                each["name"],
                each["input_schema"],
                each.get("description", ""),
                each.get("strict"),
            )
            for each in offered
        ),
        tuple(each for each in hosted if each != "custom"),
        choice.get("name") or choice.get("type") or "",
        False if choice.get("disable_parallel_tool_use") else None,
        body["max_tokens"],
        tuple(body.get("stop_sequences", ())),
        body.get("temperature"),
        thinking or None,
        form.get("schema"),
    )


def _blocks(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield Words(content)
        return
    for block in content:
        source = block.get("source") or {}
        match block["type"]:
            case "text":
                yield Words(block["text"])
            case "image":
                yield Picture(source.get("data", ""), source.get("url", ""))
            case "document":
                yield File(block.get("title") or "", source.get("data", ""))
            case "thinking":
                yield Thought(block["thinking"], block["signature"])
            case "redacted_thinking":
                yield Thought("", block["data"], sealed=True)
            case "tool_use":
                yield Call(block["name"], block["input"], block["id"])
            case "tool_result":
                inner = tuple(_blocks(block.get("content", ())))
                wrong = block.get("is_error") is True
                yield Result(block["tool_use_id"], _shown(inner), wrong, "")
            case kind:
                yield Other(kind)


def _shown(parts: tuple[Part, ...]) -> tuple[Words | Picture | File, ...]:
    return tuple(each for each in parts if isinstance(each, Words | Picture | File))


# --- Responses ----------------------------------------------------------------------


def _responses(body: Json) -> Heard:
    form = (body.get("text") or {}).get("format") or {}
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    turns = [turn for item in items for turn in _item(item)]
    first = [body["instructions"]] if body.get("instructions") else []
    while turns and turns[0].role == "system":
        first.append(turns.pop(0).text)
    offered = list(_responses_tools(body.get("tools", ())))
    choice = body.get("tool_choice") or ""
    own = {"function", "custom", "namespace"}
    return Heard(
        body,
        tuple(first),
        tuple(turns),
        tuple(offered),
        tuple(
            each["type"] for each in body.get("tools", ()) if each["type"] not in own
        ),
        _chosen(choice if isinstance(choice, str) else choice.get("name") or ""),
        body.get("parallel_tool_calls"),
        body.get("max_output_tokens"),
        (),
        body.get("temperature"),
        body.get("reasoning"),
        form.get("schema"),
    )


def _chosen(choice: str) -> str:
    return "any" if choice == "required" else choice


def _responses_tools(tools: Any, namespace: str = "") -> Iterator[Tool]:
    for tool in tools:
        if tool["type"] == "namespace":
            yield from _responses_tools(tool["tools"], tool["name"])
        elif tool["type"] == "function":
            schema, told = tool.get("parameters"), tool.get("description") or ""
            strict = tool.get("strict")
            yield Tool(tool["name"], schema, told, strict, namespace=namespace)
        elif tool["type"] == "custom":
            grammar = (tool.get("format") or {}).get("definition") or ""
            yield Tool(tool["name"], None, tool.get("description") or "", None, grammar)


def _item(item: Json) -> Iterator[Turn]:
    match item.get("type", "message"):
        case "message":
            role = "system" if item["role"] in {"system", "developer"} else item["role"]
            yield Turn(role, tuple(_contents(item["content"])))
        case "reasoning":
            told = [*item["summary"], *(item.get("content") or ())]
            text = "".join(each["text"] for each in told)
            yield Turn(
                "assistant", (Thought(text, item.get("encrypted_content") or ""),)
            )
        case "function_call":
            call = _call(item["name"], item["arguments"], item["call_id"])
            yield Turn("assistant", (call,))
        case "custom_tool_call":
            call = Call(item["name"], {}, item["call_id"], free=item["input"])
            yield Turn("assistant", (call,))
        case "function_call_output" | "custom_tool_call_output":
            inner = _shown(tuple(_contents(item["output"])))
            yield Turn("user", (Result(item["call_id"], inner, name=""),))
        case kind:
            yield Turn("assistant", (Other(kind),))


def _call(name: str, text: str, call_id: str) -> Call:
    try:
        return Call(name, json.loads(text), call_id)
    except ValueError:
        return Call(name, {}, call_id, raw=text)


def _contents(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield Words(content)
        return
    for part in content or ():
        match part["type"]:
            case "input_text" | "output_text" | "text":
                yield Words(part["text"])
            case "refusal":
                yield Words(part["refusal"])
            case "input_image":
                yield _picture(part["image_url"])
            case "image_url":
                yield _picture(part["image_url"]["url"])
            case "input_file":
                yield File(part.get("filename") or "", _data(part.get("file_data", "")))
            case "file":
                inner = part["file"]
                yield File(inner.get("filename") or "", _data(inner["file_data"]))
            case kind:
                yield Other(kind)


def _picture(url: str) -> Picture:
    return Picture(_data(url)) if url.startswith("data:") else Picture("", url)


def _data(url: str) -> str:
    return url.partition(",")[2]


# --- Chat ---------------------------------------------------------------------------


def _chat(body: Json) -> Heard:
    turns = [_chat_turn(each) for each in body["messages"]]
    first: list[str] = []
    while turns and turns[0].role == "system":
        first.append(turns.pop(0).text)
    choice = body.get("tool_choice") or ""
    if isinstance(choice, dict):
        choice = choice[choice["type"]].get("name", "")
    stops = body.get("stop") or ()
    form = (body.get("response_format") or {}).get("json_schema") or {}
    return Heard(
        body,
        tuple(first),
        tuple(turns),
        tuple(_chat_tool(each) for each in body.get("tools", ())),
        ("web_search",) if "web_search_options" in body else (),
        _chosen(choice),
        body.get("parallel_tool_calls"),
        body.get("max_completion_tokens") or body.get("max_tokens"),
        (stops,) if isinstance(stops, str) else tuple(stops),
        body.get("temperature"),
        body.get("reasoning_effort"),
        form.get("schema"),
    )


def _chat_turn(message: Json) -> Turn:
    role = message["role"]
    said = tuple(_contents(message.get("content") or ()))
    if role == "tool":
        return Turn("user", (Result(message["tool_call_id"], _shown(said), name=""),))
    if role in {"system", "developer"}:
        return Turn("system", said)
    parts: list[Part] = list(said)
    if message.get("reasoning_content"):
        parts.insert(0, Thought(message["reasoning_content"]))
    for call in message.get("tool_calls", ()):
        inner = call[call["type"]]
        if call["type"] == "custom":
            parts.append(Call(inner["name"], {}, call["id"], free=inner["input"]))
        else:
            parts.append(_call(inner["name"], inner["arguments"], call["id"]))
    return Turn(role, tuple(parts))


def _chat_tool(tool: Json) -> Tool:
    inner = tool[tool["type"]]
    told = inner.get("description") or ""
    if tool["type"] == "custom":
        form = inner.get("format") or {}
        grammar = (form.get("grammar") or {}).get("definition") or ""
        return Tool(inner["name"], None, told, None, grammar)
    return Tool(inner["name"], inner.get("parameters"), told, inner.get("strict"))


# --- Gemini -------------------------------------------------------------------------


def _gemini(body: Json) -> Heard:
    config = body.get("generationConfig") or {}
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    mode = str(calling.get("mode", "")).lower()
    names = calling.get("allowedFunctionNames") or [""]
    lists = body.get("tools", ())
    offered = [d for each in lists for d in each.get("functionDeclarations", ())]
    hosted = [k for each in lists for k in each if k != "functionDeclarations"]
    system = (body.get("systemInstruction") or {}).get("parts", ())
    thinking = dict(config.get("thinkingConfig") or {})
    thinking.pop("includeThoughts", None)
    return Heard(
        body,
        tuple(each["text"] for each in system),
        tuple(_gemini_turn(each) for each in body["contents"]),
        tuple(
            Tool(
                each["name"],
                each.get("parametersJsonSchema") or each.get("parameters"),
                each.get("description") or "",
            )
            for each in offered
        ),
        tuple(hosted),
        names[0] or mode,
        None,
        config.get("maxOutputTokens"),
        tuple(config.get("stopSequences", ())),
        config.get("temperature"),
        thinking or None,
        config.get("responseJsonSchema") or config.get("responseSchema"),
    )


def _gemini_turn(content: Json) -> Turn:
    role = "assistant" if content.get("role") == "model" else "user"
    return Turn(role, tuple(part for each in content["parts"] for part in _shape(each)))


def _shape(shape: Json) -> Iterator[Part]:
    proof = shape.get("thoughtSignature") or ""
    if shape.get("thought"):
        yield Thought(shape.get("text", ""), proof)
        return
    if proof:
        yield Thought("", proof)
    if "text" in shape:
        if shape["text"] or not proof:
            yield Words(shape["text"])
    elif "functionCall" in shape:
        call = shape["functionCall"]
        yield Call(call["name"], call.get("args") or {}, call.get("id") or "")
    elif "functionResponse" in shape:
        yield _gemini_result(shape["functionResponse"])
    else:
        yield _gemini_data(shape)


def _gemini_data(shape: Json) -> Part:
    if "inlineData" in shape:
        inner = shape["inlineData"]
        if inner["mimeType"].startswith("image/"):
            return Picture(inner["data"])
        return File(inner.get("displayName") or "", inner["data"])
    if "fileData" in shape:
        return Picture("", shape["fileData"]["fileUri"])
    return Other(next(iter(shape)))


def _gemini_result(inner: Json) -> Result:
    response = inner["response"]
    wrong = "error" in response
    text = response.get("error" if wrong else "output", "")
    more = [_gemini_data(each) for each in inner.get("parts", ())]
    told = text if isinstance(text, str) else json.dumps(text)
    parts = (Words(told), *_shown(tuple(more)))
    return Result(inner.get("id") or "", parts, wrong, inner["name"])


# --- Ollama -------------------------------------------------------------------------


def _ollama(body: Json) -> Heard:
    options = body.get("options") or {}
    turns = [_ollama_turn(each) for each in body["messages"]]
    first: list[str] = []
    while turns and turns[0].role == "system":
        first.append(turns.pop(0).text)
    form = body.get("format")
    tools = [each["function"] for each in body.get("tools", ())]
    return Heard(
        body,
        tuple(first),
        tuple(turns),
        tuple(
            Tool(each["name"], each.get("parameters"), each.get("description", ""))
            for each in tools
        ),
        limit=options.get("num_predict"),
        stops=tuple(options.get("stop", ())),
        temperature=options.get("temperature"),
        thinks=body.get("think"),
        schema=form if isinstance(form, dict) else None,
    )


def _ollama_turn(message: Json) -> Turn:
    role, text = message["role"], message.get("content", "")
    if role == "tool":
        name = message.get("tool_name", "")
        call = message.get("tool_call_id") or ""
        return Turn("user", (Result(call, (Words(text),), name=name),))
    parts: list[Part] = [Words(text)] if text else []
    if message.get("thinking"):
        parts.insert(0, Thought(message["thinking"]))
    parts += [Picture(data) for data in message.get("images") or ()]
    for call in message.get("tool_calls") or ():
        inner = call["function"]
        parts.append(Call(inner["name"], inner["arguments"], call.get("id") or ""))
    return Turn(role, tuple(parts))


_READERS: dict[Protocol, Callable[[Json], Heard]] = {
    Protocol.MESSAGES: _messages,
    Protocol.RESPONSES: _responses,
    Protocol.CHAT: _chat,
    Protocol.GEMINI: _gemini,
    Protocol.OLLAMA: _ollama,
}
