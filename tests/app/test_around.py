"""Whose machine this is."""

from pathlib import Path

from app.around import surroundings


def test_the_home_is_the_environment_s() -> None:
    found = surroundings({"HOME": "/home/ada", "XDG_CONFIG_HOME": "relative"})
    assert found.home == Path("/home/ada")
    assert found.config_home == Path("/home/ada/.config")
    assert found.data_home == Path("/home/ada/.local/share")


def test_a_key_in_the_environment_is_not_shown() -> None:
    found = surroundings({"HOME": "/home/ada", "SOME_KEY": "canary-1234"})
    assert "canary" not in repr(found)


def test_without_a_home_in_the_environment_the_system_is_asked() -> None:
    assert surroundings({}).home == Path.home()
