"""Where a person's programs keep their things."""

from pathlib import Path

from discovery.surroundings import Surroundings


def test_folders_follow_the_xdg_variables_where_they_are_whole_paths() -> None:
    usual = Surroundings(Path("/home/ada"), {}, "linux")
    assert usual.config_home == Path("/home/ada/.config")
    assert usual.data_home == Path("/home/ada/.local/share")
    moved = Surroundings(
        Path("/home/ada"), {"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "d"}, "linux"
    )
    assert moved.config_home == Path("/c")
    assert moved.data_home == Path("/home/ada/.local/share")


def test_the_environment_shows_itself_nowhere() -> None:
    around = Surroundings(Path("/home/ada"), {"A_KEY": "canary"}, "linux")
    assert "canary" not in repr(around)
