"""Carries tools that OpenAI defines and the client runs: shells and patches; pure.

Models of other makers do not know them, so they go as functions whose arguments are
the very action or operation of the client's item; calls and results of the history go
likewise, and a new call becomes the client's own kind of item again. Shapes:
`response_input_item_param.py` of the `openai` SDK 3.51.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import msgspec

from proxy.model import (
    FunctionTool,
    Json,
    JsonObject,
    Message,
    Opaque,
    Part,
    Protocol,
    ServerTool,
    Text,
    ToolCall,
    ToolResult,
)
from proxy.translation.reach import Reach
from proxy.wire.fields import json_text

HOSTED: Final = ""
"""The group these tools stand in: one that no client can name."""

_TEXT: Final[JsonObject] = {"type": "string"}
_WHOLE: Final[JsonObject] = {"type": "integer"}


@dataclass(frozen=True, slots=True)
class _Kind:
    """One such tool: its call's item, the member that holds what to do, its schema."""

    item: str
    member: str
    prefix: str
    description: str
    properties: JsonObject
    required: tuple[str, ...]

    @property
    def schema(self) -> JsonObject:
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }


_KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "local_shell": _Kind(
            "local_shell_call",
            "action",
            "lsh",
            "Run one command on the user's machine and read its output.",
            {
                "command": {
                    "type": "array",
                    "items": dict(_TEXT),
                    "description": "The program and its arguments, one entry each.",
                },
                "env": {
                    "type": "object",
                    "description": "Environment variables to set, by name.",
                    "additionalProperties": dict(_TEXT),
                },
                "working_directory": dict(_TEXT),
                "timeout_ms": dict(_WHOLE),
                "user": dict(_TEXT),
            },
            ("command",),
        ),
        "shell": _Kind(
            "shell_call",
            "action",
            "sh",
            "Run shell commands on the user's machine and read their output.",
            {
                "commands": {
                    "type": "array",
                    "items": dict(_TEXT),
                    "description": "The commands, each one line for the shell.",
                },
                "timeout_ms": dict(_WHOLE),
                "max_output_length": {
                    **_WHOLE,
                    "description": "The most characters of output to give back.",
                },
            },
            ("commands",),
        ),
        "apply_patch": _Kind(
            "apply_patch_call",
            "operation",
            "apc",
            "Create, change or delete one file.",
            {
                "type": {
                    "type": "string",
                    "enum": ["create_file", "update_file", "delete_file"],
                },
                "path": {
                    **_TEXT,
                    "description": "The file, relative to the root of the workspace.",
                },
                "diff": {
                    **_TEXT,
                    "description": "What changes, without file headers: each line "
                    "begins with a space (kept), - (taken away) or + (added), each "
                    "place with a line @@. A new file has lines with + only. Left "
                    "out to delete.",
                },
            },
            ("type", "path"),
        ),
    }
)
_BY_ITEM: Final = MappingProxyType({each.item: name for name, each in _KINDS.items()})
_OUTPUTS: Final = frozenset(f"{each}_output" for each in _BY_ITEM)


def goes_as_function(reach: Reach) -> bool:
    """Whether the target knows none of these tools; OpenAI's own models do."""
    return reach.source is Protocol.RESPONSES and not (
        reach.same and reach.dialect.custom_tools
    )


def function_of(tool: ServerTool) -> FunctionTool | None:
    """Return a tool as a function; None for those the provider runs itself."""
    kind = _KINDS.get(tool.type)
    if kind is None or tool.protocol is not Protocol.RESPONSES:
        return None
    place = tool.raw.get("environment")
    if isinstance(place, dict) and place.get("type") != "local":
        return None
    skills = place.get("skills") if isinstance(place, dict) else None
    told = "\n".join([kind.description, *_skills(skills)])
    return FunctionTool(tool.type, told, kind.schema)


def _skills(skills: Json) -> list[str]:
    entries = skills if isinstance(skills, list) else []
    return [
        f"Skill {each.get('name')} in {each.get('path')}: {each.get('description')}"
        for each in entries
        if isinstance(each, dict)
    ]


def with_calls(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return messages with calls and results in place of such items."""
    ids: dict[str, str] = {}
    return tuple(
        replace(each, parts=tuple(_opened(part, ids) for part in each.parts))
        if any(is_hosted_item(part) for part in each.parts)
        else each
        for each in messages
    )


def is_hosted_item(part: Part) -> bool:
    """Whether a part is a call of such a tool, or what came of one."""
    return isinstance(part, Opaque) and (part.kind in _BY_ITEM or part.kind in _OUTPUTS)


def _opened(part: Part, ids: dict[str, str]) -> Part:
    if not isinstance(part, Opaque) or not is_hosted_item(part):
        return part
    own, called = _string(part.raw, "id"), _string(part.raw, "call_id")
    if part.kind in _OUTPUTS:
        # The result of a local shell names its call in `id`.
        return _result(part, called or ids.get(own, own))
    if own:
        ids[own] = called
    name = _BY_ITEM[part.kind]
    kind = _KINDS[name]
    action = part.raw.get(kind.member)
    told = dict(action) if isinstance(action, dict) else {}
    if told.get("type") == "exec":
        del told["type"]
    arguments = json_text({key: each for key, each in told.items() if each is not None})
    return ToolCall(called, name, arguments, namespace=HOSTED)


def _result(part: Opaque, call_id: str) -> ToolResult:
    output = part.raw.get("output")
    text = output if isinstance(output, str) else json_text(output)
    told = (Text(text),) if output else ()
    failed = part.raw.get("status") == "failed"
    judged = part.kind == "apply_patch_call_output"
    return ToolResult(call_id, told, is_error=failed if judged else None)


def item_of(name: str, call_id: str, arguments: str) -> Opaque | None:
    """Return a call as the client's own kind of item.

    `name` is the tool's. None where the arguments are none of this tool's.
    """
    kind, told = _KINDS.get(name), _object(arguments)
    if kind is None or told is None:
        return None
    inner = told.get(kind.member)
    if isinstance(inner, dict):
        told = inner
    done = _DONE[name](told)
    if done is None:
        return None
    raw: dict[str, Json] = {
        "type": kind.item,
        "id": f"{kind.prefix}_{call_id}",
        "call_id": call_id,
        kind.member: done,
        "status": "completed",
    }
    if name == "shell":
        raw["environment"] = {"type": "local"}
    return Opaque(Protocol.RESPONSES, kind.item, raw)


def _local_shell(told: dict[str, Json]) -> Json:
    command = _strings(told.get("command"), ["bash", "-lc"])
    env = told.get("env")
    named = env if isinstance(env, dict) else {}
    words: Json = {key: _word(each) for key, each in named.items()}
    action: dict[str, Json] = {"type": "exec", "command": command, "env": words}
    for key in ("working_directory", "user"):
        if isinstance(told.get(key), str):
            action[key] = told[key]
    return None if command is None else action | _measured(told, "timeout_ms")


def _shell(told: dict[str, Json]) -> Json:
    commands = _strings(told.get("commands"), [])
    if commands is None:
        return None
    limits = _measured(told, "timeout_ms", "max_output_length")
    return {"commands": commands, **limits}


def _apply_patch(told: dict[str, Json]) -> Json:
    word, path, diff = (told.get(key) for key in ("type", "path", "diff"))
    if not isinstance(path, str):
        return None
    if word == "delete_file":
        return {"type": word, "path": path}
    if word in {"create_file", "update_file"} and isinstance(diff, str):
        return {"type": word, "path": path, "diff": diff}
    return None


_DONE: Final = MappingProxyType(
    {"local_shell": _local_shell, "shell": _shell, "apply_patch": _apply_patch}
)


def _strings(value: Json, before: list[Json]) -> list[Json] | None:
    """A list of strings; one string alone stands behind `before`."""
    if isinstance(value, str):
        return [*before, value]
    if isinstance(value, list) and value and all(isinstance(x, str) for x in value):
        return value
    return None


def _measured(told: dict[str, Json], *keys: str) -> dict[str, Json]:
    return {key: told[key] for key in keys if type(told.get(key)) is int}


def _word(value: Json) -> str:
    return value if isinstance(value, str) else json_text(value)


def _object(text: str) -> dict[str, Json] | None:
    try:
        value: Json = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _string(raw: JsonObject, key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""
