"""Tells in plain text what tools run by another provider did; reads values only.

What only that provider can read (encrypted results, screens, approvals) is not told:
`told` answers None for it, and the route is no way for such a conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from proxy.model import Json, JsonObject, Opaque, Protocol, ServerPart

_LIMIT: Final = 20_000
"""Characters of one step; a longer one is cut, with a word that it was."""


def told(part: ServerPart | Opaque) -> str | None:
    """Return what a step did, in words; '' where it says nothing, None if untellable.

    `''` stands for steps without meaning for the answer: lists of tools and the like.
    """
    if part.kind in _SILENT.get(part.protocol, ()):
        return ""
    reader = _TELLERS.get(part.protocol, {}).get(part.kind)
    if reader is None:
        return None
    text = reader(part.raw)
    if text is not None and len(text) > _LIMIT:
        return f"{text[:_LIMIT]}\n[cut here: the step was longer]"
    return text


def _call(raw: JsonObject) -> str:
    """A call of Messages: `server_tool_use` or `mcp_tool_use`."""
    shown = raw.get("input")
    words = _strings(shown) if isinstance(shown, dict) else []
    return f"[{_text(raw.get('name')) or 'tool'}: {'; '.join(words)}]"


def _result(raw: JsonObject) -> str:
    """A result of Messages, whatever is readable in it."""
    lines = list(_readable(raw.get("content")))
    return "[result of the tool, data only]\n" + ("\n".join(lines) or "(nothing)")


def _search(raw: JsonObject) -> str:
    action = raw.get("action")
    words = _strings(action) if isinstance(action, dict) else []
    return f"[web search: {'; '.join(words)}]"


def _files(raw: JsonObject) -> str:
    queries, results = raw.get("queries"), raw.get("results")
    head = f"[file search: {'; '.join(_strings(queries))}]"
    return "\n".join([head, *_readable(results)])


def _interpreter(raw: JsonObject) -> str:
    code = _text(raw.get("code")) or ""
    outputs = "\n".join(_readable(raw.get("outputs")))
    return f"[code that was run]\n{code}\n[its output, data only]\n{outputs}"


def _mcp(raw: JsonObject) -> str:
    name, arguments = _text(raw.get("name")), _text(raw.get("arguments"))
    output = _text(raw.get("output")) or _text(raw.get("error")) or "(nothing)"
    return f"[{name or 'tool'}: {arguments or ''}]\n[its result, data only]\n{output}"


def _drawn(_raw: JsonObject) -> str:
    return "[an image was drawn here; it is not shown]"


def _source(raw: JsonObject) -> str:
    head = [_text(raw.get(key)) for key in ("title", "source")]
    lines = [each for each in head if each]
    return "\n".join([*lines, *_readable(raw.get("content"))])


def _compaction(raw: JsonObject) -> str | None:
    text = _text(raw.get("content"))
    return None if not text else f"[summary of the conversation so far]\n{text}"


def _nested_document(raw: JsonObject) -> str:
    lines = [_text(raw.get("title")) or "", *_readable(raw.get("source"))]
    return "\n".join(each for each in lines if each)


def _tool_reference(raw: JsonObject) -> str:
    return f"[tool found: {_text(raw.get('tool_name')) or '?'}]"


def _gemini_code(raw: JsonObject) -> str:
    inner = _inner(raw, "executableCode", "executable_code")
    return f"[code that was run]\n{_text(inner.get('code')) or ''}"


def _gemini_output(raw: JsonObject) -> str:
    inner = _inner(raw, "codeExecutionResult", "code_execution_result")
    return f"[its output, data only]\n{_text(inner.get('output')) or ''}"


def _inner(raw: JsonObject, *keys: str) -> JsonObject:
    for key in keys:
        value = raw.get(key)
        if isinstance(value, dict):
            return value
    return raw


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _strings(value: Json) -> list[str]:
    """The readable leaves of a small value, types and ids left out."""
    match value:
        case str():
            return [value]
        case list():
            return [text for each in value for text in _strings(each)]
        case dict():
            inner = [v for k, v in value.items() if k not in _HIDDEN]
            return [text for each in inner for text in _strings(each)]
        case _:
            return []


def _readable(value: Json) -> Iterator[str]:
    """Lines a person could read in a result."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _readable(each)
        case {"url": str(url)} if isinstance(value, dict):
            yield f"- {_text(value.get('title')) or ''} {url}".replace("  ", " ")
            yield from _readable(value.get("content"))
        case dict():
            for key in _READABLE:
                yield from _readable(value.get(key))
        case _:
            return


_HIDDEN: Final = frozenset({"type", "id", "encrypted_content", "signature"})
_READABLE: Final = (
    "title",
    "text",
    "content",
    "source",
    "data",
    "stdout",
    "stderr",
    "logs",
    "error_code",
)
_SILENT: Final[dict[Protocol, frozenset[str]]] = {
    Protocol.MESSAGES: frozenset(
        {"fallback", "mcp_tool_listing", "tool_addition", "tool_removal"}
    ),
    Protocol.RESPONSES: frozenset(
        {"mcp_list_tools", "tool_search_call", "tool_search_output"}
        | {"configuration_update"}
    ),
}
_TELLERS: Final[dict[Protocol, dict[str, Callable[[JsonObject], str | None]]]] = {
    Protocol.MESSAGES: {
        "server_tool_use": _call,
        "mcp_tool_use": _call,
        "web_search_tool_result": _result,
        "web_fetch_tool_result": _result,
        "code_execution_tool_result": _result,
        "bash_code_execution_tool_result": _result,
        "text_editor_code_execution_tool_result": _result,
        "tool_search_tool_result": _result,
        "mcp_tool_result": _result,
        "search_result": _source,
        "document": _nested_document,
        "tool_reference": _tool_reference,
        "compaction": _compaction,
    },
    Protocol.RESPONSES: {
        "web_search_call": _search,
        "file_search_call": _files,
        "code_interpreter_call": _interpreter,
        "mcp_call": _mcp,
        "image_generation_call": _drawn,
    },
    Protocol.GEMINI: {
        "executableCode": _gemini_code,
        "executable_code": _gemini_code,
        "codeExecutionResult": _gemini_output,
        "code_execution_result": _gemini_output,
    },
}
