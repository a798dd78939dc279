"""What the doctor thinks of what was found: each fault alone, and none."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from doctor_grounds import (
    AMISS,
    NOW,
    OPENAI,
    SOUND,
    client,
    clients,
    gateway,
    providers,
    record,
    report_of,
    system,
)

from app.doctor.ages import ago, counted, size, span
from app.doctor.codes import CODES
from app.doctor.desktop import with_tray
from app.doctor.ground import AwayGround, Port, ProviderGround, ProxyGround, ShellKey
from app.doctor.judging import judged
from app.doctor.report import PAGES, Check, Level, Report
from proxy.ledger.checkup import Checkup

ROOT = Path(__file__).parents[3]
COMMAND = re.compile(r"turnout [a-z-]+( [a-z-]+)?( --[a-z-]+)?")


def found(name: str) -> tuple[Report, Check]:
    code, level, ground = AMISS[name]
    report = report_of(ground)
    first = next(
        each
        for each in report.checks
        if each.code == code and each.state.value == level
    )
    return report, first


def test_a_machine_in_order_has_nothing_to_do() -> None:
    report = report_of(SOUND)
    assert {check.state for check in report.checks} == {Level.OK}
    assert not any(check.action or check.fixes for check in report.checks)
    assert not report.failed


@pytest.mark.parametrize("name", AMISS)
def test_each_fault_is_told_with_what_it_means(name: str) -> None:
    report, check = found(name)
    assert check.means.endswith((".", ")"))
    assert check.state is Level.NOTE or check.action, "what to do has to be said"
    assert report.failed is (Level.PROBLEM in {each.state for each in report.checks})
    if check.command:
        assert check.command in check.action
        own = check.command.startswith("systemctl --user ")
        assert own or COMMAND.fullmatch(check.command)


@pytest.mark.parametrize("name", AMISS)
def test_a_fault_is_not_told_in_other_words_elsewhere(name: str) -> None:
    code, _, ground = AMISS[name]
    others = {
        check.code
        for check in report_of(ground).checks
        if check.state in {Level.WARNING, Level.PROBLEM}
    } - {code}
    # That shells were not read is said beside the key that is missing.
    allowed = {"unread shells": {"key-missing"}}
    assert others <= allowed.get(name, set())


def test_every_code_can_speak_and_is_known() -> None:
    assert {code for code, _, _ in AMISS.values()} == set(CODES)
    for _, _, ground in AMISS.values():
        assert {check.code for check in judged(ground)} <= set(CODES)


def test_every_code_has_its_page_and_every_page_its_code() -> None:
    folder = ROOT / PAGES
    pages = {path.stem: path.read_text() for path in folder.glob("*.md")}
    index = pages.pop("index")
    assert set(pages) == set(CODES)
    for code, text in pages.items():
        assert f"]({code}.md)" in index
        assert text.startswith(f"# {code}: ")
        heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert heads == ["Symptom", "Cause", "Fix"], code
    assert Check("drift", "x", Level.OK, "x").page == "docs/guide/doctor/drift.md"


def test_only_a_free_port_lets_the_gateway_be_started() -> None:
    assert found("down")[1].fixes
    assert found("starting")[1].fixes
    taken = found("taken")[1]
    assert (taken.fixes, taken.command) == (False, "turnout serve")


@pytest.mark.parametrize("name", ["taken", "another turnout", "hanging"])
def test_one_cause_is_one_problem(name: str) -> None:
    report = found(name)[0]
    assert len(report.of(Level.PROBLEM)) == 1
    assert "gateway-down" not in {check.code for check in report.checks}


def test_another_port_is_followed_by_a_start_and_a_repair() -> None:
    for name in ("taken", "moved"):
        action = found(name)[1].action
        assert action.index("turnout serve") < action.index("turnout repair")


def test_a_gateway_that_hangs_is_not_said_to_serve() -> None:
    assert "it takes connections and answers neither" in found("hanging")[1].means


def test_the_keepers_own_refusal_is_no_foreign_program() -> None:
    ground = AMISS["failing"][2]
    refusing = replace(ground.gateway, answer=AMISS["taken"][2].gateway.answer)
    first, *rest = report_of(replace(ground, gateway=refusing)).checks
    assert "3 tries in a row" in first.means
    (port,) = (each for each in rest if each.code == "port-taken")
    assert port.state is Level.OK


def test_who_has_the_port_is_named() -> None:
    means = found("taken")[1].means
    assert "Port 8787 is taken by rserver (process 12)" in means


def test_a_client_seen_since_it_was_connected_is_fine() -> None:
    told = report_of(client(seen=NOW - timedelta(hours=5))).checks
    (seen,) = (each for each in told if each.code == "client-not-seen")
    assert seen.means == "Claude Code was last seen 5 hours ago."
    before = found("unseen")[1].means
    assert "was connected 3 hours ago and no request of it has come since" in before
    assert "Before that it was last seen 9 days ago." in before


def test_changes_of_one_client_are_one_line() -> None:
    report, check = found("drift")
    assert check.means == "The address is gone. 1 more change like it."
    assert len(report.of(Level.WARNING)) == 1
    assert check.command == "turnout repair claude-code"


def test_a_line_that_wins_is_quoted_with_its_place() -> None:
    check = found("override")[1]
    assert check.action == (
        "Remove this line in ~/.zshrc, line 3: export CLAUDE_CODE_USE_VERTEX=1"
    )


def test_what_does_not_win_is_told_and_left() -> None:
    check = found("mild override")[1]
    assert (check.action, check.command) == ("", "")
    assert check.means == "Codex: a file is set too. It is X."


def test_a_client_that_was_not_connected_again_names_the_repair() -> None:
    assert found("not rewired")[1].command == "turnout repair codex"
    down = clients(wired=(), away=(AwayGround("codex", "Codex"),))
    gone = replace(down.gateway, answer=Port.NOBODY, control=False, keeper=None)
    told = report_of(replace(down, gateway=gone)).checks
    (check,) = (each for each in told if each.code == "no-client")
    assert check.command == "turnout serve"


def test_a_provider_that_cannot_be_asked_is_not_called_well() -> None:
    told = report_of(providers(ProviderGround("own", "client"))).checks
    (check,) = (each for each in told if each.code == "provider-silent")
    assert check.state is Level.OK
    assert "was not asked" in check.means


def test_a_key_that_a_shell_sets_names_file_and_line() -> None:
    assert "~/.zshrc, line 12" in found("shell")[1].means
    assert found("unread shells")[1].command == "turnout doctor --shell-files"


def test_a_key_that_only_the_terminal_has_is_told() -> None:
    ground = providers(
        replace(OPENAI, why_not="it is not set", probed=None),
        terminal=("OPENAI_API_KEY",),
    )
    told = [each for each in report_of(ground).checks if each.state is not Level.OK]
    assert [each.code for each in told] == ["key-only-in-shell"]
    assert "this terminal's environment" in told[0].means


def test_a_key_that_the_login_session_reads_is_told_so() -> None:
    ground = providers(
        replace(OPENAI, why_not="it is not set", probed=None),
        shells=(ShellKey("OPENAI_API_KEY", "/etc/environment, line 1", True),),
    )
    (told,) = (e for e in report_of(ground).checks if e.code == "key-only-in-shell")
    assert "after your next login" in told.means


def test_a_proxy_is_named_with_those_who_use_it() -> None:
    one = ProxyGround("HTTPS_PROXY", "http://p.example:3128", ("openai", "groq"))
    told = report_of(system(proxies=(one,), no_proxy=".lan")).checks
    (check,) = (each for each in told if each.code == "proxy")
    assert check.means == (
        "HTTPS_PROXY names http://p.example:3128; through it goes: openai, groq. "
        "NO_PROXY leaves out .lan."
    )


def test_a_home_without_a_record_is_no_fault() -> None:
    assert not report_of(record(checkup=Checkup(exists=False))).failed
    assert not report_of(system(free=None, files=None)).failed


def test_trust_in_a_named_file_is_told() -> None:
    told = report_of(system(certificates=("SSL_CERT_FILE",), elsewhere=("X",))).checks
    (check,) = (each for each in told if each.code == "own-ca")
    assert check.means == "The system's store is trusted, and what SSL_CERT_FILE names."


def test_the_tray_itself_knows_best() -> None:
    report = report_of(AMISS["unknown tray"][2])
    there, missing = with_tray(report, there=True), with_tray(report, there=False)
    assert not there.of(Level.NOTE)
    assert [each.code for each in missing.of(Level.WARNING)] == ["no-tray"]
    assert len(there.checks) == len(missing.checks) == len(report.checks)


def test_a_taken_port_has_a_name_even_without_one() -> None:
    ground = gateway(answer=AMISS["taken"][2].gateway.answer, control=False)
    quiet = replace(ground, gateway=replace(ground.gateway, keeper=None, served=None))
    assert "taken by another program" in report_of(quiet).checks[0].means


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=400), "400 days ago"),
        (-timedelta(hours=2), "just now"),
    ],
)
def test_ages_are_told_as_people_do(age: timedelta, said: str) -> None:
    assert ago(age) == said


def test_numbers_and_sizes() -> None:
    assert span(-timedelta(hours=2)) == "2 hours"
    assert counted(1, "row") == "1 row"
    assert counted(1200, "row") == "1,200 rows"
    assert (size(1_240_000), size(71_600_000_000)) == ("1 MB", "71.6 GB")
