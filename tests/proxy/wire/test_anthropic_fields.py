"""Every field of the vendor's request types comes through, or is a reasoned loss.

The bodies are made from the types themselves: each field of each type, in each of its
forms, once. A field that a new SDK brings is tried by itself.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any, Literal, get_args

import pytest
import typing_extensions
from anthropic.types import message_create_params as whole
from anthropic.types.beta import message_create_params as beta
from typed_dicts import _LISTS, _MAPS, _UNIONS, _bare, _hints

from proxy.model import Protocol
from proxy.wire.anthropic.client.request import read_request
from proxy.wire.anthropic.provider.request import write_request
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS

_TARGET = Target(
    Protocol.MESSAGES, "anthropic", "m", VENDOR_DIALECTS[Protocol.MESSAGES]
)
_SCALARS: dict[Any, Any] = {str: "words", int: 7, float: 0.5, bool: True}

# Path of a field (lists and texts in short form opened) -> why it does not come back.
_LOST: dict[str, str] = {
    "stream": "the target says whether it streams",
}

# Objects that say nothing while nothing is in them.
_EMPTY = ("citations", "metadata", "output_config")


def _forms(kind: Any, seen: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Values of a type in which each field and each form of it is there once."""
    kind, origin = _bare(kind)
    if kind in seen:
        return
    if typing_extensions.is_typeddict(kind):
        yield from _object_forms(kind, (*seen, kind))
    elif origin in _UNIONS:
        for each in get_args(kind):
            yield from _forms(each, seen)
    elif origin is Literal:
        yield from get_args(kind)
    elif origin in _LISTS:
        for each in _forms(get_args(kind)[0], seen):
            yield [each]
    elif origin in _MAPS:
        yield {"key": next(_forms(get_args(kind)[1], seen))}
    elif kind in {Any, object}:
        yield {"any": 1}
    elif kind in _SCALARS:
        yield _SCALARS[kind]


def _object_forms(kind: Any, seen: tuple[Any, ...]) -> Iterator[Any]:
    hints = _hints(kind)
    needed = {
        name: next(_forms(hint, seen), None)
        for name, (hint, need) in hints.items()
        if need
    }
    if None in needed.values():
        return
    yield needed
    for name, (hint, _) in hints.items():
        forms = _forms(hint, seen)
        if name == "configs":
            # Thirty tools with the same two switches each: kept whole, one will do.
            forms = itertools.islice(forms, 2)
        for form in forms:
            yield {**needed, name: form}


def _level(value: Any) -> Any:
    """Opens the short forms of texts and takes out nulls, which mean silence."""
    if isinstance(value, list):
        return [_level(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {k: _level(v) for k, v in value.items() if v is not None}
    for name in _EMPTY:
        if found.get(name) == {}:
            del found[name]
    if "input_schema" in found and found.get("type") == "custom":
        # What a tool without a type is.
        del found["type"]
    opens = "role" in value or value.get("type") in ("tool_result", "content")
    for name in ("content", "system"):
        if isinstance(found.get(name), str) and (opens or name == "system"):
            found[name] = [{"type": "text", "text": found[name]}]
    return found


def _different(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in {**wanted, **found}:
            inner = f"{path}.{name}" if path else name
            if name not in wanted or name not in found:
                yield inner
            else:
                yield from _different(wanted[name], found[name], inner)
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            yield path
        for one, other in zip(wanted, found, strict=False):
            yield from _different(one, other, path)
    elif wanted != found or type(wanted) is not type(found):
        yield path


@pytest.mark.parametrize(
    "kind",
    [whole.MessageCreateParamsNonStreaming, beta.MessageCreateParamsNonStreaming],
    ids=["whole", "beta"],
)
def test_every_field_of_a_request_comes_through(kind: Any) -> None:
    lost: set[str] = set()
    tried = 0
    for body in _forms(kind):
        body["model"] = "m"
        written = write_request(read_request(json.dumps(body).encode()), _TARGET)
        found = json.loads(written.body)
        lost.update(_different(_level(body), _level(found)))
        tried += 1
    assert lost == set(_LOST)
    assert tried > 500


def test_what_says_nothing_is_left_out() -> None:
    quiet: dict[str, Any] = {
        "type": "document",
        "source": {"type": "file", "file_id": "f"},
        "citations": {"enabled": False},
    }
    body = {
        "model": "m",
        "max_tokens": 7,
        "stream": False,
        "messages": [{"role": "user", "content": [quiet]}],
    }
    written = write_request(read_request(json.dumps(body).encode()), _TARGET)
    found = json.loads(written.body)
    lost = set(_different(body, found))
    assert lost == {"stream", "messages.content.citations"}
