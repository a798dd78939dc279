"""Every protocol has its vendor's dialect."""

from __future__ import annotations

from proxy.model import Protocol
from proxy.wire.dialect import VENDOR_DIALECTS


def test_each_protocol_has_a_dialect() -> None:
    assert set(VENDOR_DIALECTS) == set(Protocol)


def test_only_the_makers_of_namespaces_take_them() -> None:
    taking = {each for each, flags in VENDOR_DIALECTS.items() if flags.namespaces}
    assert taking == {Protocol.RESPONSES}
