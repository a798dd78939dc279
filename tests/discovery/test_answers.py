"""What was answered is read only where it is what it calls itself."""

import msgspec
import pytest

from discovery.answers import Answer, Answers, decoded


class _Named(msgspec.Struct):
    name: str


GOOD = Answer(200, "application/json", b'{"name":"a","more":1}')


def test_what_is_there_can_be_read() -> None:
    answers = Answers({"/a": GOOD})
    assert answers.read("/a", _Named) == _Named("a")
    assert answers.body("/a") == GOOD.body
    assert answers.has("/a")
    assert answers.status("/a") == 200
    assert answers.at("/a") is GOOD


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Answer(404, "application/json", GOOD.body),
        Answer(200, "text/html", GOOD.body),
        Answer(200, "application/json", b"<html>"),
        Answer(200, "application/json", b'{"name":"\xff"}'),
        Answer(200, "application/json", b'{"name":3}'),
        Answer(200, "application/json", b"[" * 5000),
    ],
)
def test_what_is_something_else_says_nothing(answer: Answer | None) -> None:
    answers = Answers({"/a": answer} if answer else {})
    assert answers.read("/a", _Named) is None


def test_what_is_not_good_has_no_body() -> None:
    answers = Answers(
        {"/a": Answer(500, "application/json", b"{}"), "/b": Answer(200, "text/x")}
    )
    assert (answers.body("/a"), answers.body("/b"), answers.body("/c")) == (b"",) * 3
    assert not answers.has("/a", "/c")
    assert answers.status("/c") == 0


def test_another_status_may_be_read_on_purpose() -> None:
    answers = Answers({"/a": Answer(503, "application/problem+json", b'{"name":"b"}')})
    assert answers.read("/a", _Named, status=503) == _Named("b")


def test_a_body_is_not_shown_in_logs() -> None:
    assert "canary" not in repr(Answer(200, "text/plain", b"canary"))


def test_text_never_fails() -> None:
    assert Answer(200, "", b"a\xff").text == "a\N{REPLACEMENT CHARACTER}"
    assert decoded(b"", _Named) is None
