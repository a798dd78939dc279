"""Every field of the vendor's types survives, or stands here with the reason why not.

The table is held against the installed package: a field that is new there fails here
until somebody decides.
"""

import collections.abc
import json
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import pytest
import typing_extensions
from openai.types.responses import response_create_params as params
from openai.types.responses import response_input_item_param as items
from openai.types.responses import tool_param

from proxy.model import Protocol
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS
from proxy.wire.responses.client.request import read_request
from proxy.wire.responses.provider.request import write_request

_DIALECT = VENDOR_DIALECTS[Protocol.RESPONSES]
_TARGET = Target(Protocol.RESPONSES, "p", "m", _DIALECT, stream=True)

# Field of the request -> why it does not come back as it was sent.
_CHANGED = {
    "conversation": "An object with an id, or the id alone: the same.",
    "include": "Sealed reasoning is asked for beside what the client wants.",
    "user": "Goes as safety_identifier, which replaced it.",
}


# --- one full example of every shape a type can take ----------------------------------


def _samples(kind: Any) -> Iterator[Any]:
    """Examples: the first is full; the others differ where a field has a choice."""
    kind = _bare(kind)
    origin, args = get_origin(kind), get_args(kind)
    if typing_extensions.is_typeddict(kind):
        yield from _shapes(kind)
    elif origin in {Union, types.UnionType}:
        for each in args:
            if each is not type(None):
                yield from _samples(each)
    elif origin is Literal:
        yield args[0]
    elif origin is dict:
        yield {"k": next(_samples(args[1]))}
    elif origin in {list, collections.abc.Iterable} or "SequenceNotStr" in str(origin):
        for each in _samples(args[0]):
            yield [each]
    else:
        plain: dict[Any, Any] = {str: "x", int: 3, float: 0.5, bool: True}
        yield plain.get(kind, {"k": "v"})


def _bare(kind: Any) -> Any:
    while get_origin(kind) in {
        typing_extensions.Required,
        typing_extensions.NotRequired,
        typing_extensions.Annotated,
    }:
        kind = get_args(kind)[0]
    return kind


def _shapes(kind: Any) -> Iterator[dict[str, Any]]:
    hints = typing_extensions.get_type_hints(kind)
    choices = {name: list(_samples(each)) for name, each in hints.items()}
    full = {name: each[0] for name, each in choices.items()}
    yield full
    for name, others in choices.items():
        for other in others[1:]:
            yield {**full, name: other}


def _changed(sent: Any, got: Any, path: str = "") -> Iterator[str]:
    """The paths of what was sent and is not there."""
    if isinstance(sent, dict) and isinstance(got, dict):
        for name, value in sent.items():
            if name not in got:
                yield f"{path}.{name}"
            else:
                yield from _changed(value, got[name], f"{path}.{name}")
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        for each, other in zip(sent, got, strict=True):
            yield from _changed(each, other, path)
    elif sent != got and not _is_same_text(sent, got):
        yield path


def _is_same_text(sent: object, got: object) -> bool:
    """A text is a list with one part, and the other way round."""
    one = {"type": "input_text", "text": sent}
    other = {"type": "input_text", "text": got}
    return got == [one] or sent == [other]


def _sent_back(**fields: Any) -> dict[str, Any]:
    body = json.dumps({"model": "m", **fields}).encode()
    written = write_request(read_request(body), _TARGET)
    assert not written.losses
    found: dict[str, Any] = json.loads(written.body)
    return found


_ITEMS = get_args(items.ResponseInputItemParam)
_TOOLS = get_args(tool_param.ToolParam)


def test_the_package_has_as_many_kinds_as_were_looked_at() -> None:
    assert len(_ITEMS) == 33
    assert len(_TOOLS) == 16


@pytest.mark.parametrize("kind", _ITEMS, ids=lambda each: each.__name__)
def test_input_items_come_back(kind: Any) -> None:
    for sample in _samples(kind):
        (found,) = _sent_back(input=[sample])["input"]
        assert list(_changed(sample, found)) == []


@pytest.mark.parametrize("kind", _TOOLS, ids=lambda each: each.__name__)
def test_tools_come_back(kind: Any) -> None:
    for sample in _samples(kind):
        (found,) = _sent_back(tools=[sample])["tools"]
        assert list(_changed(sample, found)) == []


_FIELDS = {
    name: kind
    for name, kind in typing_extensions.get_type_hints(
        params.ResponseCreateParamsStreaming
    ).items()
    if name not in {"input", "tools", "model", "stream"}
}


@pytest.mark.parametrize("name", sorted(_FIELDS))
def test_fields_come_back(name: str) -> None:
    for sample in _samples(_FIELDS[name]):
        if isinstance(sample, dict) and sample.get("type") == "allowed_tools":
            sample["tools"] = [{"type": "function", "name": "f"}]
        found = _sent_back(input="Hello", **{name: sample}).get(name)
        if name not in _CHANGED:
            assert list(_changed(sample, found)) == []


def test_what_is_changed_still_says_the_same() -> None:
    found = _sent_back(
        conversation={"id": "conv_1"}, include=["web_search_call.results"], user="u-1"
    )
    assert found["conversation"] == "conv_1"
    assert found["include"] == [
        "web_search_call.results",
        "reasoning.encrypted_content",
    ]
    assert found["safety_identifier"] == "u-1"


def test_the_end_user_s_older_name_stays_beside_the_newer() -> None:
    found = _sent_back(user="u-1", safety_identifier="s-1")
    assert (found["user"], found["safety_identifier"]) == ("u-1", "s-1")


def test_the_table_names_fields_there_are() -> None:
    assert set(_CHANGED) <= set(_FIELDS)
