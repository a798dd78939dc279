"""The vendors' answer types, field by field: read, or not and why."""

from answer_kinds import chat, gemini, messages, ollama, responses
from answer_kinds.gemini import GENERATED
from answer_kinds.kind import Data, Kind, camel
from answer_kinds.messages import MESSAGE
from answer_kinds.responses import RESPONSE

KINDS = [
    *messages.KINDS,
    *responses.KINDS,
    *chat.KINDS,
    *gemini.KINDS,
    *ollama.KINDS,
]

__all__ = ["GENERATED", "KINDS", "MESSAGE", "RESPONSE", "Data", "Kind", "camel"]
