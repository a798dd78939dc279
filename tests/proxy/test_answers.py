"""Turnout's own short answers: careful headers, the right envelope, no more."""

import json

import pytest

from proxy.answers import (
    empty_answer,
    json_answer,
    metrics_answer,
    refusal_answer,
)
from proxy.errors import FailureKind, Refused
from proxy.model import Protocol

CAREFUL = {
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("server", "Turnout"),
}


def refused(status: int, kind: FailureKind = FailureKind.BAD_REQUEST) -> Refused:
    return Refused(kind, status, "A sentence.", (("x-more", "1"),))


@pytest.mark.parametrize("protocol", [*Protocol, None])
def test_a_refusal_carries_its_sentence_its_id_and_its_headers(
    protocol: Protocol | None,
) -> None:
    made = refusal_answer(refused(403), protocol, "req_1")
    assert made.status == 403
    assert set(made.headers) >= CAREFUL
    assert ("content-type", "application/json") in made.headers
    assert ("x-turnout-request", "req_1") in made.headers
    assert ("x-more", "1") in made.headers
    assert "A sentence." in json.dumps(json.loads(made.body))


def test_without_an_id_none_is_told() -> None:
    names = [name for name, _ in refusal_answer(refused(400), None, None).headers]
    assert "x-turnout-request" not in names


@pytest.mark.parametrize(
    ("status", "closes"),
    [(400, True), (408, True), (413, True), (426, True), (401, False), (404, False)],
)
def test_where_more_bytes_may_follow_the_connection_ends(
    status: int, closes: bool
) -> None:
    assert refusal_answer(refused(status), None, None).close is closes


def test_plain_answers_are_careful_too() -> None:
    whole = json_answer(b"{}")
    assert (whole.status, whole.body, whole.close) == (200, b"{}", False)
    assert set(whole.headers) == CAREFUL | {("content-type", "application/json")}
    empty = empty_answer()
    assert (empty.status, empty.body, set(empty.headers)) == (200, b"", CAREFUL)


def test_metrics_are_plain_text_of_a_named_version() -> None:
    made = metrics_answer(b"x 1\n")
    assert (made.status, made.body) == (200, b"x 1\n")
    assert set(made.headers) >= CAREFUL
    kind = ("content-type", "text/plain; version=0.0.4; charset=utf-8")
    assert kind in made.headers
