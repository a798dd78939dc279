from proxy.catalogue.tracked import shipped_rates, shipped_snapshot
from proxy.prices.snapshot import price_snapshot


def test_what_is_tracked_is_what_the_snapshot_lists() -> None:
    found = shipped_rates("anthropic", "claude-opus-5-5")
    assert found is not None
    assert found == price_snapshot().rates("anthropic", "claude-opus-5-5")
    assert found.priced_as == "claude-opus-5-5"


def test_nothing_is_guessed() -> None:
    assert shipped_rates("anthropic", "claude-opus-9") is None
    assert shipped_rates("nobody", "claude-opus-5-5") is None


def test_the_snapshot_has_a_name() -> None:
    assert shipped_snapshot() == price_snapshot().id != ""
