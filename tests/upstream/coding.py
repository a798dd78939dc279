"""A small coding task as a script: read a file, edit it, run a command, report.

Stateless: which turn it is, which tools the client has and in which folder it
works are all read from the request, so it serves any client, in any process. A gateway
may stand between: tools are known by their names or by what it made of them, and free
text is asked for as the field of a function where that is what is offered.
The prompt must name the folder: see `prompt_for`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from upstream.record import Ask, Seen
from upstream.turns import Answer, Part, Text, Thinking, Tokens, ToolCall, say

FILE = "greeting.txt"
BEFORE = "hello, old world\n"
AFTER = "hello, new world\n"
MADE = "shout.txt"
SHOUT = "HELLO, NEW WORLD\n"
COMMAND = f"tr a-z A-Z < {FILE} > {MADE} && cat {MADE}"
FINAL = "The greeting now says new world, and shout.txt repeats it loudly."
TITLE = "A louder greeting"
THOUGHT = "The file has to be read before it is changed."
TURNS = 4

_PATCH = f"""*** Begin Patch
*** Update File: {FILE}
@@
-{BEFORE.strip()}
+{AFTER.strip()}
*** End Patch
"""

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The client's own tools for the three steps."""

    read: ToolCall
    edit: ToolCall
    run: ToolCall


def prompt_for(folder: Path) -> str:
    """The user's words that start the task in this folder."""
    return (
        f"Folder: {folder} . Read {FILE}, let it say new world instead of "
        f"old world, then write it in capitals to {MADE}."
    )


def prepare(folder: Path) -> None:
    """Put the task's file into a folder."""
    (folder / FILE).write_text(BEFORE)


def tokens_of(turn: int) -> Tokens:
    """What the scripted provider counts in a turn, from 1; each is different."""
    return Tokens(1000 + turn, 100 * turn, 0, 20 + turn, 0)


def coding_task(seen: Seen) -> Answer:
    """The model's answer to one request of the task."""
    tools = toolbox(seen)
    if tools is None:
        schema = wanted_schema(seen)
        return say(TITLE if schema is None else json.dumps(example_of(schema)))
    results = tuple(results_in(seen))
    turn = len(results) + 1
    steps = (tools.read, tools.edit, tools.run)
    missing = _missing(results)
    if missing:
        return say(f"FAILED: {missing}", tokens=tokens_of(turn))
    if turn > len(steps):
        return say(FINAL, tokens=tokens_of(turn))
    parts: tuple[Part, ...] = (Text(f"Step {turn}."), steps[turn - 1])
    if turn == 1:
        parts = (Thinking(THOUGHT), *parts)
    return Answer(parts, tokens_of(turn))


def wanted_schema(seen: Seen) -> Json | None:
    """The JSON Schema that the answer must have, in any protocol; None if none."""
    body = seen.json
    forms = (
        ("output_config", "format", "schema"),
        ("text", "format", "schema"),
        ("response_format", "json_schema", "schema"),
        ("generationConfig", "responseJsonSchema"),
        ("generationConfig", "responseSchema"),
        ("format",),
    )
    for names in forms:
        value: object = body
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, dict):
            return value
    return None


def example_of(schema: object) -> object:
    """A small value that a schema allows: first words, no optional fields."""
    if not isinstance(schema, dict):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    kind = str(schema.get("type", "object")).lower()
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: example_of(fields[name]) for name in schema.get("required", [])}
    made = {"array": [], "string": "x", "integer": 1, "number": 1, "boolean": True}
    return made.get(kind)


def _missing(results: tuple[str, ...]) -> str:
    """What a tool's result should have shown and did not."""
    wanted = {0: BEFORE.strip(), 2: SHOUT.strip()}
    for index, words in wanted.items():
        if index < len(results) and words not in results[index]:
            return f"step {index + 1} gave {results[index][:500]}"
    return ""


def toolbox(seen: Seen) -> Toolbox | None:
    """The calls this client understands, or None where it offers no tools."""
    folder = seen.find(r"Folder: ([^\s\"\\]+)") or "."
    offered = tuple(offered_by(seen))
    named = {plain_name(tool.name) for tool in offered}
    wanted = _wanted(f"{folder}/{FILE}", named)
    if wanted is None:
        return None
    return Toolbox(*(as_offered(call, offered) for call in wanted))


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool on offer; `field` is the only field of a function's object, if it is."""

    name: str
    namespace: str | None
    freeform: bool
    field: str | None


_Steps = tuple[ToolCall, ToolCall, ToolCall]


def _wanted(path: str, named: set[str]) -> _Steps | None:
    if {"Read", "Edit", "Bash"} <= named:
        return _claude_code(path)
    if {"read", "edit", "bash"} <= named:
        return _opencode(path)
    if {"read_file", "replace", "run_shell_command"} <= named:
        return _gemini_cli(path)
    if {"read_file", "edit", "run_shell_command"} <= named:
        return _qwen_code(path)
    if {"Read", "MultiEdit", "Bash"} <= named:
        return _continue(path)
    if {"read", "edit", "exec", "process"} <= named:
        return _openclaw(path)
    if "exec" in named:
        return _codex_scripts()
    if "exec_command" in named:
        return _codex(patches="apply_patch" in named)
    return None


def plain_name(name: str) -> str:
    """The client's own name in what a gateway made of it (`group__name`)."""
    return re.split(r"__|\.|-{2}", name)[-1]


def as_offered(call: ToolCall, offered: tuple[Offer, ...]) -> ToolCall:
    """The call as this provider may make it: the tool by its name on this side."""
    same = [tool for tool in offered if tool.name == call.name]
    tool = (same or [tool for tool in offered if plain_name(tool.name) == call.name])[0]
    call = replace(call, name=tool.name, namespace=tool.namespace or call.namespace)
    if not call.freeform or tool.freeform:
        return call
    return ToolCall(
        tool.name, ((tool.field or "input", call.input),), namespace=tool.namespace
    )


def _claude_code(path: str) -> _Steps:
    old, new = BEFORE.strip(), AFTER.strip()
    return (
        ToolCall.of("Read", file_path=path),
        ToolCall.of("Edit", file_path=path, old_string=old, new_string=new),
        ToolCall.of("Bash", command=COMMAND, description="Write it in capitals"),
    )


def _gemini_cli(path: str) -> _Steps:
    old, new = BEFORE.strip(), AFTER.strip()
    changed = {"old_string": old, "new_string": new, "instruction": "Say new world."}
    return (
        ToolCall.of("read_file", file_path=path),
        ToolCall.of("replace", file_path=path, **changed),
        ToolCall.of("run_shell_command", command=COMMAND, description="In capitals"),
    )


def _qwen_code(path: str) -> _Steps:
    old, new = BEFORE.strip(), AFTER.strip()
    return (
        ToolCall.of("read_file", file_path=path),
        ToolCall.of("edit", file_path=path, old_string=old, new_string=new),
        ToolCall.of("run_shell_command", command=COMMAND, is_background=False),
    )


def _continue(path: str) -> _Steps:
    change = {"old_string": BEFORE.strip(), "new_string": AFTER.strip()}
    return (
        ToolCall.of("Read", filepath=path),
        ToolCall.of("MultiEdit", file_path=path, edits=[change]),
        ToolCall.of("Bash", command=COMMAND),
    )


def _openclaw(path: str) -> _Steps:
    """It works in a folder of its own, so it is told where."""
    change = {"oldText": BEFORE.strip(), "newText": AFTER.strip()}
    folder = path.removesuffix(f"/{FILE}")
    return (
        ToolCall.of("read", path=path),
        ToolCall.of("edit", path=path, edits=[change]),
        ToolCall.of("exec", command=COMMAND, workdir=folder),
    )


def _opencode(path: str) -> _Steps:
    old, new = BEFORE.strip(), AFTER.strip()
    return (
        ToolCall.of("read", filePath=path),
        ToolCall.of("edit", filePath=path, oldString=old, newString=new),
        ToolCall.of("bash", command=COMMAND, description="Write it in capitals"),
    )


def _codex(*, patches: bool) -> _Steps:
    edit = ToolCall.of("exec_command", cmd=f"sed -i 's/old/new/' {FILE}")
    if patches:
        edit = ToolCall("apply_patch", input=_PATCH, freeform=True)
    return (
        ToolCall.of("exec_command", cmd=f"cat {FILE}"),
        edit,
        ToolCall.of("exec_command", cmd=COMMAND),
    )


def _codex_scripts() -> _Steps:
    return (
        _script(f"text(await tools.exec_command({_js(cmd=f'cat {FILE}')}));"),
        _script(f"text(await tools.apply_patch({json.dumps(_PATCH)}));"),
        _script(f"text(await tools.exec_command({_js(cmd=COMMAND)}));"),
    )


def _script(source: str) -> ToolCall:
    return ToolCall("exec", input=source, freeform=True, namespace="functions")


def _js(**values: str) -> str:
    return json.dumps(values)


def offered_by(seen: Seen) -> Iterator[Offer]:
    """All tools on offer, also in groups and in the first input item."""
    groups: list[tuple[str | None, object]] = [(None, seen.json.get("tools"))]
    groups += [(None, item.get("tools")) for item in _items(seen.json.get("input"))]
    while groups:
        group, tools = groups.pop()
        for tool in _items(tools):
            groups.append((None, tool.get("functionDeclarations")))
            if tool.get("type") == "namespace":
                groups.append((str(tool["name"]), tool.get("tools")))
                continue
            kind = str(tool.get("type"))
            inner = tool.get(kind)
            named = inner if isinstance(inner, dict) else tool
            if "name" in named:
                custom = kind == "custom" and "input_schema" not in tool
                yield Offer(str(named["name"]), group, custom, _only_field(named))


def _only_field(tool: Json) -> str | None:
    for name in ("input_schema", "parameters", "parametersJsonSchema"):
        schema = tool.get(name)
        fields = schema.get("properties") if isinstance(schema, dict) else None
        if isinstance(fields, dict) and len(fields) == 1:
            return str(next(iter(fields)))
    return None


def results_in(seen: Seen) -> Iterator[str]:
    """What the client's tools gave, in order."""
    match seen.ask:
        case Ask.MESSAGES:
            for message in _items(seen.json.get("messages")):
                for block in _items(message.get("content")):
                    if block.get("type") == "tool_result":
                        yield _words(block.get("content"))
        case Ask.RESPONSES:
            for item in _items(seen.json.get("input")):
                if str(item.get("type")).endswith("_call_output"):
                    yield _words(item.get("output"))
        case Ask.GEMINI:
            yield from _gemini_results(seen)
        case _:
            for message in _items(seen.json.get("messages")):
                if message.get("role") == "tool":
                    yield _words(message.get("content"))


def _gemini_results(seen: Seen) -> Iterator[str]:
    for content in _items(seen.json.get("contents")):
        for part in _items(content.get("parts")):
            if isinstance(found := part.get("functionResponse"), dict):
                yield json.dumps(found.get("response"), ensure_ascii=False)


def _words(content: object) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", part)) for part in _items(content))


def _items(value: object) -> list[Json]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]
