"""The names of the native lane are found in one place."""

from __future__ import annotations

from proxy.wire import native


def test_every_name_is_there_and_is_the_real_one() -> None:
    for name in native.__all__:
        assert getattr(native, name).__module__.startswith("proxy.wire.")
