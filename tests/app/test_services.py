"""The wiring every command is handed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CHILD = """
import sys
import app.services
print(sorted({"aiohttp", "peewee", "keyring", "tomlkit", "PySide6"} & set(sys.modules)))
"""


def test_naming_the_services_loads_none_of_them() -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout == "[]\n"
