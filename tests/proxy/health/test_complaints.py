"""What error bodies say about limits, in every vendor's own form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.health.complaints import NOTHING, Complaint, read_complaint

NOW = 1_795_000_000.0
MODEL = "model-a"


def _gemini(quota_id: str, delay: str) -> dict[str, Any]:
    return {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [{"quotaId": quota_id, "quotaValue": "10"}],
                },
                {
                    "@type": "type.googleapis.com/google.rpc.RetryInfo",
                    "retryDelay": delay,
                },
            ],
        }
    }


PER_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"

CASES: list[tuple[object, Complaint]] = [
    (_gemini(PER_MINUTE, "34s"), Complaint(wait=34, one_model=True)),
    ([_gemini(PER_MINUTE, "34s")], Complaint(wait=34, one_model=True)),
    (_gemini(PER_DAY, "1.5s"), Complaint(wait=1.5, one_model=True, daily=True)),
    (_gemini("GenerateTokensPerProject", "soon"), Complaint()),
    (
        {"error": {"code": "insufficient_quota", "type": "insufficient_quota"}},
        Complaint(money=True),
    ),
    ({"error": {"type": "exceeded_current_quota_error"}}, Complaint(money=True)),
    (
        {"error": {"message": "Rate limit reached for model-a in organization o on"}},
        Complaint(one_model=True),
    ),
    (
        {"error": {"message": "Rate limit reached for model `model-a` in it"}},
        Complaint(),
    ),
    (
        {"error": {"message": "Rate limit reached for model-abc in organization o"}},
        Complaint(),
    ),
    (
        {"error": {"code": 429, "metadata": {"provider_name": "Somebody", "raw": ""}}},
        Complaint(one_model=True),
    ),
    (
        {"errors": [{"code": 3036, "message": "used up"}], "success": False},
        Complaint(wait=86_400 - NOW % 86_400),
    ),
    ({"errors": [{"code": 3040}]}, Complaint()),
    ({"type": "error", "error": {"type": "rate_limit_error"}}, Complaint()),
    ([], Complaint()),
    ({"error": "busy"}, Complaint()),
    ({"error": {"details": "none", "metadata": 3, "message": None}}, Complaint()),
]


@pytest.mark.parametrize(("document", "expected"), CASES)
def test_a_vendors_complaint(document: object, expected: Complaint) -> None:
    found = read_complaint(json.dumps(document).encode(), MODEL, NOW)
    assert found.wait == pytest.approx(expected.wait, abs=1e-3)
    assert (found.money, found.one_model, found.daily) == (
        expected.money,
        expected.one_model,
        expected.daily,
    )


@pytest.mark.parametrize(
    "body", [None, b"", b"<html>", b"[" * 90_000, b'{"a":"\x80"}', b"[" * 5_000]
)
def test_what_is_no_json_says_nothing(body: bytes | None) -> None:
    assert read_complaint(body, MODEL, NOW) == NOTHING


_KEYS = [
    *("error", "errors", "details", "violations", "quotaId", "retryDelay"),
    *("code", "type", "message", "metadata", "provider_name"),
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(_KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(_JSON)
def test_no_json_breaks_the_reading(document: object) -> None:
    found = read_complaint(json.dumps(document).encode(), MODEL, NOW)
    assert found.wait is None or found.wait >= 0


@given(st.binary())
def test_no_bytes_break_the_reading(body: bytes) -> None:
    read_complaint(body, MODEL, NOW)
