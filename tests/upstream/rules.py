"""What a strict provider refuses, and in which words; none of it is in the types.

Each rule is one the vendor's server is known for. A request passes where the vendor's
types (`sdk_types`) and these rules find nothing.
"""

import base64
import re
from collections.abc import Callable, Iterator

from proxy.model import Protocol
from upstream.record import Ask, Seen
from upstream.turns import SIGNATURE

Json = dict[str, object]
PROTOCOLS = {
    Ask.MESSAGES: Protocol.MESSAGES,
    Ask.RESPONSES: Protocol.RESPONSES,
    Ask.CHAT: Protocol.CHAT,
    Ask.GEMINI: Protocol.GEMINI,
    Ask.OLLAMA: Protocol.OLLAMA,
}
_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def refusal(seen: Seen, also: frozenset[str] = frozenset()) -> str | None:
    """Why this provider would not take a request, in one line; None if it would.

    `also` are fields that it takes beside those of the vendor's types.
    """
    protocol = PROTOCOLS.get(seen.ask)
    if protocol is None:
        return None
    # A server on one's own machine asks for no key.
    if not seen.credential and protocol is not Protocol.OLLAMA:
        return "no credential"
    # The vendors' packages are slow to import, and few servers here are strict.
    from sdk_types import request_problems

    found = request_problems(protocol, seen.body, also)
    if not found:
        found = list(_RULES[protocol](seen))
    return "; ".join(found[:5]) or None


# --- Messages -----------------------------------------------------------------------


def _messages(seen: Seen) -> Iterator[str]:
    if seen.header("anthropic-version") is None:
        yield "anthropic-version: header is required"
    turns = _merged(_items(seen.json.get("messages")))
    if not turns or turns[0][0] != "user":
        yield "messages: first message must use the user role"
    if turns and turns[-1][0] == "assistant":
        yield "messages: the conversation must end with a user message (no prefill)"
    for at, (role, blocks) in enumerate(turns):
        after = turns[at + 1][1] if at + 1 < len(turns) else []
        yield from _calls_answered(role, blocks, after)
        before = turns[at - 1][1] if at else []
        yield from _results_called(role, blocks, before)
        yield from _blocks_sound(blocks)
    yield from _tools_sound(_items(seen.json.get("tools")), r"[a-zA-Z0-9_-]{1,128}")
    form = _inside(seen.json, "output_config", "format")
    yield from enforced("output_config.format.schema", form.get("schema"))
    for tool in _items(seen.json.get("tools")):
        if tool.get("strict") is True:
            yield from enforced("tools.input_schema", tool.get("input_schema"))
    yield from _thinking_sound(seen.json, turns)
    if "tool_choice" in seen.json and not seen.json.get("tools"):
        yield "tool_choice: may only be specified while providing tools"
    if len(re.findall(rb'"cache_control"\s*:\s*\{', seen.body)) > 4:
        yield "a maximum of 4 blocks with cache_control may be provided"
    if any(not str(each).strip() for each in _list(seen.json.get("stop_sequences"))):
        yield "stop_sequences: each stop sequence must contain non-whitespace"


def _merged(messages: list[Json]) -> list[tuple[str, list[Json]]]:
    """Turns of user and assistant, neighbours of one role in one, system left out."""
    turns: list[tuple[str, list[Json]]] = []
    for message in messages:
        role, content = str(message.get("role")), message.get("content")
        if role == "system":
            continue
        text: list[Json] = [{"type": "text", "text": content}]
        blocks = text if isinstance(content, str) else _items(content)
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, list(blocks)))
    return turns


def _calls_answered(role: str, blocks: list[Json], after: list[Json]) -> Iterator[str]:
    calls = [b["id"] for b in blocks if b["type"] == "tool_use"]
    if role != "assistant" and calls:
        yield "tool_use blocks can only be in assistant messages"
    head = []
    for block in after:
        if block["type"] != "tool_result":
            break
        head.append(block["tool_use_id"])
    missing = set(calls) - set(head)
    if missing:
        yield (
            "tool_use ids were found without tool_result blocks immediately after: "
            f"{sorted(map(str, missing))}"
        )
    if any(not re.fullmatch(r"[a-zA-Z0-9_-]+", str(each)) for each in calls):
        yield "tool_use.id: should match pattern ^[a-zA-Z0-9_-]+$"


def _results_called(role: str, blocks: list[Json], before: list[Json]) -> Iterator[str]:
    results = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
    calls = {b["id"] for b in before if b["type"] == "tool_use"}
    if results and role != "user":
        yield "tool_result blocks can only be in user messages"
    if set(results) - calls:
        yield "unexpected tool_use_id found in tool_result blocks"
    if len(set(results)) != len(results):
        yield "each tool_use must have a single result"


def _blocks_sound(blocks: list[Json]) -> Iterator[str]:
    for block in blocks:
        inner = _items(block.get("content"))
        yield from _blocks_sound(inner)
        if block["type"] == "text" and not block["text"]:
            yield "text content blocks must be non-empty"
        source = block.get("source")
        if block["type"] == "image" and isinstance(source, dict):
            if source.get("media_type", "image/png") not in _IMAGES:
                yield "image.source.media_type: not a type that is taken"
            yield from _base64_sound(source.get("data", ""))


_UNENFORCED = (
    ("integer", ("minimum", "maximum", "multipleOf", "exclusiveMinimum")),
    ("number", ("minimum", "maximum", "multipleOf", "exclusiveMaximum")),
    ("string", ("minLength", "maxLength")),
    ("array", ("maxItems", "uniqueItems", "contains")),
    ("object", ("propertyOrdering", "patternProperties", "minProperties")),
)


def enforced(place: str, schema: object) -> Iterator[str]:
    """What the vendor refuses in a schema that it is to enforce."""
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    if kind == "object" and schema.get("additionalProperties") is not False:
        yield (
            f"{place}: For 'object' type, 'additionalProperties' must be explicitly "
            "set to false"
        )
    for name, words in _UNENFORCED:
        found = [word for word in words if word in schema] if kind == name else []
        if found:
            yield f"{place}: For '{name}' type, properties {found} are not supported"
    if kind == "array" and schema.get("minItems", 0) not in {0, 1}:
        yield f"{place}: For 'array' type, 'minItems' values other than 0 or 1"
    if "oneOf" in schema:
        yield f"{place}: Schema type 'oneOf' is not supported"
    inner = [schema.get("items")]
    for group in ("properties", "$defs", "definitions"):
        inner += _inside(schema, group).values()
    for word in ("anyOf", "allOf"):
        inner += _list(schema.get(word))
    for each in inner:
        yield from enforced(place, each)


def _base64_sound(data: object) -> Iterator[str]:
    try:
        base64.b64decode(str(data), validate=True)
    except ValueError:
        yield "invalid base64 data"


def _thinking_sound(body: Json, turns: list[tuple[str, list[Json]]]) -> Iterator[str]:
    for _, blocks in turns:
        for block in blocks:
            if block["type"] == "thinking" and block["signature"] != SIGNATURE:
                yield "Invalid `signature` in `thinking` block"
            if block["type"] == "redacted_thinking" and block["data"] != SIGNATURE:
                yield "Invalid `data` in `redacted_thinking` block"
    wish = body.get("thinking")
    if not isinstance(wish, dict) or wish.get("type") != "enabled":
        return
    budget, most = wish.get("budget_tokens"), body.get("max_tokens")
    if not isinstance(budget, int) or budget < 1024:
        yield "thinking.enabled.budget_tokens: should be at least 1024"
    elif isinstance(most, int) and budget >= most:
        yield "max_tokens must be greater than thinking.budget_tokens"
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in {"any", "tool"}:
        yield "thinking may not be enabled when tool_choice forces tool use"
    if body.get("temperature", 1) != 1 or "top_k" in body:
        yield "temperature may only be 1 when thinking is enabled, top_k unset"
    last = [blocks for role, blocks in turns if role == "assistant"][-1:]
    waiting = turns and any(b["type"] == "tool_result" for b in turns[-1][1])
    if waiting and last and "thinking" not in str(last[0][0]["type"]):
        yield "a final assistant message must start with a thinking block"


def _tools_sound(tools: list[Json], pattern: str) -> Iterator[str]:
    names = [str(tool["name"]) for tool in tools if "name" in tool]
    if len(set(names)) != len(names):
        yield "tools: tool names must be unique"
    for name in names:
        if not re.fullmatch(pattern, name):
            yield f"tools: {name!r} does not match {pattern}"


# --- Responses ----------------------------------------------------------------------


def _responses(seen: Seen) -> Iterator[str]:
    items = _items(seen.json.get("input"))
    stored = seen.json.get("previous_response_id") or seen.json.get("conversation")
    if not seen.json.get("input") and not stored and not seen.json.get("prompt"):
        yield "input: nothing is asked"
    calls = [i.get("call_id") for i in items if str(i.get("type")).endswith("_call")]
    calls = [each for each in calls if each is not None]
    outputs = [
        item["call_id"]
        for item in items
        if str(item.get("type")).endswith("_call_output")
    ]
    for missing in set(outputs) - set(calls):
        if not stored:
            yield f"No tool call found for function call output with call_id {missing}."
    for missing in set(calls) - set(outputs):
        yield f"No tool output found for function call {missing}."
    for item in items:
        sealed = item.get("encrypted_content")
        if item.get("type") == "reasoning" and sealed not in {None, SIGNATURE}:
            yield "The encrypted content could not be verified."
    tools = _items(seen.json.get("tools"))
    yield from _tools_sound(
        [tool for tool in tools if tool.get("type") in {"function", "custom"}],
        r"[a-zA-Z0-9_-]{1,64}",
    )
    yield from _strict_sound(tools)
    least = seen.json.get("max_output_tokens")
    if isinstance(least, int) and least < 16:
        yield "max_output_tokens: below the least of 16"


def _strict_sound(functions: list[Json]) -> Iterator[str]:
    for tool in functions:
        schema = tool.get("parameters")
        if not tool.get("strict") or not isinstance(schema, dict):
            continue
        if schema.get("additionalProperties") is not False:
            yield "strict: additionalProperties is required to be false"
        if set(schema.get("properties", {})) - set(schema.get("required", [])):
            yield "strict: required must list every key in properties"


# --- Chat ---------------------------------------------------------------------------


def _chat(seen: Seen) -> Iterator[str]:
    messages = _items(seen.json.get("messages"))
    if not messages:
        yield "messages: empty"
    waiting: list[object] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                yield "a message with role 'tool' must follow one with 'tool_calls'"
            else:
                waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            yield f"tool_calls without a message that responds: {waiting}"
        waiting = [call["id"] for call in _items(message.get("tool_calls"))]
        yield from _message_sound(message)
    if waiting:
        yield f"tool_calls without a message that responds: {waiting}"
    yield from _chat_wishes(seen.json)


def _message_sound(message: Json) -> Iterator[str]:
    if message["role"] == "assistant" and not (
        message.get("content") or message.get("tool_calls") or message.get("refusal")
    ):
        yield "an assistant message needs content or tool_calls"
    if "tool_calls" in message and not message["tool_calls"]:
        yield "tool_calls: array too short"
    for part in _items(message.get("content")):
        image = part.get("image_url")
        if isinstance(image, dict) and str(image["url"]).startswith("data:"):
            yield from _base64_sound(str(image["url"]).partition(",")[2])


def _chat_wishes(body: Json) -> Iterator[str]:
    tools = _items(body.get("tools"))
    inner = [tool[str(tool["type"])] for tool in tools]
    functions = [each for each in inner if isinstance(each, dict)]
    yield from _tools_sound(functions, r"[a-zA-Z0-9_-]{1,64}")
    yield from _strict_sound(functions)
    if "tools" in body and not tools:
        yield "tools: array too short"
    for wish in ("tool_choice", "parallel_tool_calls"):
        if wish in body and not tools:
            yield f"{wish}: only allowed when tools are specified"
    if len(_list(body.get("stop"))) > 4:
        yield "stop: array too long"
    if "stream_options" in body and body.get("stream") is not True:
        yield "stream_options: only allowed when stream is enabled"
    if "max_tokens" in body and "max_completion_tokens" in body:
        yield "max_tokens and max_completion_tokens are set both"


# --- Gemini -------------------------------------------------------------------------


def _gemini(seen: Seen) -> Iterator[str]:
    contents = _items(seen.json.get("contents"))
    if not contents:
        yield "contents: is not specified"
    for content in contents:
        if content.get("role", "user") not in {"user", "model", "function"}:
            yield "contents: please use a valid role: user, model"
        yield from _parts_sound(_items(content.get("parts")))
    yield from _gemini_turns(contents)
    yield from _gemini_signatures(contents)
    tools = _items(seen.json.get("tools"))
    declared = [d for tool in tools for d in _items(tool.get("functionDeclarations"))]
    yield from _tools_sound(declared, r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
    if any({"parameters", "parametersJsonSchema"} <= set(each) for each in declared):
        yield "parameters and parametersJsonSchema are mutually exclusive"
    config = seen.json.get("generationConfig")
    yield from _gemini_wishes(config if isinstance(config, dict) else {})
    choice = _inside(seen.json, "toolConfig", "functionCallingConfig")
    if choice.get("allowedFunctionNames") and choice.get("mode") not in {
        "ANY",
        "VALIDATED",
    }:
        yield "allowed_function_names is only for the modes ANY and VALIDATED"
    if set(_list(choice.get("allowedFunctionNames"))) - {d["name"] for d in declared}:
        yield "allowed_function_names: not declared"


_DATA = (
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
)


def _parts_sound(parts: list[Json]) -> Iterator[str]:
    if not parts:
        yield "contents.parts must not be empty"
    for part in parts:
        told = [name for name in _DATA if name in part]
        if len(told) != 1:
            yield "required oneof field 'data' must have one initialized field"
        signed = "thoughtSignature" in part
        if told == ["text"] and not part["text"] and not signed:
            yield "a text part is empty"


def _gemini_turns(contents: list[Json]) -> Iterator[str]:
    open_calls: list[str] = []
    before = "user"
    for content in contents:
        parts = _items(content.get("parts"))
        calls = [_name_in(part, "functionCall") for part in parts]
        calls = [name for name in calls if name]
        results = [_name_in(part, "functionResponse") for part in parts]
        results = [name for name in results if name]
        role = str(content.get("role", "user"))
        if calls and before == "model":
            yield "a function call turn must come immediately after a user turn"
        if (open_calls or results) and sorted(open_calls) != sorted(results):
            yield (
                "the number of function response parts must be equal to the number "
                "of function call parts of the function call turn"
            )
        open_calls, before = calls, role
    if open_calls:
        yield "a function call turn must be followed by its responses"


def _gemini_signatures(contents: list[Json]) -> Iterator[str]:
    """The first call of each step since the user's last words brings its signature."""
    for content in reversed(contents):
        parts = _items(content.get("parts"))
        told = any("functionResponse" in part for part in parts)
        if content.get("role", "user") == "user" and parts and not told:
            return
        calls = [part for part in parts if "functionCall" in part]
        if calls and calls[0].get("thoughtSignature") not in _SIGNATURES:
            yield (
                "Function call is missing a thought_signature in functionCall parts "
                f"(or has a foreign one): {_name_in(calls[0], 'functionCall')}"
            )


# The second is the vendor's documented word for calls that another model made.
_SIGNATURES = {
    SIGNATURE,
    "skip_thought_signature_validator",
    base64.b64encode(b"skip_thought_signature_validator").decode(),
}


def _gemini_wishes(config: Json) -> Iterator[str]:
    if len(_list(config.get("stopSequences"))) > 5:
        yield "stop_sequences: at most 5"
    schema = "responseSchema" in config or "responseJsonSchema" in config
    if schema and config.get("responseMimeType") != "application/json":
        yield "a response schema needs response_mime_type application/json"
    if {"thinkingBudget", "thinkingLevel"} <= set(_inside(config, "thinkingConfig")):
        yield "thinking_budget and thinking_level cannot be set both"


def _name_in(part: Json, kind: str) -> str:
    inner = part.get(kind)
    return str(inner.get("name")) if isinstance(inner, dict) else ""


# --- Ollama -------------------------------------------------------------------------


def _ollama(seen: Seen) -> Iterator[str]:
    for message in _items(seen.json.get("messages")):
        role = message["role"]
        if role not in {"system", "user", "assistant", "tool"}:
            yield f"invalid role: {role}"
        if role == "tool" and not message.get("tool_name"):
            yield "a tool's message does not name its tool"
        for image in _list(message.get("images")):
            yield from _base64_sound(image)
    think = seen.json.get("think")
    if isinstance(think, str) and think not in {"low", "medium", "high"}:
        yield f'invalid think value: "{think}" (must be "high", "medium", "low")'
    tools = [tool["function"] for tool in _items(seen.json.get("tools"))]
    yield from _tools_sound(_items(tools), r".+")


_RULES: dict[Protocol, Callable[[Seen], Iterator[str]]] = {
    Protocol.MESSAGES: _messages,
    Protocol.RESPONSES: _responses,
    Protocol.CHAT: _chat,
    Protocol.GEMINI: _gemini,
    Protocol.OLLAMA: _ollama,
}


def _items(value: object) -> list[Json]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _inside(value: Json, *names: str) -> Json:
    for name in names:
        inner = value.get(name)
        value = inner if isinstance(inner, dict) else {}
    return value
