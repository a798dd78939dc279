"""The clients that speak Chat Completions or Ollama's chat, as they were seen to."""

from __future__ import annotations

from labelled.conversation import Call, Conversation, Exchange
from labelled.shapes.shape import (
    SYSTEM,
    Headers,
    Json,
    Shape,
    arguments,
    schema,
    text_of,
    told,
)

from proxy.model import Protocol

OPENCODE_HEADERS: Headers = (
    ("User-Agent", "opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14"),
    ("x-session-id", "ses_example"),
)
QWEN_HEADERS: Headers = (("user-agent", "QwenCode/0.15.10 (linux; x64)"),)
AIDER_HEADERS: Headers = (("user-agent", "litellm/1.109.1"),)
WEB_HEADERS: Headers = (("user-agent", "Python/3.12 aiohttp/3.14"),)
_OPENCODE_TOOLS = [
    "bash",
    "edit",
    "glob",
    "grep",
    "read",
    "skill",
    "task",
    "todowrite",
    "webfetch",
    "write",
]
_QWEN_TOOLS = [
    "agent",
    "skill",
    "list_directory",
    "read_file",
    "grep_search",
    "glob",
    "edit",
    "write_file",
    "run_shell_command",
    "save_memory",
    "todo_write",
    "web_fetch",
]
_OPENCODE_NAMES = {"read": "read", "picture": "read", "edit": "edit", "run": "bash"}
_QWEN_NAMES = {
    "read": "read_file",
    "picture": "read_file",
    "edit": "edit",
    "run": "run_shell_command",
}
_AIDER_SYSTEM = """\
Act as an expert software developer. Answer with edit blocks in the form that follows.
A refactoring of the whole architecture needs a plan; a typo does not.
"""
_AIDER_FILES = """\
I have *added these files to the chat* so you can go ahead and edit them.

src/app.py
```
import sys


def main():
    ...
```
"""


def message(role: str, content: object) -> Json:
    """A message of one role."""
    return {"role": role, "content": content}


def functions(names: list[str]) -> list[Json]:
    """Functions by name; each says what it is for."""
    made: list[Json] = []
    for at, name in enumerate(names):
        described: Json = {"name": name, "description": told(at)}
        described["parameters"] = schema("path", "text")
        made.append({"type": "function", "function": described})
    return made


def _worked(exchange: Exchange, serial: int, names: dict[str, str]) -> list[Json]:
    made: list[Json] = []
    for at, step in enumerate(exchange.steps):
        marked = [f"call_{serial}_{at}_{n}" for n in range(len(step.calls))]
        calls = [
            {
                "id": mark,
                "type": "function",
                "function": {
                    "name": names[call.kind],
                    "arguments": text_of(arguments(call, "filePath")),
                },
            }
            for mark, call in zip(marked, step.calls, strict=True)
        ]
        made.append(message("assistant", step.said) | {"tool_calls": calls})
        for mark, call in zip(marked, step.calls, strict=True):
            made.append(message("tool", call.result) | {"tool_call_id": mark})
        if names is _OPENCODE_NAMES:
            made += _pictures(step.calls)
    if exchange.ended is not None:
        made.append(message("assistant", exchange.ended))
    return made


def _pictures(calls: tuple[Call, ...]) -> list[Json]:
    """opencode sends pictures of results as a message that no human wrote."""
    return [
        message(
            "user",
            [
                {"type": "text", "text": "Attached media from tool result:"},
                {
                    "type": "image_url",
                    "image_url": {"url": f"data:image/png;base64,{call.picture}"},
                },
            ],
        )
        for call in calls
        if call.picture
    ]


def _streamed(model: str, messages: list[Json]) -> Json:
    return {
        "model": model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def opencode_messages(talk: Conversation) -> list[Json]:
    """The messages as opencode writes them; `run` puts quotes around its prompt."""
    system = SYSTEM
    if talk.rules:
        system += f"\nInstructions from: /home/user/project/AGENTS.md\n{talk.rules}"
    made = [message("system", system)]
    for at, exchange in enumerate(talk.exchanges):
        alone = len(talk.exchanges) == 1
        made.append(message("user", f'"{exchange.human}"' if alone else exchange.human))
        made += _worked(exchange, at, _OPENCODE_NAMES)
    return made


def _opencode(talk: Conversation) -> Json:
    body = _streamed("gpt-5.6", opencode_messages(talk))
    return body | {
        "max_tokens": 32_000,
        "reasoning_effort": "medium",
        "tools": functions(_OPENCODE_TOOLS),
        "tool_choice": "auto",
    }


def _qwen(talk: Conversation) -> Json:
    made = [message("system", SYSTEM)]
    for at, exchange in enumerate(talk.exchanges):
        made.append(message("user", [{"type": "text", "text": exchange.human}]))
        made += _worked(exchange, at, _QWEN_NAMES)
    body = _streamed("qwen3-coder-plus", made)
    return body | {"max_tokens": 8000, "tools": functions(_QWEN_TOOLS)}


def _aider(talk: Conversation) -> Json:
    """It offers no tools; the files stand in the chat."""
    made = [message("system", _AIDER_SYSTEM)]
    for exchange in talk.exchanges[:-1]:
        made.append(message("user", exchange.human))
        made.append(message("assistant", exchange.ended or "Ok."))
    made.append(message("user", _AIDER_FILES))
    made.append(
        message("assistant", "Ok, any changes I propose will be to those files.")
    )
    made.append(message("user", talk.newest.human))
    return {"model": "gpt-5.6", "messages": made, "stream": True}


def _plain(talk: Conversation) -> list[Json]:
    made = [message("system", "You are a helpful assistant.")]
    for exchange in talk.exchanges[:-1]:
        made.append(message("user", exchange.human))
        made.append(message("assistant", exchange.ended or "Ok."))
    made.append(message("user", talk.newest.human))
    return made


def _unknown(talk: Conversation) -> Json:
    return _streamed("gpt-5.6", _plain(talk))


def _n8n(talk: Conversation) -> Json:
    return {"model": "gpt-5.6", "messages": _plain(talk), "temperature": 0.7}


def _ollama(talk: Conversation) -> Json:
    return {"model": "qwen3-coder", "messages": _plain(talk), "stream": True}


_PATH = "/v1/chat/completions"
OPENCODE = Shape("opencode", Protocol.CHAT, _PATH, OPENCODE_HEADERS, _opencode)
QWEN_CODE = Shape("qwen-code", Protocol.CHAT, _PATH, QWEN_HEADERS, _qwen)
AIDER = Shape("aider", Protocol.CHAT, _PATH, AIDER_HEADERS, _aider, tools=False)
N8N = Shape(
    "n8n",
    Protocol.CHAT,
    _PATH,
    (("user-agent", "OpenAI/JS 5.12.2"),),
    _n8n,
    tools=False,
)
WEB = Shape("unknown", Protocol.CHAT, _PATH, WEB_HEADERS, _unknown, tools=False)
OLLAMA = Shape(
    "unknown", Protocol.OLLAMA, "/api/chat", WEB_HEADERS, _ollama, tools=False
)
