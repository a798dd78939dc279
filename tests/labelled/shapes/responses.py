"""The clients that speak Responses, in the shapes they were seen to send."""

from __future__ import annotations

from labelled.conversation import FOLDER, Call, Conversation, Exchange
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

CODEX_HEADERS: Headers = (
    ("User-Agent", "codex_exec/0.169.0 (Debian 13.0.0; x86_64) unknown"),
    ("originator", "codex_exec"),
    ("session-id", "example"),
    ("accept", "text/event-stream"),
    ("x-codex-turn-metadata", '{"request_kind":"turn","turn_trigger":"exec"}'),
)
_ENVIRONMENT = f"""\
<environment_context>
  <cwd>{FOLDER}</cwd>
  <shell>bash</shell>
  <current_date>2026-11-21</current_date>
  <timezone>Etc/UTC</timezone>
</environment_context>"""
_SKILLS = """\
<skills_instructions>
## Skills
A skill is a folder with instructions: fix-typo, security-review, run-all-tests.
</skills_instructions>"""
_PERMISSIONS = """\
<permissions instructions>
All commands are permitted. Think hard before a destructive one.
</permissions instructions>"""
_HANDED_OVER = (
    "Another language model started to solve this problem and produced a summary of "
    "its thinking process. Here is the summary:\n"
)
_ABORTED = """\
<turn_aborted>
The user stopped the turn before this one on purpose.
</turn_aborted>"""
_FUNCTIONS = [
    "exec_command",
    "write_stdin",
    "request_user_input",
    "view_image",
    "get_goal",
    "create_goal",
    "update_goal",
]
_CONTINUE_TOOLS = [
    "Read",
    "Write",
    "List",
    "Bash",
    "Fetch",
    "Checklist",
    "CheckBackgroundJob",
    "AskQuestion",
    "MultiEdit",
    "Exit",
    "Skills",
]


def message(role: str, *texts: str) -> Json:
    """A message that is no answer, of one role."""
    content = [{"type": "input_text", "text": said} for said in texts]
    return {"type": "message", "role": role, "content": content}


def answer(said: str, marked: str) -> Json:
    """What the model said before."""
    content: Json = {"type": "output_text", "text": said, "annotations": []}
    made: Json = {"type": "message", "role": "assistant", "id": marked}
    return made | {"status": "completed", "content": [content]}


def functions(names: list[str]) -> list[Json]:
    """Functions by name; each says what it is for."""
    return [
        {
            "type": "function",
            "name": name,
            "description": told(at),
            "strict": False,
            "parameters": schema("path", "text"),
        }
        for at, name in enumerate(names)
    ]


def _tools() -> list[Json]:
    agents: Json = {
        "type": "namespace",
        "name": "multi_agent_v1",
        "description": told(4),
        "tools": functions(["spawn_agent", "wait_agent"]),
    }
    return [*functions(_FUNCTIONS), agents, {"type": "web_search"}]


def codex_input(talk: Conversation) -> list[Json]:
    """The items as Codex writes them."""
    made = [
        message("developer", SYSTEM),
        message("developer", _SKILLS, _PERMISSIONS),
    ]
    if talk.rules:
        said = f"# AGENTS.md instructions for {FOLDER}\n\n<INSTRUCTIONS>\n{talk.rules}"
        made.append(message("user", f"{said}</INSTRUCTIONS>"))
    made.append(message("user", _ENVIRONMENT))
    for at, exchange in enumerate(talk.exchanges):
        if exchange is talk.newest and talk.before:
            made.append(message("user", _ABORTED))
        made.append(message("user", exchange.human))
        if exchange is talk.newest and talk.summary:
            # Compacted within a turn: the summary stands behind the human text.
            made.append(message("user", _HANDED_OVER + talk.summary))
        made += _worked(exchange, at, scripted=True)
    return made


def _worked(exchange: Exchange, serial: int, *, scripted: bool) -> list[Json]:
    made: list[Json] = []
    for at, step in enumerate(exchange.steps):
        made.append(
            {
                "type": "reasoning",
                "id": f"rs_{serial}_{at}",
                "summary": [],
                "encrypted_content": "bWFkZS11cA==",
            }
        )
        if step.said:
            made.append(answer(step.said, f"msg_{serial}_{at}"))
        for number, call in enumerate(step.calls):
            name, given = _codex_call(call) if scripted else _continue_call(call)
            made.append(
                {
                    "type": "function_call",
                    "name": name,
                    "arguments": text_of(given),
                    "call_id": f"call_{serial}_{at}_{number}",
                }
            )
        made += [
            {
                "type": "function_call_output",
                "call_id": f"call_{serial}_{at}_{number}",
                "output": _output(call),
            }
            for number, call in enumerate(step.calls)
        ]
    if exchange.ended is not None:
        made.append(answer(exchange.ended, f"msg_{serial}"))
    return made


def _codex_call(call: Call) -> tuple[str, Json]:
    if call.kind == "picture":
        return "view_image", {"path": call.subject}
    commands = {
        "read": f"cat {call.subject}",
        "edit": f"sed -i s/sys/os/ {call.subject}",
    }
    return "exec_command", {"cmd": commands.get(call.kind, call.subject)}


def _continue_call(call: Call) -> tuple[str, Json]:
    names = {"read": "Read", "picture": "Read", "edit": "MultiEdit", "run": "Bash"}
    return names[call.kind], arguments(call, "filepath")


def _output(call: Call) -> object:
    if call.picture:
        address = f"data:image/png;base64,{call.picture}"
        return [{"type": "input_image", "image_url": address}]
    code = 2 if call.failed else 0
    return f"Wall time: 0.01 seconds\nProcess exited with code {code}\n{call.result}"


def _codex(talk: Conversation) -> Json:
    return {
        "model": "turnout-code",
        "stream": True,
        "input": codex_input(talk),
        "tools": _tools(),
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"summary": "auto"},
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "example",
    }


def _continue(talk: Conversation) -> Json:
    made = [message("developer", SYSTEM)]
    for at, exchange in enumerate(talk.exchanges):
        made.append(message("user", exchange.human))
        made += _worked(exchange, at, scripted=False)
    return {
        "model": "gpt-5.6",
        "input": made,
        "stream": True,
        "tools": functions(_CONTINUE_TOOLS),
        "parallel_tool_calls": False,
    }


CODEX = Shape("codex", Protocol.RESPONSES, "/v1/responses", CODEX_HEADERS, _codex)
CONTINUE = Shape(
    "continue",
    Protocol.RESPONSES,
    "/v1/responses",
    (("user-agent", "ls/JS 5.23.2"),),
    _continue,
)
