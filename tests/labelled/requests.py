"""The labelled requests: what a person says each one is, and the body a client sends.

The labels were written from the texts alone, before there were rules to classify by.
They are never changed to suit a rule.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from labelled.conversation import HISTORIES
from labelled.shapes import chat, gemini, messages, responses
from labelled.shapes.shape import Headers, Shape
from labelled.shapes.side import SIDES

from proxy.model import Protocol
from proxy.routing.facts import RouteClass

_FOLDER = Path(__file__).resolve().parent
SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "claude-code": messages.CLAUDE_CODE,
        "claude-desktop": messages.CLAUDE_DESKTOP,
        "openclaw": messages.OPENCLAW,
        "codex": responses.CODEX,
        "continue": responses.CONTINUE,
        "opencode": chat.OPENCODE,
        "qwen-code": chat.QWEN_CODE,
        "aider": chat.AIDER,
        "n8n": chat.N8N,
        "web": chat.WEB,
        "ollama": chat.OLLAMA,
        "gemini-cli": gemini.GEMINI_CLI,
    }
)
"""The shapes of the user's own requests, by the template's name."""


@dataclass(frozen=True, slots=True)
class Text:
    """A human request, the class of it, and why a person says so."""

    label: RouteClass
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of `requests.toml`: a template, a human text, a state, the label."""

    id: str
    template: str
    human: str
    history: str
    label: RouteClass


@dataclass(frozen=True, slots=True)
class Labelled:
    """One request as it arrives, and what it is.

    `client` is the client's profile; `history` is the state of the conversation,
    `side` where it is a request of the client's own.
    """

    id: str
    client: str
    protocol: Protocol
    path: str
    headers: Headers
    body: bytes
    template: str
    history: str
    label: RouteClass
    why: str

    @property
    def path_stream(self) -> bool:
        """Whether the path asks for a stream, as Gemini's does."""
        return ":streamGenerateContent" in self.path

    def header(self, name: str) -> str | None:
        """A header's value, whatever its case."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None


@cache
def texts() -> Mapping[str, Text]:
    """The human texts by their ids, of all files in `texts` and `held`.

    A file is named by the class of what is in it.
    """
    found: dict[str, Text] = {}
    for path in sorted((*_FOLDER.glob("texts/*.toml"), *_FOLDER.glob("held/*.toml"))):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        for entry in document["text"]:
            label = RouteClass(path.stem)
            found[entry["id"]] = Text(label, entry["text"], entry["why"])
    return MappingProxyType(found)


def rows() -> tuple[Row, ...]:
    """The lines of the set, in the file's order."""
    return _read("requests.toml")


def held_rows() -> tuple[Row, ...]:
    """The lines of the part that is held back, in the file's order."""
    return _read("held.toml")


@cache
def _read(name: str) -> tuple[Row, ...]:
    document = tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return tuple(
        Row(
            entry["id"],
            entry["template"],
            entry["human"],
            entry["history"],
            RouteClass(entry["label"]),
        )
        for entry in document["request"]
    )


def requests() -> Iterator[Labelled]:
    """Every request of the set, its body built as it is asked for."""
    return map(built, rows())


def held() -> Iterator[Labelled]:
    """The requests that are held back: no rule is written or adjusted by them.

    They tell how the classifier fares on what nobody had in view. Whoever adjusts rules
    looks at the shares of this part, never at its texts.
    """
    return map(built, held_rows())


def built(row: Row) -> Labelled:
    """One line as the exact request its client would send."""
    human = texts()[row.human]
    if row.history == "side":
        shape, write = SIDES[row.template]
        body = write(human.text)
    else:
        shape = SHAPES[row.template]
        body = shape.write(HISTORIES[row.history](human.text))
    return Labelled(
        id=row.id,
        client=shape.client,
        protocol=shape.protocol,
        path=shape.path,
        headers=shape.headers,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        template=row.template,
        history=row.history,
        label=row.label,
        why=_why(row, human),
    )


def _why(row: Row, human: Text) -> str:
    if row.label is human.label:
        return human.why
    if row.label is RouteClass.HOUSEKEEPING:
        return f"the client's own request: {row.template}"
    return "its size says it, whatever is asked"


def bodies_by_class() -> Mapping[RouteClass, tuple[Labelled, ...]]:
    """The requests of each class, all bodies built; some are of a megabyte."""
    found: dict[RouteClass, list[Labelled]] = {name: [] for name in RouteClass}
    for labelled in requests():
        found[labelled.label].append(labelled)
    return MappingProxyType({name: tuple(some) for name, some in found.items()})
