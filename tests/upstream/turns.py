"""What a scripted model says in one turn; knows no protocol and no socket."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from upstream.record import Seen
from upstream.reply import Raw, Reply


@dataclass(frozen=True, slots=True)
class Text:
    """Words the model writes to the user."""

    text: str

    def pieces(self) -> tuple[str, ...]:
        """The text as a model would stream it, a word at a time."""
        return tuple(re.findall(r"\S+\s*|\s+", self.text))


SIGNATURE = "c2lnbmVkLWJ5LXRoZS1zY3JpcHQ="


@dataclass(frozen=True, slots=True)
class Thinking:
    """Reasoning before the answer; the signature must come back unchanged."""

    text: str
    signature: str = SIGNATURE


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one of the client's tools.

    `freeform` calls carry plain text (`input`), others a JSON object
    (`arguments`). `namespace` is the group the tool was offered in, if any.
    """

    name: str
    arguments: tuple[tuple[str, object], ...] = ()
    input: str = ""
    freeform: bool = False
    namespace: str | None = None

    @classmethod
    def of(cls, name: str, **arguments: object) -> "ToolCall":
        """A function call with these arguments, in this order."""
        return cls(name, tuple(arguments.items()))

    def payload(self) -> str:
        """The call's arguments as text: JSON, or the free-form input."""
        if self.freeform:
            return self.input
        return json.dumps(dict(self.arguments), ensure_ascii=False)

    def pieces(self) -> tuple[str, ...]:
        """The payload in stretches of a dozen characters, as it is streamed."""
        whole = self.payload()
        return tuple(whole[at : at + 12] for at in range(0, len(whole), 12))


Part = Text | Thinking | ToolCall


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider says it counted (`fresh` is without the cache)."""

    fresh: int = 1200
    cache_read: int = 300
    cache_write: int = 0
    output: int = 42
    reasoning: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that went in, as OpenAI counts them."""
        return self.fresh + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class Ways:
    """How a server deviates where its protocol leaves room, or where it errs.

    In Chat: `whole_arguments` come in one piece with the call; `interleaved` mixes the
    pieces of several calls; `reasoning` is the field of reasoning, '' for none; `usage`
    stands at the end as asked, always or never; `sloppy_stop` says `stop` where calls
    were made. `call_ids` names calls in Gemini and Ollama.
    """

    whole_arguments: bool = False
    interleaved: bool = False
    reasoning: str = "reasoning_content"
    usage: str = "asked"
    sloppy_stop: bool = False
    call_ids: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One turn of the model, in whatever protocol the client speaks.

    `cut_short` ends it as if a limit of tokens had been reached. `change`
    reworks the finished reply: that is how faults are put on an answer. `ways` is how
    the server deviates; a whole server's ways go before these.
    """

    parts: tuple[Part, ...]
    tokens: Tokens = Tokens()
    cut_short: bool = False
    change: Callable[[Reply], Reply] | None = None
    ways: Ways = Ways()

    def calls(self) -> bool:
        """Whether the client is asked to run a tool."""
        return any(isinstance(part, ToolCall) for part in self.parts)


Step = Answer | Reply | Raw
Script = Callable[[Seen], Step]


def say(text: str, *calls: ToolCall, tokens: Tokens | None = None) -> Answer:
    """An answer of some text and then tool calls."""
    parts: tuple[Part, ...] = (Text(text),) if text else ()
    return Answer((*parts, *calls), tokens or Tokens())
