"""What came in: each request exactly as received, and how its answer ended."""

import json
import re
import urllib.parse
from dataclasses import dataclass, field
from enum import StrEnum


class Ask(StrEnum):
    """What a request wants, told from its path."""

    MESSAGES = "messages"
    COUNT = "count"
    RESPONSES = "responses"
    COUNT_RESPONSES = "count responses"
    CHAT = "chat"
    GEMINI = "gemini"
    COUNT_GEMINI = "count gemini"
    OLLAMA = "ollama"
    TAGS = "tags"
    SHOW = "show"
    MODELS = "models"
    OTHER = "other"


_PATHS = {
    "/v1/messages": Ask.MESSAGES,
    "/v1/messages/count_tokens": Ask.COUNT,
    "/v1/responses": Ask.RESPONSES,
    "/v1/responses/input_tokens": Ask.COUNT_RESPONSES,
    "/v1/chat/completions": Ask.CHAT,
    "/v1/models": Ask.MODELS,
    "/v1beta/models": Ask.MODELS,
    "/api/chat": Ask.OLLAMA,
    "/api/tags": Ask.TAGS,
    "/api/show": Ask.SHOW,
}
_LISTS = {Ask.MODELS, Ask.TAGS}
_GEMINI = re.compile(
    r"/v1(?:beta)?/models/([^/:]+):"
    r"(generateContent|streamGenerateContent|countTokens)"
)


@dataclass(slots=True)
class Seen:
    """One request: exact bytes in, exact bytes out, and times (monotonic s).

    `sent` grows while the answer goes out. `gone` is the moment the client
    closed before the answer was whole; None if it did not. `refused` is why a strict
    provider would not take the request; None if it did, or was not strict.
    """

    serial: int
    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    time: float
    sent: bytearray = field(default_factory=bytearray)
    finished: float | None = None
    gone: float | None = None
    refused: str | None = None

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def ask(self) -> Ask:
        """What is asked for."""
        if found := _GEMINI.fullmatch(self.path):
            return Ask.COUNT_GEMINI if found[2] == "countTokens" else Ask.GEMINI
        ask = _PATHS.get(self.path, Ask.OTHER)
        return ask if self.method == "POST" or ask in _LISTS else Ask.OTHER

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        values = self.all(name)
        return values[0] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order."""
        wanted = name.lower().encode()
        return tuple(
            value.decode("latin-1")
            for key, value in self.headers
            if key.lower() == wanted
        )

    @property
    def credential(self) -> str:
        """The key it carries, without the word before it; "" if none."""
        for name in ("x-api-key", "x-goog-api-key", "api-key", "authorization"):
            value = self.header(name)
            if value is not None:
                return value.removeprefix("Bearer ")
        return ""

    @property
    def json(self) -> dict[str, object]:
        """The body as an object; empty if it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def model(self) -> str:
        """The model it asks for."""
        if found := _GEMINI.fullmatch(self.path):
            return urllib.parse.unquote(found[1])
        return str(self.json.get("model", "scripted-large"))

    @property
    def stream(self) -> bool:
        """Whether it wants a stream of events, or of lines."""
        if self.ask is Ask.GEMINI:
            return self.path.endswith(":streamGenerateContent")
        if self.ask is Ask.OLLAMA:
            # Nothing said means a stream, there alone.
            return self.json.get("stream") is not False
        return self.json.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        """Whether a chat stream is to end with its usage."""
        options = self.json.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    def find(self, pattern: str) -> str | None:
        """The first group of a pattern in the body's text."""
        found = re.search(pattern, self.body.decode(errors="replace"))
        return found[1] if found else None

    def everything(self) -> bytes:
        """Target, headers and body in one, to look for what must not be there."""
        lines = [name + b": " + value for name, value in self.headers]
        return b"\n".join([self.target.encode(), *lines, self.body])
