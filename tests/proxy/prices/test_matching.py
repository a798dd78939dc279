"""Prices are found by exact names, and by nothing that only looks alike."""

from __future__ import annotations

import pytest

from proxy.prices.matching import find, undated

LISTED = {"big-5": 1, "big-5-20250101": 2, "a/b": 3, "small-2024": 4}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("big-5", 1),
        ("big-5-20250101", 2),
        ("big-5-20260901", 1),
        ("big-5-2026-09-01", 1),
        ("a/b", 3),
        ("small-2024", 4),
        ("big-5-latest", None),
        ("big-5-5", None),
        ("big-50", None),
        ("big", None),
        ("BIG-5", None),
        ("big-5-20261301", None),
        ("big-5-20260932", None),
        ("big-5-2026-0901", None),
        ("big-5-20260901-x", None),
        ("b", None),
        ("small", None),
        ("", None),
    ],
)
def test_names(name: str, wanted: int | None) -> None:
    assert find(LISTED, name) == wanted


def test_a_date_alone_is_a_name() -> None:
    assert undated("-20260901") == "-20260901"
    assert undated("gpt-5.1-2025-11-13") == "gpt-5.1"
