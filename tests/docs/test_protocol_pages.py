"""The pages about providers, losses and headers say what the product does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from docs.protocol_pages import (
    ANSWER_HEADERS,
    REQUEST_HEADERS,
    Level,
    headers_page,
    level_of,
    losses_page,
    providers_page,
)
from proxy.catalogue import known_providers
from proxy.model import Protocol
from proxy.wire.dialect import VENDOR_DIALECTS
from proxy.wire.losses import LOSSES

_ROOT = Path(__file__).resolve().parents[2]
_HEADER = re.compile(r"\"(x-turnout-[a-z-]*[a-z])[\":]")


def test_every_header_the_gateway_reads_or_writes_is_described() -> None:
    sources = (_ROOT / "proxy").rglob("*.py")
    named = {
        name
        for source in sources
        for name in _HEADER.findall(source.read_text(encoding="utf-8"))
    }
    assert named == {*REQUEST_HEADERS, *ANSWER_HEADERS}
    page = headers_page("Made.")
    for name in named:
        assert f"| `{name}` |" in page


@pytest.mark.parametrize("known", sorted(known_providers()))
def test_a_providers_protocols_and_deviations_are_told(known: str) -> None:
    provider = known_providers()[known]
    page = providers_page([provider], "Made.")
    for protocol in provider.protocols:
        (row,) = re.findall(rf"^\| `{protocol}` \|.*$", page, re.MULTILINE)
        assert provider.url(protocol) in row
        plain = provider.dialect(protocol) == VENDOR_DIALECTS[protocol]
        assert ("nothing known" in row) is plain


@pytest.mark.parametrize(
    "known", [p.id for p in known_providers().values() if Protocol.CHAT in p.protocols]
)
def test_every_shipped_chat_dialect_has_a_golden_request(known: str) -> None:
    assert level_of(known_providers()[known], Protocol.CHAT) is Level.GOLDEN


def test_a_level_is_what_the_golden_files_cover(tmp_path: Path) -> None:
    groq = known_providers()["groq"]
    vendor = replace(groq, dialects={})
    folder = tmp_path / Protocol.CHAT
    folder.mkdir()
    assert level_of(vendor, Protocol.CHAT, tmp_path) is Level.LISTED
    (folder / "text").mkdir()
    assert level_of(vendor, Protocol.CHAT, tmp_path) is Level.GOLDEN
    assert level_of(groq, Protocol.CHAT, tmp_path) is Level.LISTED
    (folder / "dialect_groq").mkdir()
    assert level_of(groq, Protocol.CHAT, tmp_path) is Level.GOLDEN


def test_every_loss_stands_with_its_sentence() -> None:
    page = losses_page(LOSSES, "Made.")
    for name, sentence in LOSSES.items():
        assert f"| `{name}` | {sentence} |" in page
