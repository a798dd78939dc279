from __future__ import annotations

import re
from pathlib import Path

import pytest

import proxy.translation as room
from proxy.translation.extras import FIELDS
from proxy.translation.losses import LOSSES, Noted


def test_every_loss_there_is_can_happen() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted(Path(room.__path__[0]).glob("*.py"))
    )
    noted = set(re.findall(r'noted\.add\(\s*"([a-z_]+)"', source))
    fields = {fate for table in FIELDS.values() for fate in table.values()}
    assert noted <= set(LOSSES)
    assert set(LOSSES) - noted - fields == set()


def test_a_loss_is_named_once_and_holds_no_content() -> None:
    noted = Noted()
    noted.add("server_tool_offered", ["web_search", "a b\n<c>" + "x" * 90])
    noted.add("server_tool_offered", ["later"])
    (loss,) = noted.losses
    assert "web_search" in loss.detail
    assert "\n" not in loss.detail
    assert len(loss.detail) < 200
    with pytest.raises(KeyError):
        noted.add("unheard_of")
