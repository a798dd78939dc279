"""From any client to any provider: what was asked is asked, or a loss says what is not.

A client's request is fitted, written for a provider and read back by that protocol's
own reader. What differs must be explained by a loss that was named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import CLIENTS, requests
from sdk_types import check_request

from proxy.model import (
    CallKind,
    Choice,
    Document,
    Image,
    Namespace,
    Part,
    Protocol,
    Request,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from proxy.translation.fit import fit
from proxy.translation.names import Names
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF, Target
from proxy.wire.dialect import VENDOR_DIALECTS

_PAIRS = [(client, provider) for client in CLIENTS for provider in CLIENTS]

# What may be different -> the losses that say so.
_EXPLAINED: dict[str, set[str]] = {
    "calls": {"broken_arguments", "custom_tool", "namespace"},
    "results": {"missing_result", "orphan_result"},
    "assistant": {"first_turn", "prefill", "thinking_replay"},
    "user": {"first_turn", "system_as_user", "image_left_out", "document_left_out"},
    "system": {"system_as_user", "output_format", "tool_grammar"},
    "files": {"image_left_out", "document_left_out"},
    "tools": {"custom_tool", "tool_grammar", "tool_choice"},
    "choice": {"tool_choice", "thinking_off"},
    "limit": {"max_tokens_clamped", "least_tokens", "thinking_off"},
    "stops": {"stop_sequences"},
    "temperature": {"sampling", "temperature_clamped"},
    "top_p": {"sampling"},
    "top_k": {"sampling"},
    "seed": {"seed"},
    "form": {"output_format"},
    "parallel": {"parallel_tools"},
}


def _asked(request: Request, names: Names, stops: tuple[str, ...]) -> dict[str, Any]:
    """What a request asks for, in words that all protocols share."""
    flat = list(_flat(request))
    sampling, form = request.sampling, request.output_format
    return {
        "calls": [_call(each, names) for _, each in flat if isinstance(each, ToolCall)],
        "results": sum(isinstance(each, ToolResult) for _, each in flat),
        "assistant": _words(flat, {Role.ASSISTANT}),
        "user": _words(flat, {Role.USER}),
        "system": [
            *(each.text for each in request.system if isinstance(each, Text)),
            *_words(flat, {Role.SYSTEM, Role.DEVELOPER}),
        ],
        # A picture by address comes back as a file in Gemini's form.
        "files": sum(isinstance(each, Image | Document) for _, each in flat),
        "tools": sorted(_tools(request, names)),
        "choice": _choice(request),
        # Messages needs one where nobody named any.
        "limit": request.limits.max_output_tokens or 32_000,
        "stops": {*request.limits.stop_sequences, *stops},
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "seed": sampling.seed,
        "form": None if form is None or form.kind == "text" else form.kind,
        "parallel": request.parallel_tools is not False or not _may_call(request),
    }


def _flat(request: Request) -> Iterator[tuple[Role, Part]]:
    for message in request.messages:
        for part in message.parts:
            yield from ((message.role, each) for each in _opened(part))


def _opened(part: Part) -> Iterator[Part]:
    """The part and what is in it; a document of text is its text."""
    match part:
        case ToolResult():
            yield part
            for each in part.parts:
                yield from _opened(each)
        case Document(source=Text() as text):
            yield text
        case Document(source=tuple() as parts):
            for each in parts:
                yield from _opened(each)
        case _:
            yield part


def _words(flat: list[tuple[Role, Part]], roles: set[Role]) -> list[str]:
    return [
        part.text for role, part in flat if role in roles and isinstance(part, Text)
    ]


def _call(call: ToolCall, names: Names) -> tuple[str, Any]:
    sent = names.sent(call.name, call.namespace)
    if call.kind is CallKind.CUSTOM:
        return sent.name, {"input": call.arguments} if sent.wrapped else call.arguments
    try:
        return sent.name, json.loads(call.arguments or "{}")
    except ValueError:
        return sent.name, {"input": call.arguments}


def _tools(request: Request, names: Names) -> Iterator[str]:
    for tool in request.tools:
        if isinstance(tool, Namespace):
            for inner in tool.tools:
                yield names.sent(str(inner.name), tool.name).name
        else:
            yield names.sent(str(tool.name)).name


def _may_call(request: Request) -> bool:
    return bool(request.tools) and _choice(request) is not Choice.NONE


def _choice(request: Request) -> Choice:
    choice = request.tool_choice
    return Choice.AUTO if choice is None else choice.choice


@pytest.mark.parametrize(("client", "provider"), _PAIRS, ids=str)
@settings(max_examples=12)
@given(data=st.data())
def test_what_a_client_asks_the_provider_hears(
    client: Protocol, provider: Protocol, data: st.DataObject
) -> None:
    request = data.draw(requests(client))
    dialect = VENDOR_DIALECTS[provider]
    target = Target(provider, "scripted", "made", dialect, request.stream)
    fitted = fit(request, target)
    written = PROVIDER_CODEC_OF[provider].write_request(fitted.request, target)
    check_request(provider, written.body)
    heard = CLIENT_CODEC_OF[provider].read_request(written.body)
    lost = {loss.name for loss in (*fitted.losses, *written.losses)}
    wanted = _asked(request, fitted.names, ())
    found = _asked(heard, Names(), fitted.stops)
    for name, value in wanted.items():
        assert _holds(found[name], value) or _EXPLAINED[name] & lost, (name, lost)


def _holds(found: Any, wanted: Any) -> bool:
    """Whether it is the same; texts may have marks of ours between them."""
    if not isinstance(wanted, list) or not all(isinstance(e, str) for e in wanted):
        return bool(found == wanted)
    whole, at = "".join(found), 0
    for text in filter(str.strip, wanted):
        at = whole.find(text.strip(), at)
        if at < 0:
            return False
        at += len(text.strip())
    return True
