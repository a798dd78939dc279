"""A gateway's state in which nothing happens; what matters to a test is replaced."""

from __future__ import annotations

from datetime import UTC, datetime

from app.state import Readiness, Snapshot, SpendToday

STILL = Snapshot(
    revision=1,
    version="1.2.3",
    pid=7,
    port=9999,
    mode="direct",
    mode_note="",
    readiness=Readiness(ready=True, sentence="Requests can be sent."),
    today=SpendToday(),
    last=None,
    requests_open=2,
    unsaved=3,
    providers=(),
    problems=(),
    started=datetime(2026, 11, 21, 12, tzinfo=UTC),
)
