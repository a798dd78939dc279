from __future__ import annotations

from typing import Any

import pytest

from proxy.model import Json, Opaque, Protocol, ServerPart
from proxy.translation.server_steps import told

_M, _R, _G = Protocol.MESSAGES, Protocol.RESPONSES, Protocol.GEMINI


@pytest.mark.parametrize(
    ("protocol", "kind", "raw", "words"),
    [
        (
            _M,
            "server_tool_use",
            {"name": "code", "input": {"code": "1+1"}},
            ["code: 1+1"],
        ),
        (_M, "mcp_tool_use", {"name": "t", "input": {}}, ["[t: ]"]),
        (
            _M,
            "code_execution_tool_result",
            {"content": {"type": "r", "stdout": "2", "return_code": 0}},
            ["data only", "2"],
        ),
        (
            _M,
            "web_search_tool_result",
            {"content": {"type": "error", "error_code": "max_uses_exceeded"}},
            ["max_uses_exceeded"],
        ),
        (_M, "mcp_tool_result", {"content": []}, ["(nothing)"]),
        (
            _M,
            "search_result",
            {"title": "T", "source": "s", "content": [{"type": "text", "text": "x"}]},
            ["T", "s", "x"],
        ),
        (_M, "document", {"title": "D", "source": {"data": "words"}}, ["D", "words"]),
        (_M, "tool_reference", {"tool_name": "open"}, ["open"]),
        (_M, "compaction", {"content": "so far"}, ["so far"]),
        (_R, "web_search_call", {"action": {"type": "search", "query": "q"}}, ["q"]),
        (
            _R,
            "file_search_call",
            {"queries": ["a", "b"], "results": [{"text": "found"}]},
            ["a; b", "found"],
        ),
        (
            _R,
            "code_interpreter_call",
            {"code": "print(1)", "outputs": [{"type": "logs", "logs": "1"}]},
            ["print(1)", "\n1"],
        ),
        (
            _R,
            "mcp_call",
            {"name": "t", "arguments": "{}", "output": "o"},
            ["t: {}", "o"],
        ),
        (_R, "image_generation_call", {"result": "aGk="}, ["image"]),
        (_G, "executableCode", {"executableCode": {"code": "x=1"}}, ["x=1"]),
        (_G, "code_execution_result", {"output": "done"}, ["done"]),
    ],
)
def test_what_can_be_read_is_told(
    protocol: Protocol, kind: str, raw: dict[str, Any], words: list[str]
) -> None:
    text = told(ServerPart(protocol, kind, raw))
    assert text
    for word in words:
        assert word in text


def test_what_means_nothing_to_the_answer_is_silent() -> None:
    assert told(ServerPart(_R, "mcp_list_tools", {"tools": []})) == ""
    assert told(Opaque(_M, "fallback", {})) == ""


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [(_R, "item_reference"), (_R, "computer_call"), (_M, "compaction"), (_M, "new")],
)
def test_what_only_its_provider_can_read_is_not_told(
    protocol: Protocol, kind: str
) -> None:
    assert told(Opaque(protocol, kind, {"encrypted_content": "x"})) is None


def test_sealed_words_are_never_told_and_long_steps_are_cut() -> None:
    found: Json = {"url": "u", "title": "t", "encrypted_content": "SEALED"}
    text = told(ServerPart(_M, "web_search_tool_result", {"content": [found]}))
    assert text is not None
    assert "SEALED" not in text
    long = told(ServerPart(_R, "mcp_call", {"name": "t", "output": "x" * 50_000}))
    assert long is not None
    assert len(long) < 25_000
    assert "cut here" in long
