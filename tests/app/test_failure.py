"""What a person is told when a command fails."""

from app.failure import CommandFailed, Exit


def test_the_exit_codes_are_the_published_ones() -> None:
    assert [int(code) for code in Exit] == [0, 1, 2, 3]


def test_a_failure_keeps_its_parts_and_fails_by_default() -> None:
    failed = CommandFailed("It is shut", "The shop is shut.")
    assert (failed.title, failed.message, failed.todo) == (
        "It is shut",
        "The shop is shut.",
        "",
    )
    assert failed.exit == Exit.FAILED
    assert str(failed) == "It is shut"
