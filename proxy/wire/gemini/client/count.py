"""Reads and writes Gemini's `countTokens`, for clients and from providers; no I/O."""

from __future__ import annotations

import msgspec

from proxy.model import Request
from proxy.wire.fields import Fields, WireError, read_body
from proxy.wire.gemini.client.request import request_of
from proxy.wire.gemini.spelling import inner, own


class _Count(msgspec.Struct, rename="camel"):
    """What is read of `CountTokensResponse`."""

    total_tokens: int


def read_count_request(body: bytes) -> Request:
    """Decode the body of `countTokens`: contents, or a whole request in one field.

    Raises WireError with a sentence that names the field and quotes no content.
    """
    return read_body(body, _request)


def _request(fields: Fields) -> Request:
    top = own(fields)
    whole = inner(top, "generateContentRequest")
    return request_of(top if whole is None else whole)


def write_count(total: int) -> bytes:
    """Write the answer; `total` is in tokens."""
    return msgspec.json.encode({"totalTokens": total})


def read_count_answer(body: bytes) -> int:
    """Return the tokens that a provider counted. Raises WireError for anything else."""
    try:
        total = msgspec.json.decode(body, type=_Count).total_tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WireError("The answer is no count of tokens.") from None
    if total < 0:
        raise WireError("The answer counts fewer than no tokens.")
    return total
