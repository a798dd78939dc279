"""The pages about providers, losses and headers say what the product does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.protocol_pages import (
    ANSWER_HEADERS,
    REQUEST_HEADERS,
    Level,
    headers_page,
    level_of,
    losses_page,
    provider_level,
    providers_page,
)
from proxy.catalogue import LimitsDialect, Provider, known_providers
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


@pytest.mark.parametrize(
    "known", sorted(p.id for p in known_providers().values() if not p.gone)
)
def test_a_providers_protocols_and_deviations_are_told(known: str) -> None:
    provider = known_providers()[known]
    page = providers_page([provider], "Made.")
    for protocol in provider.protocols:
        (row,) = re.findall(rf"^\| `{protocol}` \|.*$", page, re.MULTILINE)
        assert provider.url(protocol) in row
        plain = provider.dialect(protocol) == VENDOR_DIALECTS[protocol]
        assert ("nothing known" in row) is plain


ABLE = [each for each in known_providers().values() if not each.gone]


@pytest.mark.parametrize("provider", ABLE, ids=lambda each: each.id)
def test_every_shipped_dialect_has_a_golden_request(provider: Provider) -> None:
    assert provider_level(provider) is Level.GOLDEN


def test_a_level_is_what_the_golden_files_cover(tmp_path: Path) -> None:
    xai = known_providers()["xai"]
    first, second = xai.protocols
    assert level_of(xai, first, tmp_path) is Level.LISTED
    written = tmp_path / "dialects" / "xai"
    written.mkdir(parents=True)
    (written / f"{first}.json").touch()
    assert level_of(xai, first, tmp_path) is Level.GOLDEN
    assert provider_level(xai, tmp_path) is Level.LISTED
    (written / f"{second}.json").touch()
    assert provider_level(xai, tmp_path) is Level.GOLDEN
    (tmp_path / first / "live_xai").mkdir(parents=True)
    assert level_of(xai, first, tmp_path) is Level.LIVE_CHECKED
    assert provider_level(xai, tmp_path) is Level.GOLDEN


@pytest.mark.parametrize("provider", ABLE, ids=lambda each: each.id)
def test_the_standing_of_a_provider_is_told(provider: Provider) -> None:
    page = providers_page([provider], "Made.")
    assert f"- privacy: *{provider.privacy}*" in page
    assert provider.probe_url in page
    does = provider.compatibility
    assert f"Claude Code {does.claude_code}, Codex {does.codex} ({does.source})" in page
    if provider.limits is not LimitsDialect.NONE:
        assert f"- limits: `{provider.limits}` headers" in page
    for model in provider.models:
        (row,) = re.findall(rf"^\| `{re.escape(model.id)}` \|.*$", page, re.MULTILINE)
        cells = [cell.strip() for cell in row.split("|")][1:-1]
        assert cells[1] == model.lane
        safe = [model.compatibility.claude_code, model.compatibility.codex]
        assert cells[4:6] == safe
        quality = "tier's" if model.quality is None else str(model.quality)
        assert cells[3].split(",")[0] == quality


def test_who_is_gone_is_named_with_the_reason_and_nothing_else() -> None:
    page = providers_page(known_providers().values(), "Made.")
    gone = known_providers()["github-models"]
    assert f"- `{gone.id}` (`{gone.base_url}`): {gone.gone}" in page
    assert "## github-models" not in page


def test_every_loss_stands_with_its_sentence() -> None:
    page = losses_page(LOSSES, "Made.")
    for name, sentence in LOSSES.items():
        assert f"| `{name}` | {sentence} |" in page
