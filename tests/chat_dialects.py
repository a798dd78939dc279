"""Deviating servers of Chat, and one request that has everything."""

from __future__ import annotations

from dataclasses import replace

from proxy.model import (
    Base64,
    CacheMark,
    Choice,
    FunctionTool,
    Image,
    JsonObject,
    Limits,
    Message,
    Metadata,
    Origin,
    OutputFormat,
    Protocol,
    Reasoning,
    Request,
    Role,
    Sampling,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from proxy.wire.dialect import (
    VENDOR_DIALECTS,
    Dialect,
    FormatWord,
    ReasoningBack,
    ReasoningWord,
    ResultImages,
    StrictTools,
)

VENDOR = VENDOR_DIALECTS[Protocol.CHAT]
MARKING = replace(VENDOR, cache_marks=True, cache_field="prompt_cache_breakpoint")
# What no server but the vendor's has.
OTHER = replace(
    VENDOR,
    developer_role=False,
    refusals=False,
    limit_field="max_tokens",
    custom_tools=False,
    allowed_tools=False,
    file_ids=False,
    documents=False,
    cache_key=False,
    verbosity=False,
    labels=False,
    user=False,
)
# Made up of what these servers are known for; the files have the whole of it.
DIALECTS: dict[str, Dialect] = {
    "openai": VENDOR,
    "groq": replace(
        OTHER,
        message_names=False,
        limit_field="max_completion_tokens",
        least_temperature=1e-8,
        never=("logprobs", "logit_bias", "top_logprobs"),
        always={"reasoning_format": "parsed"},
        efforts=("none", "low", "medium", "high"),
    ),
    "cerebras": replace(
        OTHER,
        limit_field="max_completion_tokens",
        strict_tools=StrictTools.ALWAYS,
        never=("frequency_penalty", "presence_penalty", "logit_bias"),
        reasoning_field="reasoning",
        reasoning_back=ReasoningBack.ALWAYS,
    ),
    "cloudflare": replace(
        OTHER,
        text_parts=False,
        null_content=False,
        output_format=FormatWord.OBJECT,
        required_word="",
        forced_tool=False,
        reasoning=ReasoningWord.NONE,
    ),
    "mistral": replace(
        OTHER,
        message_names=False,
        user_after_tool=False,
        seed_field="random_seed",
        required_word="any",
        call_id_length=9,
        reasoning=ReasoningWord.NONE,
    ),
    "openrouter": replace(
        OTHER,
        cache_marks=True,
        reasoning=ReasoningWord.REASONING,
        reasoning_back=ReasoningBack.ALWAYS,
        reasoning_field="reasoning_details",
        always={"provider": {"data_collection": "deny"}},
    ),
    "deepseek": replace(
        OTHER,
        reasoning=ReasoningWord.THINKING,
        efforts=("low", "high", "max"),
        reasoning_back=ReasoningBack.TOOL_TURN,
        output_format=FormatWord.OBJECT,
        strict_tools=StrictTools.NEVER,
        seed_field="",
    ),
    "xai": replace(
        OTHER,
        never=("presence_penalty", "frequency_penalty", "stop"),
        efforts=("low", "high"),
        user=True,
    ),
    "together": replace(OTHER, top_k=True, reasoning=ReasoningWord.NONE),
    "fireworks": replace(OTHER, top_k=True, user=True),
    "lm-studio": replace(OTHER, top_k=True, reasoning=ReasoningWord.NONE),
    "llama-cpp": replace(
        OTHER, top_k=True, reasoning=ReasoningWord.NONE, null_content=False
    ),
    "vllm": replace(OTHER, top_k=True, result_images=ResultImages.INSIDE),
    "localai": replace(
        OTHER,
        stream_usage=False,
        text_parts=False,
        reasoning=ReasoningWord.NONE,
        output_format=FormatWord.NONE,
        parallel_switch=False,
    ),
}

SERVERS = (
    "cerebras",
    "cloudflare",
    "deepseek",
    "fireworks",
    "groq",
    "llamacpp",
    "lmstudio",
    "localai",
    "mistral",
    "moonshot",
    "openai",
    "openrouter",
    "together",
    "vllm",
    "xai",
    "zai",
)

PIXEL = Image(Base64("image/png", "iVBO"), "low")
SEARCH = ServerTool(Protocol.MESSAGES, "web_search", None, {})
SCHEMA: JsonObject = {"type": "object", "properties": {"path": {"type": "string"}}}
RICH = Request(
    protocol=Protocol.MESSAGES,
    model="asked",
    system=(Text("You code."), Text("Be brief.", cache=CacheMark("1h"))),
    messages=(
        Message(Role.DEVELOPER, (Text("Today is Monday."),)),
        Message(Role.USER, (Text("What is this?"), PIXEL), name="ann"),
        Message(
            Role.ASSISTANT,
            (
                Thinking("Hm.", origin=Origin(Protocol.CHAT)),
                ToolCall("call_abc1", "read", '{"path":"a"}'),
                ToolCall("call_abc2", "now", ""),
            ),
        ),
        Message(
            Role.USER,
            (
                ToolResult("call_abc1", (Text("one"), Text("two"))),
                ToolResult("call_abc2", ()),
                Text("And now?"),
            ),
        ),
        Message(Role.ASSISTANT, (Text("No.", refusal=True),)),
        Message(Role.USER, (Text("Go on."),)),
    ),
    tools=(
        FunctionTool("read", "Reads a file.", SCHEMA, False, CacheMark()),
        FunctionTool("now"),
    ),
    tool_choice=ToolChoice(Choice.ANY),
    parallel_tools=False,
    limits=Limits(1000, stop_sequences=("END",)),
    sampling=Sampling(temperature=0, top_p=0.5, top_k=40, seed=7),
    reasoning=Reasoning(effort="medium"),
    output_format=OutputFormat("json_schema", "t", SCHEMA, strict=True),
    verbosity="low",
    cache_key="k1",
    metadata=Metadata("user-1", {"team": "a"}),
)
