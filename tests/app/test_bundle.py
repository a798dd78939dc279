"""A support bundle: what is picked, what is taken out, and how it is written."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from doctor_grounds import AMISS, SOUND, SOUND_FILE, report_of
from hypothesis import given
from hypothesis import strategies as st

from app.bundle import (
    ELSEWHERE,
    REDACTED,
    Material,
    Redaction,
    as_text,
    parts,
    write_bundle,
)
from app.doctor.report import BundlePart
from app.logs import LogLine

HOME = Path("/home/alice")
REDACT = Redaction(HOME, str)


def material(config: bytes = b"", **changed: object) -> Material:
    made = {
        "checks": report_of(SOUND).checks,
        "version": "1.2.3",
        "config": config,
        "log": (),
        "wirings": (),
        "checkup": SOUND_FILE,
        "sqlite": "3.40.1",
    }
    return Material(**{**made, **changed})  # type: ignore[arg-type]


def part(name: str, made: Material) -> str:
    return next(each.text for each in parts(made, REDACT) if each.name == name)


def test_of_the_configuration_only_known_words_are_told() -> None:
    config = b"""
# sk-canary-in-a-comment
[gateway]
port = 8788
mode = "direct"
odd = "canary"

[[providers]]
id = "own"
base_url = "https://user:canary@models.example:8443/v1?key=canary"
key = "env:MODEL_KEY"
auth = "bearer"
headers = { "x-org" = "canary" }
[[providers.models]]
id = "large"
context = 200000
price = { input = "canary" }

[[providers]]
id = "slip"
key = "sk-canary-example-0123456789"

[[rules]]
project = "/home/alice/canary"
"""
    text = part("config.txt", material(config))
    assert "canary" not in text
    for line in (
        "port = 8788",
        "mode = direct",
        "base_url = https://models.example:8443/v1",
        "key = env:MODEL_KEY",
        f"key = {REDACTED}",
        "model context = 200000, id = large",
        "also set, left out: headers",
        "[rules] 1 entries, left out",
    ):
        assert line in text, line


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[[[", b"a = ", b"providers = 3"])
def test_an_odd_configuration_stops_nothing(data: bytes) -> None:
    assert part("config.txt", material(data))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/alice/work/secret-plan/x.py", ELSEWHERE),
        ("/home/alice/.claude/settings.json", "~/.claude/settings.json"),
        ("/home/bob/notes", ELSEWHERE),
        ("/Users/bob/.zshrc", "~/.zshrc"),
        ("C:\\Users\\bob\\work", ELSEWHERE),
        ("https://u:p@host.example/a?key=b#c", "https://host.example/a"),
        ("socks5://me:word@host.example:1", "socks5://host.example:1"),
        ("Authorization: Bearer abcdefghijklmnop", f"Authorization: Bearer {REDACTED}"),
        ("me@example.org", REDACTED),
        ("AIzaCanaryExample0123", REDACTED),
        ("ghp_canaryExample0123 and more", f"{REDACTED} and more"),
        ("task-sk-aaaaaaaaaa", f"task-{REDACTED}"),
        ("the disk is full", "the disk is full"),
        ("ask-me-later-on-this", "ask-me-later-on-this"),
    ],
)
def test_what_is_private_is_taken_out(text: str, left: str) -> None:
    assert REDACT(text) == left


def test_known_keys_go_whatever_their_shape() -> None:
    redact = Redaction(HOME, lambda text: text.replace("plainword", REDACTED))
    assert redact("it is plainword") == f"it is {REDACTED}"


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=8),
    st.sampled_from(["sk-", "tnt_", "gsk_", "xai-", "AIza", "ghp_"]),
    st.sampled_from([" ", "=", '"', ":", "(", "\n", "/"]),
)
def test_no_key_of_a_known_shape_stays(rest: str, start: str, before: str) -> None:
    assert rest not in REDACT(f"key{before}{start}{rest}{before}")


def test_what_checks_quote_of_other_files_is_left_out() -> None:
    checks = report_of(AMISS["override"][2]).checks
    text = part("report.txt", material(checks=checks))
    assert "CLAUDE_CODE_USE_VERTEX" not in text
    assert "problem: override: (what it quotes is left out)" in text


def test_the_log_stays_lines_of_json() -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    line = LogLine(moment, "info", "x", detail="/home/alice/work and sk-canary-12345")
    text = part("log.jsonl", material(log=(line, line)))
    assert text.count("\n") == 2
    assert f'"detail":"{ELSEWHERE} and {REDACTED}"' in text


def test_the_record_is_counts_only() -> None:
    text = part("record.txt", material())
    assert "a: 812" in text
    assert "version 3 of 3" in text


def test_it_is_written_once_and_for_this_user_alone(tmp_path: Path) -> None:
    files = (BundlePart("a.txt", "one\n"), BundlePart("b.txt", "two\n"))
    text, packed = tmp_path / "b.txt", tmp_path / "b.ZIP"
    write_bundle(text, files)
    write_bundle(packed, files)
    assert (
        text.read_text()
        == as_text(files)
        == ("=== a.txt ===\none\n\n=== b.txt ===\ntwo\n")
    )
    with zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == ["a.txt", "b.txt"]
    assert text.stat().st_mode & 0o777 == packed.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_bundle(text, files)
