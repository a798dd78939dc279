"""Writes a conversation as Ollama's messages; pure, no I/O.

A message has one string of text, a list of pictures, and for the model also its
reasoning and calls. Results of tools are messages of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from proxy.model import (
    Base64,
    Document,
    Image,
    Loss,
    Message,
    Part,
    Request,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from proxy.wire.losses import named

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BETWEEN: Final = "\n\n"
_ROLES: Final = {
    Role.SYSTEM: "system",
    Role.DEVELOPER: "system",
    Role.USER: "user",
    Role.ASSISTANT: "assistant",
}


class _Function(msgspec.Struct):
    name: str
    arguments: msgspec.Raw


class _Call(msgspec.Struct, omit_defaults=True):
    function: _Function
    id: str = ""


class _Turn(msgspec.Struct, omit_defaults=True):
    role: str
    content: str
    thinking: str = ""
    images: list[str] = []
    tool_calls: list[_Call] = []
    tool_name: str = ""
    tool_call_id: str = ""


class Turns:
    """The messages of one request; `losses` names what had no place in them."""

    def __init__(self, request: Request) -> None:
        """Write all of them; call names are needed again by the results."""
        self.losses: list[Loss] = []
        self._names: dict[str, str] = {}
        self._turns: list[_Turn] = []
        if request.system:
            self._add("system", request.system)
        for message in request.messages:
            self._message(message)

    def written(self) -> msgspec.Raw:
        """Return the list of messages as JSON."""
        return msgspec.Raw(msgspec.json.encode(self._turns))

    def _message(self, message: Message) -> None:
        if message.name is not None:
            self._lose("message_name")
        rest: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                # What came before a result stays before it.
                if rest:
                    self._add(_ROLES[message.role], rest)
                    rest = []
                self._result(part)
            else:
                rest.append(part)
        if rest:
            self._add(_ROLES[message.role], rest)

    def _result(self, result: ToolResult) -> None:
        turn = self._add("tool", result.parts)
        turn.tool_name = self._names.get(result.call_id, "")
        turn.tool_call_id = result.call_id

    def _add(self, role: str, parts: Iterable[Part]) -> _Turn:
        turn = _Turn(role, "", images=[], tool_calls=[])
        texts: list[str] = []
        thoughts: list[str] = []
        for part in parts:
            match part:
                case Text(text) | Document(source=Text(text)):
                    texts.append(text)
                case Image(Base64(data=data)):
                    turn.images.append(data)
                case Thinking():
                    thoughts.append(part.text or _BETWEEN.join(part.summary))
                case ToolCall():
                    turn.tool_calls.append(self._call(part))
                case _:
                    self._unwritten(part)
        turn.content = _BETWEEN.join(each for each in texts if each)
        turn.thinking = _BETWEEN.join(each for each in thoughts if each)
        self._turns.append(turn)
        return turn

    def _call(self, call: ToolCall) -> _Call:
        self._names[call.id] = call.name
        return _Call(_Function(call.name, _arguments(call.arguments)), call.id)

    def _unwritten(self, part: Part) -> None:
        match part:
            case Image():
                self._lose("image_left_out")
            case Document():
                self._lose("document_left_out")
            case _:
                self._lose("unknown_part")

    def _lose(self, name: str) -> None:
        self.losses.append(named(name))


def _arguments(text: str) -> msgspec.Raw:
    """Return the object a call was made with; what is none goes as one string."""
    try:
        _OBJECT.decode(text)
        return msgspec.Raw(text.encode())
    except (msgspec.DecodeError, ValueError, RecursionError):
        wrapped = {"input": text} if text.strip() else {}
        return msgspec.Raw(msgspec.json.encode(wrapped))
