"""Every client has its marks, and its settings stand where it keeps them."""

from pathlib import Path

from made_home import around, put

from discovery.findings import Reach
from discovery.known_clients import (
    KNOWN,
    desktop_folder,
    editors,
    known_client,
    settings_of,
)
from proxy.profiles import shipped_profiles


def test_ids_are_those_of_the_profiles() -> None:
    ids = [known.id for known in KNOWN]
    assert len(ids) == len(set(ids))
    without = {"cursor", "cline", "copilot"}
    assert set(ids) - without <= set(shipped_profiles())


def test_every_client_has_a_mark_and_only_one_cannot_be_reached() -> None:
    for known in KNOWN:
        assert known.programs or known.extensions
        assert known.gives or known.reach is Reach.UNREACHABLE
    (cursor,) = [one for one in KNOWN if one.reach is Reach.UNREACHABLE]
    assert cursor.id == "cursor"
    assert "cannot reach a local gateway" in cursor.notes[0]


def test_every_client_that_is_wired_by_file_has_files(tmp_path: Path) -> None:
    here = around(tmp_path)
    for known in KNOWN:
        if known.reach is Reach.WIRED_BY_FILE:
            assert settings_of(known.id, here), known.id
            assert known.addresses is not None
    assert settings_of("n8n", here) == ()
    assert settings_of("none", here) == ()
    assert known_client("none") is None


def test_variables_move_settings(tmp_path: Path) -> None:
    def first(client: str, **environ: str) -> Path:
        return settings_of(client, around(tmp_path, **environ))[0]

    assert first("claude-code", CLAUDE_CONFIG_DIR="/x") == Path("/x/settings.json")
    assert first("codex", CODEX_HOME="/x") == Path("/x/config.toml")
    assert first("openclaw", OPENCLAW_STATE_DIR="/x") == Path("/x/openclaw.json")
    assert first("openclaw", OPENCLAW_CONFIG_PATH="/x/y") == Path("/x/y")
    assert first("opencode", XDG_CONFIG_HOME="/x") == Path("/x/opencode/opencode.json")


def test_every_system_has_its_own_folders(tmp_path: Path) -> None:
    support = tmp_path / "Library" / "Application Support"
    assert desktop_folder(around(tmp_path, "darwin")) == support / "Claude"
    windows = around(tmp_path, "win32", LOCALAPPDATA="/l", APPDATA="/r")
    assert desktop_folder(windows) == Path("/l/Claude")
    assert editors(windows)[0].user == Path("/r/Code/User")
    bare = around(tmp_path, "win32")
    assert editors(bare)[0].user == tmp_path / "AppData/Roaming/Code/User"
    linux = around(tmp_path)
    assert editors(linux)[0].user == tmp_path / ".config/Code/User"
    assert editors(linux)[-1].extensions == tmp_path / ".vscode-server/extensions"


def test_the_desktops_library_is_read_file_by_file(tmp_path: Path) -> None:
    library = tmp_path / "Library/Application Support/Claude-3p/configLibrary"
    put(library / "0-a.json", "{}")
    put(library / "_meta.json", "{}")
    files = settings_of("claude-desktop", around(tmp_path, "darwin"))
    assert files == (library / "_meta.json", library / "0-a.json")
