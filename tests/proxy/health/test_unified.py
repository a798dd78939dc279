"""A subscription's windows, as far as its headers tell."""

from __future__ import annotations

from proxy.health.signals import Signal
from proxy.health.unified import read_unified

NOW = 1_795_000_000.0
START = "anthropic-ratelimit-unified-"


def _read(**told: str) -> dict[str, Signal]:
    headers = {START + name.replace("_", "-"): text for name, text in told.items()}
    # A keyword cannot begin with a digit.
    headers = {name.replace("-w", "-"): text for name, text in headers.items()}
    return {each.window: each for each in read_unified(headers, NOW, NOW)}


def test_both_windows_tell_their_share_and_reset() -> None:
    found = _read(
        status="allowed_warning",
        w5h_utilization="0.92",
        w5h_status="allowed_warning",
        w5h_reset=f"{NOW + 600:.0f}",
        w7d_utilization="0.31",
        w7d_reset=f"{NOW + 9_000:.0f}",
    )
    five, seven = found["5-hour window"], found["7-day window"]
    assert (five.share, five.resets, five.exhausted) == (0.92, NOW + 600, False)
    assert (seven.share, seven.resets) == (0.31, NOW + 9_000)


def test_a_rejected_window_is_used_up_whatever_its_share_says() -> None:
    found = _read(
        status="rejected",
        representative_claim="five_hour",
        reset=f"{NOW + 7_999:.0f}",
        w5h_utilization="0.999",
        w5h_status="rejected",
        w5h_reset=f"{NOW + 7_999:.0f}",
    )
    assert list(found) == ["5-hour window"]
    assert found["5-hour window"].exhausted
    assert found["5-hour window"].share == 1.0


def test_the_claim_alone_tells_of_a_models_window() -> None:
    found = _read(
        status="rejected",
        representative_claim="seven_day_opus",
        reset=f"{NOW + 7_999:.0f}",
        w5h_utilization="0.2",
        w5h_status="allowed",
        w7d_utilization="0.5",
        w7d_status="allowed",
    )
    opus = found["7-day window of opus"]
    assert opus.one_model
    assert opus.exhausted
    assert opus.resets == NOW + 7_999
    assert not found["5-hour window"].exhausted


def test_a_claim_of_a_known_window_speaks_for_all() -> None:
    found = _read(status="rejected", representative_claim="seven_day")
    assert found["7-day window"].exhausted
    assert not found["7-day window"].one_model


def test_an_unknown_claim_is_a_window_without_a_name() -> None:
    assert _read(status="rejected", representative_claim="<odd>")[
        "subscription window"
    ].exhausted


def test_more_than_all_is_all() -> None:
    assert _read(w5h_utilization="1.07")["5-hour window"].share == 1.0


def test_silence_says_nothing() -> None:
    assert _read(status="allowed") == {}
