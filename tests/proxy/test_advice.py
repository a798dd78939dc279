"""Every failure a client can be told of says what was done and what to do."""

import re

import pytest

from proxy.advice import ADVICE, in_full
from proxy.errors import Failure, FailureKind

# Their own sentences hold all three parts, because they depend on the case.
SAY_IT_THEMSELVES = {
    FailureKind.OFFLINE,
    FailureKind.NO_ROUTE,
    FailureKind.FORBIDDEN,
}
TOLD = {
    FailureKind.CONNECT,
    FailureKind.DNS,
    FailureKind.TLS,
    FailureKind.RESET,
    FailureKind.FIRST_BYTE_TIMEOUT,
    FailureKind.STALLED,
    FailureKind.CUT,
    FailureKind.MALFORMED,
    FailureKind.UPSTREAM_ERROR,
    FailureKind.BAD_REQUEST,
}


@pytest.mark.parametrize("kind", sorted(TOLD))
def test_what_happened_what_was_done_and_what_to_do(kind: FailureKind) -> None:
    done, todo = ADVICE[kind]
    said = in_full(Failure(kind, "scripted could not be reached."))
    assert said == f"scripted could not be reached. {done} {todo}"
    assert done.startswith("Turnout ")
    assert done.endswith(".")
    assert todo.endswith(".")


@pytest.mark.parametrize("kind", sorted(TOLD))
def test_only_an_answer_that_has_begun_was_passed_on(kind: FailureKind) -> None:
    said = in_full(Failure(kind, "scripted broke off."), begun=False)
    assert "passed on" not in said
    assert said.endswith(ADVICE[kind][1])


def test_words_without_a_full_stop_do_not_run_into_the_next_sentence() -> None:
    said = in_full(Failure(FailureKind.UPSTREAM_ERROR, "scripted: boom\n"))
    assert said.startswith("scripted: boom. Turnout had")


def test_nothing_is_added_to_what_says_it_itself() -> None:
    assert not SAY_IT_THEMSELVES & set(ADVICE)
    for kind in SAY_IT_THEMSELVES:
        assert in_full(Failure(kind, "As it is.")) == "As it is."
    assert set(ADVICE) == TOLD


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.CUT,
        FailureKind.RESET,
        FailureKind.STALLED,
        FailureKind.UPSTREAM_ERROR,
    ],
)
def test_an_answer_that_broke_off_is_asked_for_again_by_opencode(
    kind: FailureKind,
) -> None:
    said = in_full(Failure(kind, "scripted cut its answer short."))
    # One of the wordings that it takes for a reason to ask again.
    assert re.search("try your request again|retry your request", said, re.IGNORECASE)
