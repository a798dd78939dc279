"""What the clients of the parity rows say: conversations in Messages' own words."""

from __future__ import annotations

from typing import Any

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)
HELLO: list[Any] = [{"role": "user", "content": "Which town is windy?"}]
TOOLS: list[Any] = [
    {
        "name": name,
        "description": f"Tells the {name} of a town.",
        "input_schema": {
            "type": "object",
            "properties": {"town": {"type": "string"}},
            "required": ["town"],
        },
    }
    for name in ("weather", "tide")
]


def block(kind: str, data: str, media: str) -> dict[str, Any]:
    """An image or a document as data."""
    source = {"type": "base64", "media_type": media, "data": data}
    return {"type": kind, "source": source}


def turned(content: list[Any], results: list[Any]) -> list[Any]:
    """The conversation with the model's turn and the client's answer to it."""
    return [
        *HELLO,
        {"role": "assistant", "content": content},
        {"role": "user", "content": results},
    ]


def result(call: str, text: str, *, failed: bool = False) -> dict[str, Any]:
    """A tool's result."""
    found: dict[str, Any] = {
        "type": "tool_result",
        "tool_use_id": call,
        "content": [{"type": "text", "text": text}],
    }
    return found | ({"is_error": True} if failed else {})
