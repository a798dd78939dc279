"""A client's own command: no shell, a time limit, and nothing it prints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wizard import commanding
from wizard.commanding import CommandRefused, run_words

SECRET = "tnt_canary_not_a_secret"


def python(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text, SECRET)


def test_it_runs_and_keeps_quiet(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "$(touch x); written"
    run_words(
        (*python("import sys; open(sys.argv[2], 'w'); print(sys.argv)"), str(file))
    )
    assert file.exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("/nowhere/client", SECRET), "The program client was not found."),
        (python("import sys; sys.exit(3)"), "ended with code 3."),
        ((), "the command could not be started"),
        (("/", SECRET), "could not be started"),
    ],
)
def test_a_failure_is_told_without_its_words(words: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        run_words(words)
    assert why in refused.value.why
    assert SECRET not in refused.value.why + refused.value.todo + str(refused.value)


def test_one_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commanding, "SECONDS", 0.2)
    with pytest.raises(CommandRefused, match="did not end within"):
        run_words(python("import time; time.sleep(60)"))
