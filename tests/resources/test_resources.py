import pytest

import resources


def test_names_are_fit_for_text_and_sorted() -> None:
    names = resources.names("providers")
    assert "providers/anthropic.toml" in names
    assert list(names) == sorted(names)
    assert all(resources.text(name) for name in names)


def test_python_files_and_folders_are_no_resources() -> None:
    assert not [name for name in resources.names(".") if name.endswith(".py")]


def test_data_and_text_are_the_same_file() -> None:
    assert resources.data("first_config.toml").decode() == (
        resources.text("first_config.toml")
    )


def test_what_does_not_ship_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        resources.text("providers/nobody.toml")
    with pytest.raises(FileNotFoundError):
        resources.names("nowhere")
