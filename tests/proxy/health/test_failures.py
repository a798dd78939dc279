"""The last failure of each provider, as a fold of what happened."""

from proxy.errors import Failure, FailureKind
from proxy.health import LastFailures

DOWN = Failure(FailureKind.CONNECT, "a could not be reached.")
LATE = Failure(FailureKind.STALLED, "a went silent.")


def test_the_last_failure_is_told_until_a_success_wipes_it() -> None:
    failures = LastFailures()
    assert failures.sentence("a") == ""
    failures.met("a", DOWN)
    failures.met("a", LATE)
    failures.met("b", DOWN)
    assert failures.sentence("a") == "a went silent."
    failures.met("a", None)
    assert failures.sentence("a") == ""
    assert failures.sentence("b") == "a could not be reached."


def test_a_success_of_a_stranger_is_nothing_to_wipe() -> None:
    failures = LastFailures()
    failures.met("unknown", None)
    assert failures.sentence("unknown") == ""
