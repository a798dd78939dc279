"""The words in which a client's lines are asked for and told; values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from proxy.catalogue import Provider
from proxy.model import Protocol


class Client(StrEnum):
    """The clients whose lines are known."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    OPENCODE = "opencode"
    GEMINI_CLI = "gemini-cli"
    QWEN_CODE = "qwen-code"
    CONTINUE = "continue"
    AIDER = "aider"
    CLAUDE_DESKTOP = "claude-desktop"


class Login(StrEnum):
    """What the client signs in with upstream: providers' keys here, or its own."""

    KEY = "key"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class SettingsPart:
    """One piece to put somewhere: a file, a terminal or a menu, said in `where`."""

    where: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the lines are made from: the gateway's address and key, the providers."""

    url: str
    key: str = field(repr=False)
    login: Login
    providers: tuple[Provider, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a client speaks, and whom it can log in to.

    `own` are the ids of the known providers that take the client's own login, the
    usual one first, none where it has no login that could be passed on; `keyed` is
    the one to suggest with a key, `variable` where its key usually stands.
    """

    protocols: tuple[Protocol, ...]
    own: tuple[str, ...]
    keyed: str
    variable: str


_ANTHROPIC = ("anthropic", "ANTHROPIC_API_KEY")

NEEDS: Mapping[Client, Needs] = {
    Client.CLAUDE_CODE: Needs((Protocol.MESSAGES,), ("anthropic",), *_ANTHROPIC),
    Client.CODEX: Needs(
        (Protocol.RESPONSES,), ("chatgpt", "openai"), "openai", "OPENAI_API_KEY"
    ),
    Client.OPENCODE: Needs(
        (Protocol.CHAT, Protocol.MESSAGES, Protocol.RESPONSES),
        ("anthropic", "openai"),
        *_ANTHROPIC,
    ),
    Client.GEMINI_CLI: Needs(
        (Protocol.GEMINI,), ("gemini",), "gemini", "GEMINI_API_KEY"
    ),
    Client.QWEN_CODE: Needs((Protocol.CHAT,), (), *_ANTHROPIC),
    Client.CONTINUE: Needs((Protocol.CHAT,), (), *_ANTHROPIC),
    Client.AIDER: Needs((Protocol.CHAT,), (), *_ANTHROPIC),
    Client.CLAUDE_DESKTOP: Needs((Protocol.MESSAGES,), (), *_ANTHROPIC),
}
