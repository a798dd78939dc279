"""Tells whether a server that speaks the client's protocol takes this very request.

Where a provider's file says that its server deviates from the protocol's vendor, a
request that uses such a thing goes through the translation, within its own protocol;
any other goes as it came. Pure; nobody needs to ask where no file deviates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from proxy.model import (
    CallKind,
    Choice,
    CustomTool,
    Document,
    FileId,
    FunctionTool,
    Image,
    Namespace,
    Opaque,
    Part,
    Protocol,
    Request,
    Role,
    ServerTool,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    ToolsAdded,
    Url,
)
from proxy.translation.hosted import function_of, is_hosted_item
from proxy.translation.schemas import fit_schema
from proxy.wire.dialect import (
    VENDOR_DIALECTS,
    Dialect,
    FormatWord,
    ReasoningWord,
    StrictTools,
)
from proxy.wire.effort import level_of

_LIMITS: Final = frozenset({"max_tokens", "max_completion_tokens"})
_FORMS: Final = {"text": 0, "json_object": 1, "json_schema": 2}
_FORM_OF: Final = {FormatWord.NONE: 0, FormatWord.OBJECT: 1, FormatWord.SCHEMA: 2}
_SAID: Final = frozenset({Role.USER, Role.ASSISTANT})
_LED: Final = frozenset({Role.SYSTEM, Role.DEVELOPER})


def untaken(
    request: Request, dialect: Dialect, fields: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the flags of `dialect` that this request runs into; () if it is taken.

    `dialect` is the server's in the request's own protocol, `fields` are the body's
    top-level fields: only they tell which of two words for one wish the client used.
    """
    vendor = VENDOR_DIALECTS[request.protocol]
    return tuple(
        name
        for name, uses in USES.items()
        if uses is not None
        and getattr(dialect, name) != getattr(vendor, name)
        and uses(request, dialect, fields)
    )


_Uses = Callable[[Request, Dialect, Collection[str]], bool]


def _parts(request: Request) -> Iterator[tuple[Role, Part]]:
    """All parts, those of results and of documents among them."""
    for message in request.messages:
        for part in message.parts:
            for each in _inner(part):
                yield message.role, each


def _inner(part: Part) -> Iterator[Part]:
    yield part
    inner: tuple[Part, ...] = ()
    if isinstance(part, ToolResult):
        inner = part.parts
    elif isinstance(part, Document) and isinstance(part.source, tuple):
        inner = part.source
    for each in inner:
        yield from _inner(each)


def _of(request: Request, *kinds: type[Part]) -> Iterator[Part]:
    return (part for _, part in _parts(request) if isinstance(part, kinds))


def _calls(request: Request) -> Iterator[ToolCall]:
    return (part for _, part in _parts(request) if isinstance(part, ToolCall))


def _tools(request: Request) -> Iterator[Tool]:
    groups = [request.tools]
    groups += [p.tools for _, p in _parts(request) if isinstance(p, ToolsAdded)]
    for group in groups:
        for tool in group:
            yield tool
            if isinstance(tool, Namespace):
                yield from tool.tools


def _functions(request: Request) -> Iterator[FunctionTool]:
    return (tool for tool in _tools(request) if isinstance(tool, FunctionTool))


def _led(request: Request, _dialect: Dialect, _fields: Collection[str]) -> bool:
    return any(message.role is Role.DEVELOPER for message in request.messages)


def _led_late(request: Request, _dialect: Dialect, _fields: Collection[str]) -> bool:
    roles = [message.role for message in request.messages]
    first = next((at for at, role in enumerate(roles) if role in _SAID), len(roles))
    return any(role in _LED for role in roles[first:])


def _follows_result(
    request: Request, _dialect: Dialect, _fields: Collection[str]
) -> bool:
    answered = False
    for message in request.messages:
        results = any(isinstance(part, ToolResult) for part in message.parts)
        if answered and message.role is Role.USER and not results:
            return True
        answered = results
    return False


def _split_text(request: Request, _dialect: Dialect, _fields: Collection[str]) -> bool:
    for message in request.messages:
        groups = [message.parts]
        groups += [p.parts for p in message.parts if isinstance(p, ToolResult)]
        for group in groups:
            texts = [each for each in group if isinstance(each, Text)]
            if len(texts) > 1 or any(each.extras or each.cache for each in texts):
                return True
    return False


def _silent_call(request: Request, _dialect: Dialect, _fields: Collection[str]) -> bool:
    return any(
        any(isinstance(part, ToolCall) for part in message.parts)
        and not any(isinstance(part, Text) for part in message.parts)
        for message in request.messages
    )


def _free_text(request: Request, _dialect: Dialect, _fields: Collection[str]) -> bool:
    """Tools called with free text, and those that only OpenAI's models know."""
    return (
        any(
            isinstance(tool, CustomTool)
            or (isinstance(tool, ServerTool) and function_of(tool) is not None)
            for tool in _tools(request)
        )
        or any(call.kind is CallKind.CUSTOM for call in _calls(request))
        or any(
            isinstance(part, Opaque) and is_hosted_item(part)
            for part in _of(request, Opaque)
        )
    )


def _grouped(request: Request, _dialect: Dialect, _fields: Collection[str]) -> bool:
    return any(isinstance(tool, Namespace) for tool in _tools(request)) or any(
        call.namespace for call in _calls(request)
    )


def _strict(request: Request, dialect: Dialect, _fields: Collection[str]) -> bool:
    if dialect.strict_tools is StrictTools.ALWAYS:
        return any(tool.strict is not True for tool in _functions(request))
    return any(tool.strict is not None for tool in _functions(request))


def _schema(request: Request, dialect: Dialect, _fields: Collection[str]) -> bool:
    return any(
        fit_schema(tool.schema, dialect.schemas) != tool.schema
        for tool in _functions(request)
    )


def _long_name(request: Request, dialect: Dialect, _fields: Collection[str]) -> bool:
    names = [tool.name for tool in _functions(request)]
    names += [call.name for call in _calls(request)]
    return any(len(name) > dialect.name_length for name in names)


def _odd_id(request: Request, dialect: Dialect, _fields: Collection[str]) -> bool:
    size = dialect.call_id_length
    return bool(size) and any(
        len(call.id) != size or not (call.id.isascii() and call.id.isalnum())
        for call in _calls(request)
    )


def _chosen(word: Choice) -> _Uses:
    def uses(request: Request, _dialect: Dialect, _fields: Collection[str]) -> bool:
        choice = request.tool_choice
        return choice is not None and choice.choice is word

    return uses


def _shown_in_result(
    request: Request, _dialect: Dialect, _fields: Collection[str]
) -> bool:
    return any(
        isinstance(each, Image | Document)
        for result in _of(request, ToolResult)
        for each in _inner(result)
    )


def _pointed_at(kind: type[Url | FileId]) -> _Uses:
    def uses(request: Request, _dialect: Dialect, _fields: Collection[str]) -> bool:
        return any(
            isinstance(part, Image | Document) and isinstance(part.source, kind)
            for part in _of(request, Image, Document)
        )

    return uses


def _thinks(request: Request, dialect: Dialect, _fields: Collection[str]) -> bool:
    wish = request.reasoning
    if dialect.reasoning is ReasoningWord.NONE:
        return wish is not None and level_of(wish) != "none"
    return wish is not None


def _effort(request: Request, dialect: Dialect, _fields: Collection[str]) -> bool:
    level = level_of(request.reasoning)
    return bool(dialect.efforts) and level not in {None, *dialect.efforts}


def _form(request: Request, dialect: Dialect, _fields: Collection[str]) -> bool:
    form = request.output_format
    most = _FORM_OF[dialect.output_format]
    return form is not None and _FORMS.get(form.kind, 0) > most


USES: Final[Mapping[str, _Uses | None]] = MappingProxyType(
    {
        "developer_role": _led,
        "system_anywhere": _led_late,
        "message_names": lambda r, _d, _f: any(m.name for m in r.messages),
        "user_after_tool": _follows_result,
        "prefill": lambda r, _d, _f: (
            bool(r.messages) and r.messages[-1].role is Role.ASSISTANT
        ),
        "text_parts": _split_text,
        "null_content": _silent_call,
        "refusals": lambda r, _d, _f: any(
            isinstance(part, Text) and part.refusal for _, part in _parts(r)
        ),
        "limit_field": lambda r, d, f: (
            r.protocol is Protocol.CHAT and bool(_LIMITS - {d.limit_field} & set(f))
        ),
        "stop_limit": lambda r, d, _f: len(r.limits.stop_sequences) > d.stop_limit,
        "seed_field": lambda r, _d, _f: r.sampling.seed is not None,
        "sampling": lambda r, _d, _f: (
            r.sampling.temperature is not None or r.sampling.top_p is not None
        ),
        # Who does not know it, leaves it unread.
        "top_k": None,
        "least_temperature": lambda r, d, _f: (
            r.sampling.temperature is not None
            and r.sampling.temperature < d.least_temperature
        ),
        "tools": lambda r, _d, _f: bool(r.offered),
        "custom_tools": _free_text,
        "namespaces": _grouped,
        "strict_tools": _strict,
        "schemas": _schema,
        "name_length": _long_name,
        "call_id_length": _odd_id,
        "parallel_switch": lambda r, _d, _f: r.parallel_tools is not None,
        "required_word": _chosen(Choice.ANY),
        "forced_tool": _chosen(Choice.TOOL),
        "tools_off": _chosen(Choice.NONE),
        "allowed_tools": lambda r, _d, _f: (
            r.tool_choice is not None and r.tool_choice.allowed is not None
        ),
        "result_images": _shown_in_result,
        "result_errors": lambda r, _d, _f: any(
            isinstance(part, ToolResult) and bool(part.is_error)
            for part in _of(r, ToolResult)
        ),
        "images": lambda r, _d, _f: any(_of(r, Image)),
        "image_urls": _pointed_at(Url),
        "file_ids": _pointed_at(FileId),
        "documents": lambda r, _d, _f: any(_of(r, Document)),
        "reasoning": _thinks,
        "efforts": _effort,
        # A client of this server knows what it sends back, and under which name.
        "reasoning_back": None,
        "reasoning_field": None,
        "output_format": _form,
        "stream_usage": lambda r, _d, _f: r.stream_usage,
        # Marks are a wish: who keeps no cache by them leaves them unread.
        "cache_marks": None,
        "cache_field": None,
        "cache_key": lambda r, _d, _f: r.cache_key is not None,
        "verbosity": lambda r, _d, _f: r.verbosity is not None,
        "labels": lambda r, _d, _f: bool(r.metadata.labels),
        "user": lambda r, _d, _f: r.metadata.user is not None,
        "never": lambda _r, d, f: any(name in f for name in d.never),
        "always": lambda _r, d, f: any(name not in f for name in d.always),
    }
)
"""For each flag, how a request runs into it; None for those nobody runs into."""
