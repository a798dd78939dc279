from __future__ import annotations

from pathlib import Path

import pytest

from checks import licences


def _licence(text: str, name: str = "thing") -> licences.Licence:
    return licences.Licence(name=name, license=text, version="1")


@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "MIT License",
        "Apache-2.0 AND MIT",
        "Apache-2.0 OR GPL-3.0-only",
        "Apache Software License; MIT License",
        "BSD-3-Clause",
        "PSF-2.0",
    ],
)
def test_permissive_licences_may_be_shipped(text: str) -> None:
    assert licences.allowed(_licence(text), shipped=True)


@pytest.mark.parametrize(
    "text",
    ["GPL-3.0-only", "MIT AND AGPL-3.0-only", "UNKNOWN", "Proprietary", "LIMITED", ""],
)
def test_others_may_not_be_here_at_all(text: str) -> None:
    assert not licences.allowed(_licence(text), shipped=True)
    assert not licences.allowed(_licence(text), shipped=False)


def test_weak_copyleft_is_for_tools() -> None:
    mozilla = _licence("Mozilla Public License 2.0 (MPL 2.0)")
    assert licences.allowed(mozilla, shipped=False)
    assert not licences.allowed(mozilla, shipped=True)


def test_qt_is_allowed_by_name() -> None:
    text = "LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only"
    assert licences.allowed(_licence(text, "PySide6_Essentials"), shipped=True)
    assert not licences.allowed(_licence(text, "other"), shipped=True)


def test_a_lock_is_read_by_normal_names(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "Backports.Tarfile==1.2.0 ; python_version < '3.12' \\\n"
        "    --hash=sha256:00\nzipp==4.1.2 \\\n    --hash=sha256:00\n",
        encoding="utf-8",
    )
    assert licences.locked(lock) == {"backports-tarfile": "1.2.0", "zipp": "4.1.2"}
