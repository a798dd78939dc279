"""The shipped prices are what the script makes of the locked package."""

from __future__ import annotations

from pathlib import Path

import build_prices
import genai_prices.data
import pytest
from genai_prices import types as source

import resources
from proxy.prices.document import read_document
from proxy.prices.snapshot import SHIPPED


@pytest.fixture(scope="module")
def built() -> bytes:
    return build_prices.build()


def test_the_committed_snapshot_is_what_the_script_makes(built: bytes) -> None:
    assert resources.data(SHIPPED) == built, "run setup/build_prices.py"


def test_the_same_package_gives_the_same_bytes(built: bytes) -> None:
    assert build_prices.build() == built


def test_every_entry_has_a_line_of_its_own(built: bytes) -> None:
    entries = sum(
        len(model.entries)
        for provider in read_document(built).providers
        for model in provider.models
    )
    lines = [line for line in built.decode().splitlines() if '{"prices"' in line]
    assert len(lines) == entries
    assert all(line.count('"prices"') == 1 for line in lines)


def test_checking_notices_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: bytes
) -> None:
    out = tmp_path / "prices" / "snapshot.json"
    monkeypatch.setattr(build_prices, "_OUT", out)
    monkeypatch.setattr(build_prices, "build", lambda: built)
    monkeypatch.setattr("sys.argv", ["build_prices.py", "--check"])
    assert build_prices.main() == 1
    monkeypatch.setattr("sys.argv", ["build_prices.py"])
    assert build_prices.main() == 0
    monkeypatch.setattr("sys.argv", ["build_prices.py", "--check"])
    assert build_prices.main() == 0
    out.write_bytes(built.replace(b'"input": "2"', b'"input": "3"', 1))
    assert build_prices.main() == 1


def test_models_that_do_not_chat_are_left_out(built: bytes) -> None:
    providers = {each.id: each for each in read_document(built).providers}
    groq = {model.id for model in providers["groq"].models}
    assert "openai/gpt-oss-20b" in groq
    assert not [name for name in groq if "whisper" in name]


def test_no_alias_leads_to_another_model_than_in_the_source(built: bytes) -> None:
    theirs = {each.id: each for each in genai_prices.data.providers}
    aliases = 0
    for provider in read_document(built).providers:
        found: source.Provider = theirs[build_prices._PROVIDERS[provider.id]]
        for model in provider.models:
            for alias in model.aliases:
                aliases += 1
                match = found.find_model(alias)
                assert match is not None
                assert match.id == model.id
                assert not alias.endswith("-latest")
    assert aliases > 100
