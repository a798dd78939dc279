import os
import stat
from pathlib import Path

import pytest

import resources
from app.failure import CommandFailed
from app.paths import Paths, make_folders, paths_for
from app.settings import ConfigStore
from proxy.routing import Mode

GOOD = b"""# mine
[gateway]
port = 9000
mode = "direct"   # for now

[[providers]]
id = "a"
base_url = "http://127.0.0.1:9800"
protocols = ["openai-chat"]
key = "env:A_KEY"
"""
MORE = GOOD + b'[[providers]]\nid = "anthropic"\nkey = "client"\n'
BAD = MORE.replace(b'"client"', b'"sk-ant-canary"')
BROKEN = GOOD + b"[[providers]\n"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = paths_for({}, tmp_path / "home")
    make_folders(paths)
    return paths


@pytest.fixture
def store(paths: Paths) -> ConfigStore:
    return ConfigStore(paths)


def ids(store: ConfigStore) -> list[str]:
    return [provider.id for provider in store.current.providers]


def settle(store: ConfigStore) -> bool:
    """Look as often as it takes for any edit to be believed."""
    changes = [store.poll() for _ in range(3)]
    return any(changes)


def test_the_first_file_is_private_and_never_overwrites(
    store: ConfigStore, paths: Paths
) -> None:
    assert store.write_first_config()
    assert paths.config_file.read_bytes() == resources.data("first_config.toml")
    assert stat.S_IMODE(paths.config_file.stat().st_mode) == 0o600
    paths.config_file.write_bytes(GOOD)
    assert not store.write_first_config()
    assert paths.config_file.read_bytes() == GOOD


def test_a_good_file_acts_and_is_copied(store: ConfigStore, paths: Paths) -> None:
    paths.config_file.write_bytes(GOOD)
    config = store.load()
    assert (config.source, config.problems, config.source_note) == ("file", (), "")
    assert config is store.current
    assert paths.last_good_config.read_bytes() == GOOD
    assert stat.S_IMODE(paths.last_good_config.stat().st_mode) == 0o600


def test_no_file_is_the_built_in_configuration(
    store: ConfigStore, paths: Paths
) -> None:
    assert store.load().source == "built-in"
    assert not settle(store)
    paths.config_file.write_bytes(GOOD)
    assert settle(store)
    assert (store.current.source, ids(store)) == ("file", ["a"])


@pytest.mark.parametrize("data", [BAD, BROKEN, b"\xff"])
def test_a_start_with_a_broken_file_uses_the_last_good_copy(
    paths: Paths, data: bytes
) -> None:
    paths.config_file.write_bytes(GOOD)
    ConfigStore(paths).load()
    paths.config_file.write_bytes(data)
    store = ConfigStore(paths)
    config = store.load()
    assert config.source == "last-good"
    assert "last version" in config.source_note
    assert ids(store) == ["a"]
    assert config.settings.port == 9000
    assert config.problems
    assert "canary" not in str(config)
    assert paths.last_good_config.read_bytes() == GOOD


@pytest.mark.parametrize("data", [BAD, BROKEN])
@pytest.mark.parametrize("copy", [None, b"= broken too", BAD])
def test_without_a_good_copy_what_is_sound_acts(
    store: ConfigStore, paths: Paths, data: bytes, copy: bytes | None
) -> None:
    paths.config_file.write_bytes(data)
    if copy is not None:
        paths.last_good_config.write_bytes(copy)
    config = store.load()
    assert config.source == "partial"
    assert "what is sound" in config.source_note
    assert ids(store) == ["a"]
    assert config.problems
    assert settle(store) is False


def test_an_edit_is_picked_up(store: ConfigStore, paths: Paths) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    assert not settle(store)
    paths.config_file.write_bytes(MORE)
    assert settle(store)
    assert ids(store) == ["a", "anthropic"]
    assert not settle(store)


def test_an_edit_by_renaming_is_picked_up(store: ConfigStore, paths: Paths) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    fresh = paths.config_file.with_suffix(".new")
    fresh.write_bytes(GOOD.replace(b"9000", b"9001"))
    fresh.replace(paths.config_file)
    assert settle(store)
    assert store.current.settings.port == 9001


def test_an_edit_of_equal_size_within_the_clocks_grain_is_picked_up(
    store: ConfigStore, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.config_file.write_bytes(GOOD)
    frozen = paths.config_file.stat()
    monkeypatch.setattr("app.settings.files._stamp", lambda _: frozen.st_ino)
    store.load()
    paths.config_file.write_bytes(GOOD.replace(b"9000", b"9001"))
    assert settle(store)
    assert store.current.settings.port == 9001


@pytest.mark.parametrize("data", [BAD, BROKEN])
def test_a_broken_edit_keeps_what_ran_and_says_so(
    store: ConfigStore, paths: Paths, data: bytes
) -> None:
    paths.config_file.write_bytes(MORE.replace(b"9000", b"9001"))
    before = store.load()
    paths.config_file.write_bytes(data)
    assert settle(store)
    assert store.current.providers == before.providers
    assert store.current.settings == before.settings
    assert store.current.source == "last-good"
    assert store.current.problems
    assert not settle(store)
    paths.config_file.write_bytes(GOOD)
    assert settle(store)
    assert (store.current.source, store.current.problems) == ("file", ())


def test_a_second_broken_edit_lists_its_own_problems(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    for data in (BAD, BROKEN):
        paths.config_file.write_bytes(data)
        assert settle(store)
    assert "TOML" in store.current.problems[0].message
    assert ids(store) == ["a"]


def test_a_half_written_file_is_not_believed_at_once(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(MORE)
    store.load()
    for part in (b"", GOOD):
        paths.config_file.write_bytes(part)
        assert not store.poll()
        assert ids(store) == ["a", "anthropic"]
    paths.config_file.write_bytes(MORE)
    assert not settle(store)
    paths.config_file.write_bytes(GOOD)
    assert not store.poll()
    assert store.poll(), "what stays short is meant"
    assert ids(store) == ["a"]


def test_a_half_written_new_file_is_neither_believed_nor_kept(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(MORE)
    store.load()
    whole = b"# another one altogether\n" + GOOD.replace(b"9000", b"9001")
    for end in (30, 60):
        paths.config_file.write_bytes(whole[:end])
        assert not store.poll()
    paths.config_file.write_bytes(whole)
    assert not store.poll()
    assert paths.last_good_config.read_bytes() == MORE
    assert store.poll()
    assert store.current.settings.port == 9001
    assert paths.last_good_config.read_bytes() == whole


def test_an_empty_file_in_the_place_of_a_deleted_one_is_believed(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    paths.config_file.unlink()
    assert settle(store)
    assert store.current.problems
    paths.config_file.write_bytes(b"")
    assert settle(store)
    assert (store.current.source, store.current.problems) == ("file", ())
    assert ids(store) == []


def test_looking_at_an_unused_home_makes_no_folders(tmp_path: Path) -> None:
    paths = paths_for({}, tmp_path)
    paths.config_file.write_bytes(GOOD)
    assert ConfigStore(paths).load().source == "file"
    assert list(tmp_path.iterdir()) == [paths.config_file]


def test_a_file_that_vanishes_keeps_what_ran(store: ConfigStore, paths: Paths) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    paths.config_file.unlink()
    assert not store.poll(), "an editor may be about to put it back"
    assert store.poll()
    assert ids(store) == ["a"]
    assert store.current.source == "last-good"
    assert "cannot read" in store.current.problems[0].message
    assert not settle(store)
    paths.config_file.write_bytes(GOOD)
    assert settle(store)
    assert (store.current.source, store.current.problems) == ("file", ())


def test_a_folder_in_the_files_place_is_a_problem_not_a_crash(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.mkdir()
    config = store.load()
    assert config.source == "partial"
    assert config.problems
    assert not settle(store)


def test_a_full_disk_does_not_keep_a_good_file_from_acting(
    store: ConfigStore, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.config_file.write_bytes(GOOD)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert store.load().source == "file"
    assert not paths.last_good_config.exists()


def test_a_mode_is_saved_and_acts_and_nothing_else_changes(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    config = store.save_mode(Mode.OFFLINE)
    assert config is store.current
    assert config.mode is Mode.OFFLINE
    expected = GOOD.replace(b'"direct"', b'"offline"')
    assert paths.config_file.read_bytes() == expected
    assert paths.last_good_config.read_bytes() == expected
    assert not settle(store)
    assert ConfigStore(paths).load().mode is Mode.OFFLINE


def test_saving_the_mode_that_is_there_writes_nothing(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    before = paths.config_file.stat()
    store.save_mode(Mode.DIRECT)
    assert paths.config_file.stat() == before


def test_a_mode_is_saved_where_no_file_is(store: ConfigStore, paths: Paths) -> None:
    store.load()
    assert store.save_mode(Mode.OFFLINE).mode is Mode.OFFLINE
    assert b"# A provider is one" in paths.config_file.read_bytes()
    assert b'\nmode = "offline"\n' in paths.config_file.read_bytes()


def test_a_mode_acts_and_lasts_although_the_file_has_other_problems(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    paths.config_file.write_bytes(BAD)
    store.poll()
    config = store.save_mode(Mode.OFFLINE)
    assert (config.mode, config.source) == (Mode.OFFLINE, "last-good")
    assert config.problems
    assert ids(store) == ["a"]
    assert paths.config_file.read_bytes() == BAD.replace(b'"direct"', b'"offline"')
    assert not settle(store)
    again = ConfigStore(paths).load()
    assert (again.mode, again.source) == (Mode.OFFLINE, "last-good")


def test_saving_mends_a_mode_that_could_not_be_read(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(GOOD.replace(b'"direct"', b'"dierct"'))
    assert store.load().mode is Mode.OFFLINE
    assert store.save_mode(Mode.DIRECT).mode is Mode.DIRECT
    assert (store.current.problems, store.current.mode_note) == ((), "")


def test_a_file_that_is_no_toml_is_not_touched(
    store: ConfigStore, paths: Paths
) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    paths.config_file.write_bytes(BROKEN)
    with pytest.raises(CommandFailed) as refused:
        store.save_mode(Mode.OFFLINE)
    assert "line 11" in refused.value.message
    assert paths.config_file.read_bytes() == BROKEN
    assert store.current.mode is Mode.DIRECT


def test_an_edit_between_reading_and_writing_is_not_lost(
    store: ConfigStore, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()
    real = store._read_or_first
    edits = [MORE]

    def read_then_edited() -> object:
        found = real()
        if edits:
            paths.config_file.write_bytes(edits.pop())
        return found

    monkeypatch.setattr(store, "_read_or_first", read_then_edited)
    store.save_mode(Mode.OFFLINE)
    assert paths.config_file.read_bytes() == MORE.replace(b'"direct"', b'"offline"')
    assert ids(store) == ["a", "anthropic"]


def test_a_file_that_cannot_be_written_is_a_sentence(
    store: ConfigStore, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.config_file.write_bytes(GOOD)
    store.load()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandFailed) as refused:
        store.save_mode(Mode.OFFLINE)
    assert "No space left" in refused.value.message
    assert paths.config_file.read_bytes() == GOOD
    assert store.current.mode is Mode.DIRECT
