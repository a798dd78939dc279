from __future__ import annotations

import pytest

from checks import advisories


def _told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: tuple[advisories.Report | None, str],
) -> tuple[int, str]:
    monkeypatch.setattr(advisories, "audit", lambda: answer)
    status = advisories.main()
    return status, capsys.readouterr().out


def test_a_known_weakness_fails_and_names_the_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weak = advisories.Package(
        name="thing", version="1.0", vulns=[advisories.Advisory("GHSA-1", ["1.1"])]
    )
    status, out = _told(monkeypatch, capsys, (advisories.Report([weak]), ""))
    assert status == 1
    assert "thing 1.0: GHSA-1 (fixed: 1.1)" in out


def test_a_service_out_of_reach_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = _told(monkeypatch, capsys, (None, "connection refused"))
    assert status == 0
    assert out.startswith("warning: ")


def test_packages_the_service_does_not_know_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = advisories.Package(name="thing", skip_reason="not found")
    status, out = _told(monkeypatch, capsys, (advisories.Report([unknown]), ""))
    assert status == 0
    assert "knows nothing of 1 packages" in out
