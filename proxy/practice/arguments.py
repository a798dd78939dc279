"""Makes up a tool's arguments from its schema and the words that ask; no I/O.

Only what a practice call needs: the required properties, each by its type, and the
values the words give.
"""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from proxy.model import Json, JsonObject
from proxy.practice.prompt import LOOKED_AT

_DEEPEST: Final = 8
_LONGEST: Final = 1_000
_TRIES: Final = 20
_VALUES: Final = 500
_WORD: Final = "practice"
_GIVEN: Final = re.compile(
    r"""(?<![\w.-])([A-Za-z_][\w.-]*)\s?=\s?("[^"]*"|'[^']*'|`[^`]*`|[^\s,;]+)"""
)
_FENCED: Final = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)
_TRUE: Final = frozenset({"true", "yes", "1"})


def arguments_for(schema: JsonObject | None, words: str) -> str:
    """Return the JSON text of an object that fits `schema`.

    A JSON object in the words, and `name=value` (quoted where it holds blanks), give
    the values of properties the schema knows; the other required ones are made up.
    """
    schema = schema or {}
    words = words[:LOOKED_AT]
    properties = _object(schema.get("properties"))
    made = example(schema)
    arguments = made if isinstance(made, dict) else {}
    given = {**_found_object(words), **_found_pairs(words, properties)}
    for name, value in given.items():
        if name in properties or not properties:
            arguments[name] = value
    return msgspec.json.encode(arguments).decode()


def free_text_for(words: str) -> str:
    """Return the text a custom tool is called with, fenced in the words if at all."""
    words = words[:LOOKED_AT]
    fenced = _FENCED.search(words)
    if fenced is not None:
        return fenced[1]
    pairs = {match[1]: match[2] for match in _GIVEN.finditer(words)}
    return _bare(pairs["input"]) if "input" in pairs else _WORD


def example(schema: JsonObject) -> Json:
    """Return a small value that fits a JSON schema, as far as practice needs."""
    return _Maker(schema).make(schema, 0)


class _Maker:
    """Makes values for the schemas of one document, a bounded number in all.

    The bound is there because a schema that refers to itself may ask for a tree of
    any size.
    """

    def __init__(self, root: JsonObject) -> None:
        self._root: Final = root
        self._left = _VALUES

    def make(self, schema: JsonObject, depth: int) -> Json:
        self._left -= 1
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        options = schema.get("enum")
        if isinstance(options, list) and options:
            return options[0]
        inner = None if self._enough(depth) else _elsewhere(schema, self._root)
        if inner is not None:
            return self.make(inner, depth + 1)
        return self._by_type(schema, depth)

    def _by_type(self, schema: JsonObject, depth: int) -> Json:
        match _type(schema):
            case "string":
                return _string(schema)
            case "integer" | "number":
                return _number(schema)
            case "boolean":
                return False
            case "array":
                return self._array(schema, depth)
            case "null":
                return None
            case None if depth and "properties" not in schema:
                # Nothing is said about it: a word is as good as anything.
                return _WORD
            case _:
                return self._members(schema, depth)

    def _array(self, schema: JsonObject, depth: int) -> Json:
        items = _object(schema.get("items"))
        made: list[Json] = []
        least = _whole(schema.get("minItems"), 0)
        while len(made) < least and not self._enough(depth):
            made.append(self.make(items, depth + 1))
        return made

    def _members(self, schema: JsonObject, depth: int) -> dict[str, Json]:
        required = schema.get("required")
        properties = _object(schema.get("properties"))
        made: dict[str, Json] = {}
        for name in required if isinstance(required, list) else []:
            if self._enough(depth):
                break
            if isinstance(name, str):
                known = name in properties
                inner = _object(properties.get(name))
                made[name] = self.make(inner, depth + 1) if known else _WORD
        return made

    def _enough(self, depth: int) -> bool:
        return depth >= _DEEPEST or self._left <= 0


def _elsewhere(schema: JsonObject, root: JsonObject) -> JsonObject | None:
    """Return the schema that this one stands for: by reference, or its first choice."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        found: Json = dict(root)
        for step in reference[2:].split("/"):
            found = _object(found).get(step)
        return _object(found)
    for key in ("anyOf", "oneOf", "allOf"):
        choices = schema.get(key)
        if isinstance(choices, list):
            for choice in choices:
                if isinstance(choice, dict) and choice.get("type") != "null":
                    return choice
    return None


def _type(schema: JsonObject) -> Json:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((each for each in kind if each != "null"), "null")
    return kind


def _string(schema: JsonObject) -> str:
    least = min(_whole(schema.get("minLength"), 0), _LONGEST)
    most = _whole(schema.get("maxLength"), _LONGEST)
    return (_WORD * (least // len(_WORD) + 1))[: max(least, min(most, len(_WORD)))]


def _number(schema: JsonObject) -> Json:
    least = schema.get("minimum")
    if isinstance(least, int | float):
        return least
    above = schema.get("exclusiveMinimum")
    if isinstance(above, int | float) and not isinstance(above, bool):
        return above + 1
    most = schema.get("maximum")
    return most if isinstance(most, int | float) and most < 1 else 1


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _whole(value: Json, otherwise: int) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and value >= 0 else otherwise


def _found_object(words: str) -> dict[str, Json]:
    """Return the first JSON object in the words, if there is one."""
    at = words.find("{")
    for _ in range(_TRIES):
        if at < 0:
            break
        try:
            _found, end = json.JSONDecoder().raw_decode(words, at)
            # The strict reader has the last word: no NaN, no half characters.
            return _object(msgspec.json.decode(words[at:end]))
        except (ValueError, RecursionError):
            at = words.find("{", at + 1)
    return {}


def _found_pairs(words: str, properties: dict[str, Json]) -> dict[str, Json]:
    return {
        match[1]: _typed(match[2], _object(properties.get(match[1])))
        for match in _GIVEN.finditer(words)
        if match[1] in properties
    }


def _typed(text: str, schema: JsonObject) -> Json:
    bare = _bare(text)
    kind = _type(schema)
    if kind == "boolean":
        return bare.lower() in _TRUE
    if kind in {"integer", "number"}:
        return _number_in(bare)
    return bare


def _number_in(text: str) -> Json:
    try:
        found: Json = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    number = isinstance(found, int | float) and not isinstance(found, bool)
    return found if number else text


def _bare(text: str) -> str:
    if len(text) >= 2 and text[0] in "\"'`" and text[-1] == text[0]:
        return text[1:-1]
    return text.rstrip(".,;:)")
