"""Forges are told by their addresses; no token comes out of the files they stand in."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.findings import ForgeFound
from discovery.forges import find_forges, remote_address
from discovery.surroundings import Surroundings

CANARY = "canary-not-a-secret"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com/mara/x.git", "https://github.com"),
        (f"https://mara:{CANARY}@git.example:3000/mara/x", "https://git.example:3000"),
        (f"https://{CANARY}@github.com/x", "https://github.com"),
        ("git@github.com:mara/x.git", "ssh://github.com"),
        ("git.example:mara/x.git", "ssh://git.example"),
        ("ssh://git@git.example:2222/mara/x", "ssh://git.example:2222"),
        ("git://git.example/x", "git://git.example"),
        ("http://[fd00::7]:3000/x", "http://[fd00::7]:3000"),
        ("../other", ""),
        ("/srv/git/x.git", ""),
        (r"C:\git\x", ""),
        ("file:///srv/git/x.git", ""),
        ("https://", ""),
        ("https://[::1", ""),
        ("https://git.example:port/x", ""),
        ("ext::sh -c canary", ""),
        ("", ""),
    ],
)
def test_of_a_remote_only_the_host_is_left(url: str, address: str) -> None:
    assert remote_address(url) == address


@given(st.text(), st.text(alphabet="abc:@/.-_%", max_size=20))
def test_no_user_name_comes_through(text: str, path: str) -> None:
    remote_address(text)
    for url in (
        f"https://mara:{CANARY}@git.example/{path}",
        f"{CANARY}@git.example:{path}",
    ):
        assert CANARY not in remote_address(url)


CONFIG = f"""
[core]
\trepositoryformatversion = 0
[remote "origin"]
\turl = https://mara:{CANARY}@github.com/mara/x.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
\tremote = origin
\turl = https://nobody.example/x
[REMOTE "work"]
\tpushurl = https://push.example/x
\tURL = git@git.example:mara/x.git
[remote "here"]
\turl = ../other
[http "https://git.example"]
\textraheader = AUTHORIZATION: basic {CANARY}
"""

TEA = f"""logins:
    - name: work
      url: https://git.example
      token: {CANARY}
      default: true
      ssh_host: git.example
    - name: "home"
      url: "https://mara:{CANARY}@tea.example:3000/" # mine
      token: {CANARY}
      user: mara
preferences:
    editor: false
    url: https://nobody.example
"""


def repository(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(CONFIG, "utf-8")
    return folder


def around(
    home: Path, folder: Path | None = None, platform: str = "linux"
) -> Surroundings:
    return Surroundings(home, {"LOCALAPPDATA": str(home / "Local")}, platform, folder)


def test_remotes_of_the_named_folder_are_found(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    where = str(folder / ".git" / "config")
    found = find_forges(around(tmp_path, folder))
    assert found == (
        ForgeFound("origin", "GitHub", "https://github.com", where),
        ForgeFound("work", "Git", "ssh://git.example", where),
    )
    assert CANARY not in repr(found)


def test_no_folder_is_looked_into_that_nobody_named(tmp_path: Path) -> None:
    repository(tmp_path)
    assert find_forges(around(tmp_path)) == ()


def test_a_worktree_and_a_submodule_lead_to_their_settings(tmp_path: Path) -> None:
    repository(tmp_path / "main")
    inner = tmp_path / "main" / ".git" / "worktrees" / "side"
    inner.mkdir(parents=True)
    (inner / "commondir").write_text("../..\n", "utf-8")
    side = tmp_path / "side"
    side.mkdir()
    (side / ".git").write_text(f"gitdir: {inner}\n", "utf-8")
    assert len(find_forges(around(tmp_path, side))) == 2
    module = tmp_path / "main" / ".git" / "modules" / "part"
    module.mkdir(parents=True)
    (module / "config").write_text('[remote "o"]\nurl=https://gitlab.com/x', "utf-8")
    part = tmp_path / "main" / "part"
    part.mkdir()
    (part / ".git").write_text("gitdir: ../.git/modules/part\n", "utf-8")
    (found,) = find_forges(around(tmp_path, part))
    assert found.kind == "GitLab"


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("linux", ".config/tea/config.yml"),
        ("linux", ".tea/tea.yml"),
        ("darwin", "Library/Application Support/tea/config.yml"),
        ("win32", "Local/tea/config.yml"),
    ],
)
def test_accounts_of_tea_are_found_without_their_tokens(
    tmp_path: Path, platform: str, place: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(TEA, "utf-8")
    found = find_forges(around(tmp_path, platform=platform))
    assert found == (
        ForgeFound("work", "Gitea", "https://git.example", str(file)),
        ForgeFound("home", "Gitea", "https://tea.example:3000", str(file)),
    )
    assert CANARY not in repr(found)


def test_items_without_indentation_are_read_too(tmp_path: Path) -> None:
    file = tmp_path / ".tea" / "tea.yml"
    file.parent.mkdir()
    text = "logins:\n- name: work\n  url: https://git.example\n- url: x\n"
    file.write_text(text, "utf-8")
    (found,) = find_forges(around(tmp_path))
    assert found.name == "work"


def test_a_remote_at_an_account_of_tea_is_gitea(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    config = '[remote "origin"]\n\turl = https://git.example/mara/x.git\n'
    (folder / ".git" / "config").write_text(config, "utf-8")
    file = tmp_path / ".config" / "tea" / "config.yml"
    file.parent.mkdir(parents=True)
    file.write_text(TEA, "utf-8")
    kinds = {each.name: each.kind for each in find_forges(around(tmp_path, folder))}
    assert kinds == {"work": "Gitea", "home": "Gitea", "origin": "Gitea"}


@given(st.binary(max_size=200))
def test_any_file_is_read_or_left(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for inner in (".git", ".tea"):
            (home / inner).mkdir()
        (home / ".git" / "config").write_bytes(b'[remote "a"]\nurl = ' + data)
        (home / ".tea" / "tea.yml").write_bytes(b"logins:\n- url: " + data)
        find_forges(around(home, home))
