"""The closed set of failures, and a refusal that tells nothing but its sentence."""

from __future__ import annotations

import dataclasses

import pytest

from proxy.errors import Failure, FailureKind, Refused

SECRET = "sk-ant-api03-not-for-anyone"
# What the record of some user may hold: a word is added, never renamed.
RECORDED = """
    bad_request unauthorized forbidden not_found method_not_allowed body_timeout
    too_large unsupported_media upgrade_refused offline no_route connect tls dns
    reset first_byte_timeout rate_limited upstream_error auth rejected cut
    malformed stalled client_gone stopping internal
"""


def test_a_refusal_reads_as_its_sentence_alone() -> None:
    refused = Refused(
        FailureKind.UNAUTHORIZED, 401, "No key was sent.", (("x-key", SECRET),)
    )
    assert str(refused) == refused.message == "No key was sent."
    assert SECRET not in repr(refused)
    assert (refused.kind, refused.status) == ("unauthorized", 401)
    assert refused.headers == (("x-key", SECRET),)
    assert Refused(FailureKind.NOT_FOUND, 404, "Not here.").headers == ()


def test_a_failure_is_a_value() -> None:
    failure = Failure(FailureKind.RATE_LIMITED, "Too many requests.", 429, 1.5)
    assert failure == dataclasses.replace(failure)
    assert Failure(FailureKind.DNS, "No such name.").status is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        failure.status = 500  # type: ignore[misc]


def test_the_words_of_earlier_records_still_mean_something() -> None:
    assert set(RECORDED.split()) <= {kind.value for kind in FailureKind}
    assert str(FailureKind.NO_ROUTE) == FailureKind("no_route") == "no_route"
