"""Gemini CLI, in the shapes it was seen to send."""

from __future__ import annotations

from labelled.conversation import FOLDER, Call, Conversation, Exchange
from labelled.shapes.shape import (
    SYSTEM,
    Headers,
    Json,
    Shape,
    arguments,
    schema,
    told,
)

from proxy.model import Protocol

HEADERS: Headers = (
    (
        "User-Agent",
        "GeminiCLI-tui/0.61.0/gemini-3.1-pro-preview (linux; x64; terminal)",
    ),
    ("x-goog-api-client", "google-genai-sdk/1.30.0 gl-node/v24.21.0"),
)
CONTEXT = f"""\
<session_context>
This is the Gemini CLI. We are setting up the context for our chat.
Today's date is Saturday, November 21, 2026.
My operating system is: linux
- **Workspace Directories:**
  - {FOLDER}

{FOLDER}/
├───fix-typo.md
├───deadlock-root-cause.md
└───src/...

</session_context>"""
_TOOLS = [
    "update_topic",
    "list_directory",
    "read_file",
    "grep_search",
    "glob",
    "replace",
    "write_file",
    "web_fetch",
    "run_shell_command",
    "list_background_processes",
    "read_background_output",
    "google_web_search",
    "enter_plan_mode",
    "invoke_agent",
    "activate_skill",
]
_NAMES = {
    "read": "read_file",
    "picture": "read_file",
    "edit": "replace",
    "run": "run_shell_command",
}
GENERATION: Json = {
    "temperature": 1,
    "topP": 0.95,
    "topK": 64,
    "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
}


def turn(role: str, *texts: str) -> Json:
    """A turn of one role."""
    return {"parts": [{"text": said} for said in texts], "role": role}


def contents(talk: Conversation) -> list[Json]:
    """The turns as Gemini CLI writes them."""
    made: list[Json] = []
    before: tuple[str, ...] = (CONTEXT,)
    if talk.summary:
        snapshot = f"<state_snapshot>\n{talk.summary}</state_snapshot>"
        made.append(turn("user", CONTEXT, snapshot))
        made.append(turn("model", "Got it. Thanks for the additional context!"))
        before = ()
    for at, exchange in enumerate(talk.exchanges):
        made.append(turn("user", *before, exchange.human))
        made += _worked(exchange, at)
        before = ()
    return made


def _worked(exchange: Exchange, serial: int) -> list[Json]:
    made: list[Json] = []
    for at, step in enumerate(exchange.steps):
        asked: list[Json] = [{"text": step.said}] if step.said else []
        results: list[Json] = []
        for number, call in enumerate(step.calls):
            name = _NAMES[call.kind]
            called = {
                "id": f"{name}_{serial}_{at}_{number}",
                "args": arguments(call, "file_path"),
                "name": name,
            }
            asked.append({"functionCall": called, "thoughtSignature": "bWFkZS11cA=="})
            results += _results(call, f"{name}_{serial}_{at}_{number}", name)
        made.append({"parts": asked, "role": "model"})
        made.append({"parts": results, "role": "user"})
    if exchange.ended is not None:
        made.append(turn("model", exchange.ended))
    return made


def _results(call: Call, marked: str, name: str) -> list[Json]:
    field = "error" if call.failed else "output"
    answer = {"name": name, "response": {field: call.result}, "id": marked}
    made: list[Json] = [{"functionResponse": answer}]
    if call.picture:
        data = {"mimeType": "image/png", "data": call.picture}
        made.append({"inlineData": data})
    return made


def _gemini_cli(talk: Conversation) -> Json:
    declared = [
        {"name": name, "description": told(at), "parametersJsonSchema": schema("path")}
        for at, name in enumerate(_TOOLS)
    ]
    system = SYSTEM + (f"\n# From GEMINI.md\n{talk.rules}" if talk.rules else "")
    return {
        "contents": contents(talk),
        "systemInstruction": turn("user", system),
        "tools": [{"functionDeclarations": declared}],
        "generationConfig": GENERATION,
    }


GEMINI_CLI = Shape(
    "gemini-cli",
    Protocol.GEMINI,
    "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse",
    HEADERS,
    _gemini_cli,
)
