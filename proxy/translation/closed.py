"""Makes a schema one that Messages enforces: closed objects, few keywords; pure.

What is taken is what the vendor's page on structured outputs and its package
(`anthropic.transform_schema`) say: any other keyword is answered with 400. Keywords
that cannot be enforced are told in the description beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.model import Json, JsonObject
from proxy.wire.fields import json_text

_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname"}
    | {"uri", "ipv4", "ipv6", "uuid"}
)
_WORDS: Final[tuple[str, ...]] = ("title", "description")
_GROUPS: Final[tuple[str, ...]] = ("$defs", "definitions")
# They speak of the schema and not of the answer.
_SILENT: Final = frozenset({"$schema", "$id", "$comment", "propertyOrdering"})
_DEEPEST: Final = 32
_MOST: Final = 5_000
_FEWEST: Final = (0, 1)
_MORE: Final = "additionalProperties"
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean", "null"})
_KINDS: Final = _SCALARS | {"object", "array"}


@dataclass(frozen=True, slots=True)
class Closed:
    """A schema Messages takes; `simpler` where it forbids less than the one given."""

    schema: JsonObject
    simpler: bool


class _OpenError(Exception):
    """A schema that has no closed form."""


def close(schema: JsonObject) -> Closed | None:
    """Return the schema as Messages enforces it, None where it has no such form.

    None are those that are open at heart: objects with any keys, values of any kind,
    schemas inside themselves. The schema is the very same one where nothing had to be
    changed.
    """
    try:
        closer = _Closer(schema)
        made = closer.root(schema)
    except _OpenError:
        return None
    return Closed(schema if made == schema else made, closer.simpler)


class _Closer:
    """Rewrites one schema; `root` is where references lead."""

    def __init__(self, root: JsonObject) -> None:
        self.simpler = False
        self._left = _MOST
        self._named: dict[str, dict[str, Json]] = {}
        for group in _GROUPS:
            inner = root.get(group)
            if isinstance(inner, dict):
                for name, each in inner.items():
                    self._named[f"#/{group}/{name}"] = _schema(each)

    def root(self, schema: JsonObject) -> dict[str, Json]:
        """Return the whole schema, its definitions with it."""
        for name in self._named:
            self._ends(name, ())
        made = self._closed(dict(schema), 0)
        for group in _GROUPS:
            inner = schema.get(group)
            if isinstance(inner, dict):
                made[group] = {
                    name: self._closed(_schema(each), 1) for name, each in inner.items()
                }
        return made

    def _ends(self, name: str, seen: tuple[str, ...]) -> None:
        """Raise where a definition leads back to itself."""
        if name in seen or len(seen) > _DEEPEST:
            raise _OpenError
        for each in _references(self._named.get(name, {}), 2 * _DEEPEST):
            self._left -= 1
            if self._left < 0:
                raise _OpenError
            self._ends(each, (*seen, name))

    def _closed(self, given: dict[str, Json], depth: int) -> dict[str, Json]:
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise _OpenError
        left = {key: each for key, each in given.items() if key not in _SILENT}
        for group in _GROUPS if depth == 0 else ():
            left.pop(group, None)
        if "$ref" in left:
            return self._reference(left)
        made = {key: left.pop(key) for key in _WORDS if key in left}
        nullable = left.pop("nullable", None) is True
        kinds = left.pop("type", _kind(left))
        if isinstance(kinds, list):
            nullable = nullable or "null" in kinds
            real = [each for each in kinds if each != "null"]
            kinds = real[0] if len(real) == 1 else real
        if "enum" in left or "const" in left:
            self._literals(left, made, nullable=nullable)
            if isinstance(kinds, str) and kinds in _SCALARS and not nullable:
                made["type"] = kinds
            nullable = False
        elif choices := _choices(left):
            made["anyOf"] = [self._closed(_schema(each), depth + 1) for each in choices]
        elif isinstance(kinds, str) and kinds in _KINDS:
            made["type"] = kinds
            self._inside(kinds, left, made, depth)
        elif isinstance(kinds, list) and kinds:
            made["anyOf"] = [
                self._closed({"type": each, **left}, depth + 1) for each in kinds
            ]
            left.clear()
        else:
            raise _OpenError
        self._told(left, made)
        return _or_null(made) if nullable else made

    def _reference(self, left: dict[str, Json]) -> dict[str, Json]:
        target = left.pop("$ref")
        if not isinstance(target, str) or target not in self._named:
            raise _OpenError
        self.simpler = self.simpler or bool(left.keys() - {*_WORDS, "default"})
        return {"$ref": target}

    def _literals(
        self, left: dict[str, Json], made: dict[str, Json], *, nullable: bool
    ) -> None:
        fixed, values = "const" in left, left.pop("enum", None)
        if fixed:
            values = [left.pop("const")]
        if not isinstance(values, list) or not values:
            raise _OpenError
        if any(isinstance(each, dict | list) for each in values):
            raise _OpenError
        if nullable and None not in values:
            made["enum"] = [*values, None]
        elif fixed:
            made["const"] = values[0]
        else:
            made["enum"] = values

    def _inside(
        self, kind: str, left: dict[str, Json], made: dict[str, Json], depth: int
    ) -> None:
        """Carry over what a schema of this kind may say beside its words."""
        if kind == "object":
            self._object(left, made, depth)
        elif kind == "array":
            made["items"] = self._closed(_schema(left.pop("items", None)), depth + 1)
            if left.get("minItems") in _FEWEST:
                made["minItems"] = left.pop("minItems")
        elif kind == "string" and left.get("format") in list(_FORMATS):
            made["format"] = left.pop("format")

    def _object(self, left: dict[str, Json], made: dict[str, Json], depth: int) -> None:
        more = left.pop(_MORE, None)
        properties = left.pop("properties", {} if more is False else None)
        if not isinstance(properties, dict) or (not properties and more):
            raise _OpenError
        made["properties"] = {
            name: self._closed(_schema(each), depth + 1)
            for name, each in properties.items()
        }
        made[_MORE] = False
        self.simpler = self.simpler or not (more is None or more is False)
        required = left.pop("required", None)
        if isinstance(required, list):
            made["required"] = [each for each in required if each in list(properties)]

    def _told(self, left: dict[str, Json], made: dict[str, Json]) -> None:
        """Tell the model what nobody enforces."""
        if not left:
            return
        self.simpler = self.simpler or bool(left.keys() - {"default", "examples"})
        before, told = made.get("description"), json_text(left)
        made["description"] = f"{before}\n\n{told}" if before else told


def _schema(value: Json) -> dict[str, Json]:
    """The schema a member is; what is none, or takes anything, is open."""
    if not isinstance(value, dict):
        raise _OpenError
    return value


def _kind(given: dict[str, Json]) -> Json:
    """The kind a schema without `type` means."""
    if "properties" in given:
        return "object"
    return "array" if "items" in given else None


def _choices(left: dict[str, Json]) -> list[Json]:
    """Take the schemas out of which one must hold; [] where there is no such choice."""
    words = [key for key in ("anyOf", "oneOf", "allOf") if key in left]
    if not words:
        return []
    choices = left.pop(words[0])
    # Two rules on one value have no form here, all the more if both are closed.
    both = len(words) > 1 or "properties" in left or "items" in left
    if both or not isinstance(choices, list) or not choices:
        raise _OpenError
    if words == ["allOf"] and len(choices) > 1:
        raise _OpenError
    return choices


def _or_null(made: dict[str, Json]) -> dict[str, Json]:
    words = {key: made.pop(key) for key in _WORDS if key in made}
    return {**words, "anyOf": [made, {"type": "null"}]}


def _references(value: Json, depth: int) -> list[str]:
    if depth == 0:
        raise _OpenError
    if isinstance(value, list):
        return [name for each in value for name in _references(each, depth - 1)]
    if not isinstance(value, dict):
        return []
    target = value.get("$ref")
    found = [target] if isinstance(target, str) else []
    return found + [
        name for each in value.values() for name in _references(each, depth - 1)
    ]
