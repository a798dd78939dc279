"""A terminal's variables are masked, and stand back where a line tells more."""

from pathlib import Path

from made_home import CANARY, around

from discovery.keys import keys_in_environment
from discovery.overrides import override_variables
from discovery.shell_files import Assigned
from discovery.terminal import (
    HOMES,
    TERMINAL,
    Terminal,
    keys_of_terminal,
    terminal_lines,
    variables_shown,
)


def test_every_home_is_an_override_variable() -> None:
    names = override_variables()
    assert set(HOMES) <= set(names)
    assert len(set(names)) == len(names)
    assert "ANTHROPIC_BASE_URL" in names


def test_values_are_masked_and_our_own_keys_left_out(tmp_path: Path) -> None:
    here = around(
        tmp_path,
        A_URL=f"http://u:{CANARY}@x.example",
        B_KEY=CANARY,
        C="tnt_canary",
        CODEX_HOME="/x/y",
    )
    names = ("A_URL", "B_KEY", "C", "CODEX_HOME", "D")
    assert variables_shown(here, names) == (
        ("A_URL", "http://x.example"),
        ("B_KEY", "[hidden]"),
        ("CODEX_HOME", "/x/y"),
    )


def test_a_line_that_sets_it_comes_before_the_terminal() -> None:
    terminal = Terminal(variables=(("A", "1"), ("B", "2")))
    line = Assigned("A", "1", "~/.zshrc, line 1", "export A=")
    unexported = Assigned("B", "2", "~/.zshrc, line 2", "B=", exported=False)
    (only,) = terminal_lines(terminal, (line, unexported))
    assert (only.name, only.where) == ("B", TERMINAL)
    assert not list(terminal_lines(None, ()))


def test_a_key_that_both_have_is_told_once(tmp_path: Path) -> None:
    here = keys_in_environment(around(tmp_path, GROQ_API_KEY=CANARY))
    assert not list(keys_of_terminal(Terminal(keys=here), here))
    (only,) = keys_of_terminal(Terminal(keys=here), ())
    assert (only.where, only.reference) == (TERMINAL, "")
