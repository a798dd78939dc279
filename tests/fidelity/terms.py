"""What the cells of the matrix speak of: asks, what was heard, what was got; values.

It is the tests' own small language, apart from the product's: each protocol's words for
it stand in `said_*` (clients) and `heard_*` (providers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy.model import Protocol

Json = dict[str, Any]

WORDS = {
    Protocol.MESSAGES: "messages",
    Protocol.RESPONSES: "responses",
    Protocol.CHAT: "chat",
    Protocol.GEMINI: "gemini",
    Protocol.OLLAMA: "ollama",
}
CLIENTS = (Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT, Protocol.GEMINI)
PROVIDERS = tuple(WORDS)

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
PAGE = "JVBERi0xLjQKJSVFT0YK"


class NotApplicable(Exception):
    """The cell cannot be: its protocol has no such thing; the word tells which."""


@dataclass(frozen=True, slots=True)
class Words:
    """Text."""

    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as base64, or by its address."""

    data: str = PIXEL
    url: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A PDF file as base64."""

    name: str = "page.pdf"
    data: str = PAGE


@dataclass(frozen=True, slots=True)
class Thought:
    """Reasoning and its proof, '' for none; `sealed` can be read by its maker alone."""

    text: str
    proof: str = ""
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool. `raw` replaces the arguments' JSON, `free` is plain text."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = "toolu_01"
    raw: str | None = None
    free: str | None = None
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call."""

    of: str = "toolu_01"
    parts: tuple[Words | Picture | File, ...] = (Words("sunny"),)
    error: bool = False
    name: str = "weather"

    @property
    def text(self) -> str:
        """Its words."""
        return "".join(each.text for each in self.parts if isinstance(each, Words))


@dataclass(frozen=True, slots=True)
class Other:
    """Something of the protocol's own, by its type."""

    kind: str


@dataclass(frozen=True, slots=True)
class Echo:
    """An answer that the client gives back as it got it."""

    answer: Json


@dataclass(frozen=True, slots=True)
class Raw:
    """Something of the client's own protocol, as it is written there."""

    shape: Json


Part = Words | Picture | File | Thought | Call | Result | Other | Echo | Raw


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says: `user`, `assistant` or `system`."""

    role: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its words."""
        return "".join(each.text for each in self.parts if isinstance(each, Words))


def user(*parts: Part | str) -> Turn:
    """The user's turn."""
    return Turn("user", _parts(parts))


def assistant(*parts: Part | str) -> Turn:
    """The model's turn."""
    return Turn("assistant", _parts(parts))


def _parts(parts: Iterable[Part | str]) -> tuple[Part, ...]:
    return tuple(Words(each) if isinstance(each, str) else each for each in parts)


CITY: Json = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The name."}},
    "required": ["city"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool offered; `grammar` makes it one that is called with plain text."""

    name: str = "weather"
    schema: Json | None = field(default_factory=lambda: CITY)
    description: str = "Tells the weather."
    strict: bool | None = None
    grammar: str | None = None
    namespace: str = ""


WEATHER = Tool()
HELLO = (user("Hello."),)
LOOP = (
    user("How is the weather in Oslo?"),
    assistant("Let me look.", Call("weather", {"city": "Oslo"})),
    user(Result()),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, as any client means it. None and () say nothing.

    `choice` is `auto`, `none`, `any` or the name of a tool; `more` are fields of the
    client's own protocol. `hosted` offers that protocol's web search.
    """

    turns: tuple[Turn, ...] = HELLO
    system: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: str = ""
    parallel: bool | None = None
    limit: int | None = None
    stops: tuple[str, ...] = ()
    temperature: float | None = None
    effort: str = ""
    budget: int | None = None
    schema: Json | None = None
    hosted: bool = False
    more: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a provider received, read in its own protocol.

    `schemas` and `strict` are by the tool's name. `thinks` is whatever was said about
    reasoning, as the protocol says it.
    """

    body: Json
    system: tuple[str, ...]
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    hosted: tuple[str, ...] = ()
    choice: str = ""
    parallel: bool | None = None
    limit: int | None = None
    stops: tuple[str, ...] = ()
    temperature: float | None = None
    thinks: Any = None
    schema: Json | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of all turns."""
        return tuple(part for turn in self.turns for part in turn.parts)

    @property
    def results(self) -> list[Result]:
        """What came of calls, in order."""
        return [each for each in self.parts if isinstance(each, Result)]

    @property
    def calls(self) -> list[Call]:
        """The calls of the history, in order."""
        return [each for each in self.parts if isinstance(each, Call)]

    @property
    def thoughts(self) -> list[Thought]:
        """The reasoning of the history."""
        return [each for each in self.parts if isinstance(each, Thought)]

    @property
    def pictures(self) -> list[Picture]:
        """Every picture, those in results too."""
        found = [each for each in self.parts if isinstance(each, Picture)]
        for result in self.results:
            found += [each for each in result.parts if isinstance(each, Picture)]
        return found

    @property
    def text(self) -> str:
        """All words of all turns and results."""
        told = [turn.text for turn in self.turns]
        return "\n".join([*told, *(each.text for each in self.results)])


@dataclass(frozen=True, slots=True)
class Got:
    """An answer as a client has it.

    `answer` is what it keeps and gives back. `stop` is one of `end`, `tools`, `limit`,
    `stop`, `refusal`, `pause`; `prompt` are all tokens that went in.
    """

    answer: Json
    parts: tuple[Part, ...]
    stop: str
    stop_word: str | None = None
    prompt: int | None = None
    cached: int | None = None
    output: int | None = None
    sources: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def text(self) -> str:
        """The words."""
        return "".join(each.text for each in self.parts if isinstance(each, Words))

    @property
    def calls(self) -> list[Call]:
        """The calls."""
        return [each for each in self.parts if isinstance(each, Call)]

    @property
    def thoughts(self) -> list[Thought]:
        """The reasoning."""
        return [each for each in self.parts if isinstance(each, Thought)]
