"""Scripts of a provider that misbehaves on purpose; each is a whole step.

What spoils a sound answer on its way stands in `upstream.reply`.
"""

from dataclasses import replace

from upstream import chat, gemini, messages, ollama_chat, responses
from upstream.record import Ask, Seen
from upstream.reply import End, Reply, body_reply, json_reply, with_header
from upstream.turns import Answer, Script, Step, Text

HTML = b"<html><body><h1>502 Bad Gateway</h1><p>nginx</p></body></html>\n"


_ENVELOPES = {
    Ask.MESSAGES: messages.error,
    Ask.COUNT: messages.error,
    Ask.RESPONSES: responses.error,
    Ask.COUNT_RESPONSES: responses.error,
    Ask.GEMINI: gemini.error,
    Ask.COUNT_GEMINI: gemini.error,
    Ask.OLLAMA: ollama_chat.error,
    Ask.SHOW: ollama_chat.error,
}


def envelope(seen: Seen, status: int, message: str) -> dict[str, object]:
    """The error of a status in the protocol asked for."""
    return _ENVELOPES.get(seen.ask, chat.error)(status, message)


def refuse(
    status: int, message: str = "scripted failure", *, retry_after: str | None = None
) -> Script:
    """An error with the envelope of the protocol asked for."""

    def script(seen: Seen) -> Step:
        heads = [("retry-after", retry_after)] if retry_after is not None else []
        return json_reply(status, envelope(seen, status, message), heads)

    return script


def html_page(status: int = 502) -> Reply:
    """A page from some machine before the provider, not an API's answer."""
    return body_reply(status, HTML, "text/html; charset=utf-8")


def redirect(url: str, status: int = 307) -> Reply:
    """A redirect that would carry the key to another place if followed."""
    return body_reply(status, b"", "text/plain", [("location", url)])


def echo_in_answer(seen: Seen) -> Step:
    """An answer whose text holds the credential it was asked with."""
    return Answer((Text(f"Your key is {seen.credential} indeed."),))


def echo_in_error(seen: Seen) -> Step:
    """A 401 whose message holds the credential it was asked with."""
    return refuse(401, f"Incorrect API key provided: {seen.credential}.")(seen)


def echo_in_header(seen: Seen) -> Step:
    """An answer with the credential in a header."""

    def change(reply: Reply) -> Reply:
        return with_header(reply, "x-debug-key", seen.credential)

    return Answer((Text("See the header."),), change=change)


def error_event(seen: Seen, message: str = "scripted failure") -> bytes:
    """The protocol's own error event inside a stream."""
    match seen.ask:
        case Ask.MESSAGES:
            return messages.event("error", messages.error(529, message))
        case Ask.RESPONSES:
            failed = {"code": "server_error", "message": message, "param": None}
            return responses.event({"type": "error", **failed}, 99)
        case Ask.GEMINI:
            return gemini.event(gemini.error(503, message))
        case Ask.OLLAMA:
            return ollama_chat.line(ollama_chat.error(500, message))
        case _:
            return chat.event(chat.error(500, message))


def error_after(answer: Answer, events: int) -> Script:
    """So many events of an answer, then the protocol's error event, then EOF."""

    def script(seen: Seen) -> Step:
        def change(reply: Reply) -> Reply:
            chunks = (*reply.chunks[:events], error_event(seen))
            return replace(reply, chunks=chunks, end=End.EOF)

        return replace(answer, change=change)

    return script
