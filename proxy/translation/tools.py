"""Fits the tools a request offers: names, groups, free text, schemas; values only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from proxy.model import (
    Choice,
    CustomTool,
    FunctionTool,
    JsonObject,
    Namespace,
    Protocol,
    Request,
    ServerTool,
    Tool,
    ToolChoice,
    ToolsAdded,
)
from proxy.translation.closed import close
from proxy.translation.hosted import HOSTED, function_of, goes_as_function
from proxy.translation.names import Called, Names
from proxy.translation.reach import Reach
from proxy.translation.schemas import NOTHING, fit_schema, strict_ready
from proxy.wire.dialect import StrictTools
from proxy.wire.losses import Noted

ONE_STRING: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "input": {
            "type": "string",
            "description": "The whole input of the tool, as plain text.",
        }
    },
    "required": ["input"],
    "additionalProperties": False,
}
"""The schema of a tool called with free text, as a function."""

_ADDS: Final = frozenset({Protocol.RESPONSES, Protocol.MESSAGES})


def keeps_additions(reach: Reach) -> bool:
    """Whether tools may be added in the middle of a conversation."""
    return reach.same and reach.protocol in _ADDS


def fit_tools(
    request: Request, reach: Reach, names: Names, noted: Noted
) -> tuple[Tool, ...]:
    """Return the tools as the target takes them, in the order they were offered."""
    tools = list(request.tools)
    if not keeps_additions(reach):
        for message in request.messages:
            for part in message.parts:
                if isinstance(part, ToolsAdded):
                    tools.extend(part.tools)
    if not reach.dialect.tools:
        tools = []
    kept: list[Tool] = []
    places: dict[str, int] = {}
    for tool in _Tools(reach, names, noted).all(tools):
        if isinstance(tool, FunctionTool | CustomTool):
            # A tool added later may be one that was there: the last word counts.
            if tool.name in places:
                kept[places[tool.name]] = tool
                continue
            places[tool.name] = len(kept)
        kept.append(tool)
    return tuple(kept)


def fit_added(
    added: ToolsAdded, reach: Reach, names: Names, noted: Noted
) -> ToolsAdded:
    """Return tools added in mid-conversation as the target takes them."""
    return replace(added, tools=tuple(_Tools(reach, names, noted).all(added.tools)))


class _Tools:
    """Fits one list of tools."""

    def __init__(self, reach: Reach, names: Names, noted: Noted) -> None:
        self._reach = reach
        self._names = names
        self._noted = noted

    def all(
        self, tools: Iterable[Tool], namespace: str | None = None
    ) -> Iterator[Tool]:
        """Yield each tool as the target takes it."""
        for tool in tools:
            match tool:
                case FunctionTool():
                    yield self._function(tool, namespace)
                case CustomTool():
                    yield self._custom(tool, namespace)
                case ServerTool():
                    yield from self._server(tool)
                case Namespace():
                    yield from self._group(tool)

    def _server(self, tool: ServerTool) -> Iterator[Tool]:
        function = function_of(tool) if goes_as_function(self._reach) else None
        if function is not None:
            self._noted.add("hosted_tool", [tool.type])
            yield self._function(function, HOSTED)
        elif tool.protocol is self._reach.protocol:
            yield tool
        else:
            self._noted.add("server_tool_offered", [tool.type])

    def _group(self, group: Namespace) -> Iterator[Tool]:
        inner = tuple(
            each
            for each in self.all(group.tools, group.name)
            if not isinstance(each, Namespace)
        )
        if self._reach.dialect.namespaces:
            extras = group.extras if self._reach.same else {}
            yield replace(group, tools=inner, extras=extras)
            return
        for each in inner:
            yield _described(each, group)

    def _called(self, name: str, namespace: str | None) -> Called:
        called = self._names.sent(name, namespace)
        if namespace is None and called.name != name:
            self._noted.add("tool_names")
        return called

    def _function(self, tool: FunctionTool, namespace: str | None) -> FunctionTool:
        reach = self._reach
        called = self._called(tool.name, namespace)
        schema = tool.schema
        if not (reach.same and schema is None):
            schema = fit_schema(tool.schema, reach.dialect.schemas)
        strict = self._strict(tool)
        if strict and not reach.same and reach.protocol is Protocol.MESSAGES:
            closed = close(schema or NOTHING)
            if closed is None:
                self._noted.add("strict_tools")
                strict = None
            else:
                schema = closed.schema
        if tool.schema and schema is not tool.schema and schema != tool.schema:
            self._noted.add("tool_schema")
        if tool.extras and not reach.same:
            self._noted.add("tool_options", tool.extras)
        cache = tool.cache
        if cache is not None and not reach.dialect.cache_marks:
            self._noted.add("cache_marks")
            cache = None
        return FunctionTool(
            called.name,
            tool.description,
            schema,
            strict,
            cache,
            tool.extras if reach.same else {},
        )

    def _strict(self, tool: FunctionTool) -> bool | None:
        rule = self._reach.dialect.strict_tools
        if rule is StrictTools.ALWAYS:
            return True
        if rule is StrictTools.NEVER:
            if tool.strict:
                self._noted.add("strict_tools")
            return None
        foreign = tool.strict and not self._reach.same
        openai = self._reach.protocol in {Protocol.CHAT, Protocol.RESPONSES}
        if foreign and openai and not strict_ready(tool.schema):
            self._noted.add("strict_tools")
            return False
        return tool.strict

    def _custom(self, tool: CustomTool, namespace: str | None) -> Tool:
        called = self._called(tool.name, namespace)
        extras = tool.extras if self._reach.same else {}
        if not called.wrapped:
            return replace(tool, name=called.name, extras=extras)
        self._noted.add("custom_tool")
        return FunctionTool(called.name, self._told(tool), ONE_STRING)

    def _told(self, tool: CustomTool) -> str | None:
        """The description of a wrapped tool, its grammar included."""
        if tool.grammar is None:
            return tool.description
        self._noted.add("tool_grammar")
        grammar = (
            "The input must be plain text that matches this grammar "
            f"({tool.grammar.syntax}):\n{tool.grammar.definition}"
        )
        return f"{tool.description}\n\n{grammar}" if tool.description else grammar


def _described(
    tool: FunctionTool | CustomTool | ServerTool, group: Namespace
) -> FunctionTool | CustomTool | ServerTool:
    """Tell in a tool's description which group it stood in."""
    if isinstance(tool, ServerTool) or not group.description:
        return tool
    told = f"{tool.description or ''}\n[{group.name}: {group.description}]".strip()
    return replace(tool, description=told)


def narrowed(tools: tuple[Tool, ...], allowed: Iterable[str]) -> tuple[Tool, ...]:
    """Return the tools a list of allowed ones leaves; `allowed` are names as sent."""
    names = frozenset(allowed)
    return tuple(
        each
        for each in tools
        if not isinstance(each, FunctionTool | CustomTool) or each.name in names
    )


def fit_choice(
    request: Request,
    tools: tuple[Tool, ...],
    reach: Reach,
    names: Names,
    noted: Noted,
) -> tuple[ToolChoice | None, tuple[Tool, ...]]:
    """Return the wish about calls as the target can be told it, and the tools left."""
    choice = request.tool_choice
    if choice is None or not tools:
        return None, tools
    dialect = reach.dialect
    if choice.choice is Choice.NONE:
        return (ToolChoice(Choice.NONE), tools) if dialect.tools_off else (None, ())
    if (HOSTED, choice.hosted or "") in names.there:
        wanted = ToolChoice(Choice.TOOL, choice.hosted)
        return _forced(wanted, tools, reach, names, noted, HOSTED)
    if choice.hosted is not None:
        if reach.same:
            return choice, tools
        noted.add("tool_choice")
        return None, tools
    if choice.allowed is not None:
        return _allowed(choice, tools, reach, names)
    if choice.choice is Choice.TOOL:
        return _forced(choice, tools, reach, names, noted)
    if choice.choice is Choice.ANY and not dialect.required_word:
        noted.add("tool_choice")
        return None, tools
    return (choice if reach.same else ToolChoice(choice.choice)), tools


def _allowed(
    choice: ToolChoice, tools: tuple[Tool, ...], reach: Reach, names: Names
) -> tuple[ToolChoice | None, tuple[Tool, ...]]:
    allowed = choice.allowed or ()
    dialect = reach.dialect
    whole = dialect.custom_tools and dialect.namespaces
    if reach.same and reach.protocol is Protocol.RESPONSES and whole:
        # As the client spelt it: every tool still has the name and kind it had.
        return choice, tools
    sent = tuple(word for each in allowed for word in _all_sent(each, names))
    if reach.protocol is Protocol.GEMINI and choice.choice is Choice.ANY:
        return ToolChoice(Choice.ANY, allowed=sent), tools
    left = narrowed(tools, sent)
    word = choice.choice
    if word is Choice.ANY and not reach.dialect.required_word:
        word = Choice.AUTO
    return (ToolChoice(word) if left else None), left


def _all_sent(name: str, names: Names) -> list[str]:
    """What a name a client allows is sent as; in every group that has it."""
    found = [called.name for (_, plain), called in names.there.items() if plain == name]
    return found or [name]


def _forced(
    choice: ToolChoice,
    tools: tuple[Tool, ...],
    reach: Reach,
    names: Names,
    noted: Noted,
    group: str | None = None,
) -> tuple[ToolChoice | None, tuple[Tool, ...]]:
    wanted = choice.name or ""
    called = names.there.get((group, wanted))
    if called is None:
        groups = [c for (_, plain), c in names.there.items() if plain == wanted]
        called = groups[0] if groups else Called(wanted)
    if reach.dialect.forced_tool:
        extras = choice.extras if reach.same else {}
        forced = ToolChoice(Choice.TOOL, called.name, called.kind, extras=extras)
        return forced, tools
    if reach.dialect.required_word:
        # The one tool there is, and a call there must be: the same in other words.
        return ToolChoice(Choice.ANY), narrowed(tools, [called.name])
    noted.add("tool_choice")
    return None, tools
