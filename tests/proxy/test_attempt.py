"""How an answer begins, and what an error status means."""

from __future__ import annotations

import pytest

from proxy.attempt import is_stream, objection, refusal
from proxy.errors import FailureKind
from proxy.upstream import Answer


class _Peeked(Answer):
    """An answer of which only the type and the first bytes matter."""

    def __init__(
        self, kind: str, first: bytes = b"", packing: str = "", status: int = 200
    ) -> None:
        self.status = status
        self._heads = {"content-type": kind, "content-encoding": packing}
        self._first = first

    def header(self, name: str) -> str:
        return self._heads[name]

    async def peek(self) -> bytes:
        return self._first


@pytest.mark.parametrize(
    ("kind", "first", "stream"),
    [
        ("text/event-stream; charset=utf-8", b"{", True),
        ("", b'data: {"x":1}\n\n', True),
        ("text/plain", b"\xef\xbb\xbfevent:ping\n", True),
        ("application/json", b"\r\n: waiting\n\n", True),
        ("application/json", b'{"data": 1}', False),
        ("", b"", False),
    ],
)
async def test_what_is_taken_for_a_stream(
    kind: str, first: bytes, stream: bool
) -> None:
    assert await is_stream(_Peeked(kind, first), asked=True) is stream


async def test_only_who_asked_for_a_stream_may_get_an_undeclared_one() -> None:
    assert not await is_stream(_Peeked("", b"data: x\n\n"), asked=False)
    assert not await is_stream(_Peeked("", b"data: x\n\n", "gzip"), asked=True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.REJECTED),
        (401, FailureKind.AUTH),
        (402, FailureKind.AUTH),
        (403, FailureKind.AUTH),
        (404, FailureKind.REJECTED),
        (429, FailureKind.RATE_LIMITED),
        (500, FailureKind.UPSTREAM_ERROR),
        (529, FailureKind.UPSTREAM_ERROR),
    ],
)
def test_an_error_status_is_a_kind_of_failure(status: int, kind: FailureKind) -> None:
    failure = refusal("groq", status, 3.0)
    assert (failure.kind, failure.status) == (kind, status)
    assert failure.message.startswith(f"groq answered {status}.")


@pytest.mark.parametrize("status", [429, 503])
def test_a_wish_to_wait_is_kept(status: int) -> None:
    assert refusal("groq", status, 3.0).retry_after == 3.0


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (101, "", "proper HTTP"),
        (302, "application/json", "redirect"),
        (200, "text/html; charset=utf-8", "web page"),
    ],
)
def test_what_is_no_answer_of_a_model(status: int, kind: str, said: str) -> None:
    failure = objection("groq", _Peeked(kind, status=status))
    assert failure is not None
    assert failure.kind is FailureKind.MALFORMED
    assert said in failure.message


def test_a_models_answer_is_let_pass() -> None:
    assert objection("groq", _Peeked("application/json")) is None
