"""What CI runs tells the truth: its status, and pytest's closing line as the last."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_RUN = Path(__file__).resolve().parent.parent / ".ci" / "run"
_CLOSING = "== 3 passed in 0.1s =="
_MAKEFILE = """
lint:
\t@echo linting; exit {lint}
test:
\t@echo '{closing}'; exit {test}
"""


@pytest.mark.parametrize(
    ("lint", "test", "good"),
    [(0, 0, True), (1, 0, False), (0, 1, False), (1, 1, False)],
)
def test_both_parts_run_and_either_can_fail_it(
    tmp_path: Path, lint: int, test: int, *, good: bool
) -> None:
    script = tmp_path / ".ci" / "run"
    script.parent.mkdir()
    shutil.copy(_RUN, script)
    text = _MAKEFILE.format(lint=lint, test=test, closing=_CLOSING)
    (tmp_path / "Makefile").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [str(script)],
        check=False,
        cwd="/",
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
    )
    assert (done.returncode == 0) is good
    assert "linting" in done.stdout
    assert done.stdout.splitlines()[-1] == _CLOSING
