"""Hands out the data files that ship with Turnout; it reads nothing of the user's.

Names are relative to this folder and written with slashes: `providers/openai.toml`.
The same call works from the source tree, a wheel and a bundle.
"""

from __future__ import annotations

from importlib.resources import files


def data(name: str) -> bytes:
    """Return the bytes of the file `name`.

    Raises `FileNotFoundError` where it does not ship with Turnout.
    """
    return files(__name__).joinpath(*name.split("/")).read_bytes()


def text(name: str) -> str:
    """Return the file `name` as text: UTF-8, every line end a newline.

    Raises `FileNotFoundError` where it does not ship with Turnout.
    """
    return data(name).decode("utf-8").replace("\r\n", "\n")


def names(folder: str) -> tuple[str, ...]:
    """Return the names of the files in `folder`, sorted, each fit for `text`.

    Folders below it and Python files are left out. Raises `FileNotFoundError` where
    there is no such folder.
    """
    inside = files(__name__).joinpath(*folder.split("/")).iterdir()
    found = (one.name for one in inside if one.is_file())
    return tuple(f"{folder}/{name}" for name in sorted(found) if name[-3:] != ".py")
