"""Start-up files are read line by line, and no shell is run for them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_home import CANARY, around, put

from discovery.shell_files import (
    Assigned,
    _commands,
    _fish,
    _powershell,
    _shell,
    assignments,
)


def found(tmp_path: Path, name: str, text: str) -> list[tuple[str, str, bool]]:
    put(tmp_path / name, text)
    lines = assignments(around(tmp_path), tmp_path / "system")
    return [(line.name, line.value, line.exported) for line in lines]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("export A=b", "b"),
        ("  export A='b c' # why", "b c"),
        ('export A="b \\"c\\""', 'b "c"'),
        ("export A=b'c'\"d\"", "bcd"),
        ("export A=b\\ c", "b c"),
        ("export A=$(op read x y)z", "$(op read x y)z"),
        ("export A=`cat key`", "`cat key`"),
        ("export A=", ""),
        ("if true; then export A=b; fi", "b"),
        ("[ -f x ] && export A=b", "b"),
        ("declare -x A=b", "b"),
        ("typeset -gx A=b", "b"),
        ("export B=1 A=b", "b"),
        ("export A='open", "open"),
        ("export A=b#c", "b#c"),
    ],
)
def test_an_export_is_read(tmp_path: Path, line: str, value: str) -> None:
    assert ("A", value, True) in found(tmp_path, ".bashrc", line)


@pytest.mark.parametrize(
    "line",
    ["# export A=b", "A=b program", "echo A=b", "export A", "alias x='A=b'", "x #A=b"],
)
def test_what_sets_nothing_is_passed_over(tmp_path: Path, line: str) -> None:
    assert found(tmp_path, ".bashrc", line) == []


def test_a_plain_assignment_counts_once_it_is_exported(tmp_path: Path) -> None:
    assert found(tmp_path, ".bashrc", "A=b\n") == [("A", "b", False)]
    assert found(tmp_path, ".bashrc", "A=b\nexport A\n") == [("A", "b", True)]
    assert found(tmp_path, ".bashrc", "declare A=b\n") == [("A", "b", False)]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (".zshenv", "export A=b"),
        (".zprofile", "export A=b"),
        (".zshrc", "export A=b"),
        (".bash_profile", "export A=b"),
        (".profile", "export A=b"),
        (".config/fish/config.fish", "set -gx A b"),
        (".config/fish/config.fish", "set --global --export A 'b'"),
        (".config/fish/config.fish", "export A=b"),
        (".config/fish/fish_variables", "SETUVAR --export A:b"),
        (".config/environment.d/keys.conf", "A=b"),
        ("system/etc/environment", 'A="b"'),
        (".config/powershell/profile.ps1", "$env:A = 'b'"),
        (
            ".config/powershell/Microsoft.PowerShell_profile.ps1",
            "[Environment]::SetEnvironmentVariable('A', 'b', 'User')",
        ),
    ],
)
def test_every_file_is_read(tmp_path: Path, name: str, line: str) -> None:
    assert found(tmp_path, name, f"\n{line}\n") == [("A", "b", True)]


def test_a_line_says_where_it_stands(tmp_path: Path) -> None:
    put(tmp_path / ".zshrc", "\n\nexport A=b\n")
    (line,) = assignments(around(tmp_path), tmp_path / "system")
    assert line.where == "~/.zshrc, line 3"
    assert line.head == "export A="


def test_fish_variables_are_unescaped(tmp_path: Path) -> None:
    text = r"SETUVAR --export A:b\x2dc\\d" + "\nSETUVAR B:c\n"
    assert found(tmp_path, ".config/fish/fish_variables", text) == [
        ("A", r"b-c\d", True)
    ]


def test_a_command_of_fish_is_kept_as_a_reference() -> None:
    (one,) = _fish("set -gx A (op read x)")
    assert one.value == "$(op read x)"


def test_fish_sets_more_than_exports() -> None:
    assert [one.exported for one in _fish("set A b")] == [False]
    assert not list(_fish("set -gx A"))
    assert not list(_fish("setup -gx A b"))


def test_zsh_may_keep_its_files_elsewhere(tmp_path: Path) -> None:
    put(tmp_path / "dots" / ".zshrc", "export A=b\n")
    here = around(tmp_path, ZDOTDIR=str(tmp_path / "dots"))
    assert [line.name for line in assignments(here, tmp_path / "system")] == ["A"]


def test_windows_has_its_own_profiles(tmp_path: Path) -> None:
    put(tmp_path / "Documents/PowerShell/profile.ps1", "$Env:A='b'\n")
    here = around(tmp_path, "win32")
    assert [line.value for line in assignments(here, tmp_path / "system")] == ["b"]


def test_a_pipe_in_a_files_place_does_not_wait(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / ".zshrc")
    assert not list(assignments(around(tmp_path), tmp_path / "system"))


@pytest.mark.parametrize(
    "line",
    [
        f"export KEY={CANARY}",
        f"export OTHER={CANARY} KEY={CANARY}",
        f"set -gx KEY -{CANARY}",
        f"SETUVAR --export KEY:{CANARY}",
        f"$env:KEY = '{CANARY}'",
        f"[Environment]::SetEnvironmentVariable('KEY', '{CANARY}')",
    ],
)
def test_no_representation_holds_a_value(tmp_path: Path, line: str) -> None:
    for name in (
        ".zshrc",
        ".config/fish/config.fish",
        ".config/fish/fish_variables",
        ".config/powershell/profile.ps1",
    ):
        put(tmp_path / name, line)
    lines = list(assignments(around(tmp_path), tmp_path / "system"))
    assert any(line.name == "KEY" for line in lines)
    assert CANARY not in repr(lines)


@given(st.text(max_size=60))
def test_no_line_fails_a_look(line: str) -> None:
    for reader in (_shell, _fish, _powershell):
        assert all(isinstance(one, Assigned) for one in reader(line))
    assert all(all(words) or words for words in _commands(line))


_WORD = st.text(
    st.characters(
        codec="utf-8", exclude_characters="'\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    ),
    max_size=20,
)


@given(_WORD)
def test_what_is_quoted_comes_back(word: str) -> None:
    (one,) = _shell(f"export NAME='{word}'")
    assert one.value == word


@pytest.mark.parametrize(
    ("line", "value", "worked_out"),
    [
        ('export A="$B"', "$B", True),
        ("export A=${B:-default-not-a-secret}", "${B:-default-not-a-secret}", True),
        ('export A="sk-${B}-end"', "sk-${B}-end", True),
        ("export A=$(op read x)", "$(op read x)", True),
        ("export A=`cat x`", "`cat x`", True),
        ("export A='b$c'", "b$c", False),
        ('export A="b\\$c"', "b$c", False),
        ("export A=b\\$c", "b$c", False),
        ("export A=b", "b", False),
    ],
)
def test_what_a_shell_has_to_work_out_is_marked(
    tmp_path: Path, line: str, value: str, worked_out: bool
) -> None:
    put(tmp_path / ".bashrc", line)
    (read,) = assignments(around(tmp_path), tmp_path / "system")
    assert (read.value, read.worked_out, read.at_login) == (value, worked_out, False)


@pytest.mark.parametrize(
    ("line", "worked_out"),
    [('$env:A = "$b"', True), ("$env:A = 'b$c'", False), ("$env:A = 'b'", False)],
)
def test_powershell_works_out_double_quotes_only(
    tmp_path: Path, line: str, worked_out: bool
) -> None:
    put(tmp_path / ".config/powershell/profile.ps1", line)
    (read,) = assignments(around(tmp_path), tmp_path / "system")
    assert read.worked_out is worked_out
    assert "\ue024" not in read.value + read.head


def test_what_the_login_session_reads_is_marked(tmp_path: Path) -> None:
    put(tmp_path / ".config/environment.d/keys.conf", "A=b")
    put(tmp_path / "system/etc/environment", "B=c")
    lines = assignments(around(tmp_path), tmp_path / "system")
    assert [(line.name, line.at_login) for line in lines] == [("A", True), ("B", True)]
