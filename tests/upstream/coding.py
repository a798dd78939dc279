"""A small coding task as a script: read a file, edit it, run a command, report.

Stateless: which turn it is, which tools the client has and in which folder it
works are all read from the request, so it serves any client, in any process.
The prompt must name the folder: see `prompt_for`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
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
        return say(TITLE)
    results = tuple(_results(seen))
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
    path = f"{folder}/{FILE}"
    offered = set(_offered(seen))
    if {"Read", "Edit", "Bash"} <= offered:
        return _claude_code(path)
    if {"read", "edit", "bash"} <= offered:
        return _opencode(path)
    if "exec" in offered:
        return _codex_scripts()
    if "exec_command" in offered:
        return _codex(patches="apply_patch" in offered)
    return None


def _claude_code(path: str) -> Toolbox:
    old, new = BEFORE.strip(), AFTER.strip()
    return Toolbox(
        ToolCall.of("Read", file_path=path),
        ToolCall.of("Edit", file_path=path, old_string=old, new_string=new),
        ToolCall.of("Bash", command=COMMAND, description="Write it in capitals"),
    )


def _opencode(path: str) -> Toolbox:
    old, new = BEFORE.strip(), AFTER.strip()
    return Toolbox(
        ToolCall.of("read", filePath=path),
        ToolCall.of("edit", filePath=path, oldString=old, newString=new),
        ToolCall.of("bash", command=COMMAND, description="Write it in capitals"),
    )


def _codex(*, patches: bool) -> Toolbox:
    edit = ToolCall.of("exec_command", cmd=f"sed -i 's/old/new/' {FILE}")
    if patches:
        edit = ToolCall("apply_patch", input=_PATCH, freeform=True)
    return Toolbox(
        ToolCall.of("exec_command", cmd=f"cat {FILE}"),
        edit,
        ToolCall.of("exec_command", cmd=COMMAND),
    )


def _codex_scripts() -> Toolbox:
    return Toolbox(
        _script(f"text(await tools.exec_command({_js(cmd=f'cat {FILE}')}));"),
        _script(f"text(await tools.apply_patch({json.dumps(_PATCH)}));"),
        _script(f"text(await tools.exec_command({_js(cmd=COMMAND)}));"),
    )


def _script(source: str) -> ToolCall:
    return ToolCall("exec", input=source, freeform=True, namespace="functions")


def _js(**values: str) -> str:
    return json.dumps(values)


def _offered(seen: Seen) -> Iterator[str]:
    """Names of all tools on offer, also in groups and in the first input item."""
    groups: list[object] = [seen.json.get("tools")]
    groups += [item.get("tools") for item in _items(seen.json.get("input"))]
    while groups:
        for tool in _items(groups.pop()):
            named = tool if "name" in tool else tool.get("function")
            if isinstance(named, dict) and "name" in named:
                yield str(named["name"])
            groups.append(tool.get("tools"))


def _results(seen: Seen) -> Iterator[str]:
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
        case _:
            for message in _items(seen.json.get("messages")):
                if message.get("role") == "tool":
                    yield _words(message.get("content"))


def _words(content: object) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", part)) for part in _items(content))


def _items(value: object) -> list[Json]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]
