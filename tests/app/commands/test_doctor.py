"""The command `doctor`: what it looks up, what it mends, what its bundle holds."""

from __future__ import annotations

import asyncio
import os
import socket
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from ledger_rows import finished, routed
from raw_wire import RawProvider, answer

from app.commands.command import Command, Effect
from app.commands.doctor import doctor
from app.doctor.ground import Port, Tray
from app.doctor.looks import desktop as session
from app.doctor.looks import look
from app.doctor.looks.desktop import look_at_desktop, starts_at_login
from app.doctor.looks.gateway import who_answers
from app.doctor.looks.providers import in_unit
from app.doctor.looks.system import look_at_system
from app.doctor.mending import mend
from app.doctor.report import Check, Level, Report
from app.doctor.visit import visit
from app.failure import CommandFailed, Exit
from app.keeping import end_keeper
from app.services import Services
from app.settings import ConfigStore
from app.terminal import handed_over
from discovery.surroundings import Surroundings
from proxy.secrets import Secrets
from wizard.formats import ABSENT, Format
from wizard.journal import Journal
from wizard.plan import Choice
from wizard.records import (
    OwnedKey,
    WiredFile,
    Wiring,
    WiringState,
    digest_of,
    digest_of_bytes,
)
from wizard.stored import Deed

DOCTOR = Command("doctor", doctor, Effect.CHANGE)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CANARY = "sk-canary-example-not-a-secret-4711"
PROVIDER = """
[[providers]]
id = "{id}"
base_url = "{url}"
protocols = ["anthropic-messages"]
key = "{key}"
probe = "/v1/models"
any_model = true
"""


class NoKeyring:
    """A keyring without an entry."""

    def get_password(self, service_name: str, username: str) -> str | None:
        del service_name, username
        return None

    def set_password(self, service_name: str, username: str, password: str) -> None:
        raise RuntimeError


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_config(services: Services, text: str, **environ: str) -> Services:
    """The same services with another `config.toml` and environment."""
    port = free()
    whole = f"[gateway]\nport = {port}\n{text}"
    services.paths.config_file.write_text(whole)
    config = ConfigStore(services.paths)
    config.load()
    assert config.current.problems == ()
    return replace(
        services,
        config=config,
        secrets=Secrets({"THE_KEY": CANARY, **environ}, NoKeyring),
        surroundings=replace(services.surroundings, environ=environ),
    )


def entry(url: str, key: str = "env:THE_KEY", name: str = "scripted") -> str:
    return PROVIDER.format(url=url, key=key, id=name)


def check(report: Report, code: str) -> Check:
    return next(each for each in report.checks if each.code == code)


@asynccontextmanager
async def raw(*deeds: bytes) -> AsyncIterator[RawProvider]:
    async with RawProvider() as served:
        served.deeds = list(deeds)
        yield served


# --- the gateway ---


async def test_it_works_while_the_gateway_is_down(alone: Services) -> None:
    report = await doctor(with_config(alone, ""))
    down = check(report, "gateway-down")
    assert (down.state, down.fixes) == (Level.PROBLEM, True)
    assert down.command == "/opt/turnout serve"
    assert report.failed
    assert report.time == NOW


async def test_who_has_the_port_is_named(alone: Services) -> None:
    services = with_config(alone, "")
    port = services.config.current.settings.port
    with socket.create_server(("127.0.0.1", port)):
        report = await doctor(services)
    taken = check(report, "port-taken")
    assert taken.state is Level.PROBLEM
    assert f"(process {os.getpid()})" in taken.means
    assert "gateway-down" not in {each.code for each in report.checks}


async def test_who_answers_is_told_by_the_answer() -> None:
    body = b'{"status":"ok","version":"9.9","mode":"direct","unsaved":0}'
    ours = answer(body, extra="Server: Turnout\r\n")
    for served, port, version in (
        (ours, Port.TURNOUT, "9.9"),
        (answer(b"?", extra="Server: Turnout\r\n"), Port.TURNOUT, ""),
        (answer(body), Port.OTHER, ""),
        (b"SSH-2.0-OpenSSH\r\n", Port.OTHER, ""),
    ):
        async with raw(served) as other:
            told = await who_answers(other.port)
        assert (told.port, told.version) == (port, version)
    assert (await who_answers(free())).port is Port.NOBODY


async def test_a_port_that_says_nothing_costs_its_time_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = await who_answers(silent.getsockname()[1], 0.05)
    assert told.port is Port.SILENT


async def test_inside_the_gateway_its_own_state_counts(services: Services) -> None:
    report = await doctor(services)
    assert check(report, "record-behind").means.startswith("3 finished requests")
    assert check(report, "port-differs").state is Level.WARNING


async def test_fix_starts_the_gateway_and_says_so(alone: Services) -> None:
    services = with_config(alone, "")
    try:
        report = await doctor(services, fix=True)
        (mended,) = report.mended
        assert mended.done, mended.after
        assert mended.before.startswith("No gateway is running")
        assert mended.after == "A gateway was started and answers."
        assert check(report, "gateway-down").state is Level.OK
    finally:
        kept = await asyncio.to_thread(end_keeper, services.paths)
        assert kept is not None
        await asyncio.to_thread(os.waitpid, kept.pid, 0)


async def test_fix_names_why_a_gateway_cannot_be_started(alone: Services) -> None:
    services = with_config(alone, "")
    port = services.config.current.settings.port
    report = await doctor(services)
    assert check(report, "gateway-down").fixes
    ground = await look(services)
    with socket.create_server(("127.0.0.1", port)):
        (left,) = await mend(services, ground, report.checks)
    assert not left.done
    assert f"Port {port} is taken by" in left.after


async def test_fix_closes_folders(alone: Services) -> None:
    services = with_config(alone, "")
    services.paths.logs.chmod(0o755)
    report = await doctor(services)
    opened = check(report, "folders-open")
    assert str(services.paths.logs) in opened.means
    (mended,) = await mend(services, await look(services), [opened])
    assert mended.done
    assert services.paths.logs.stat().st_mode & 0o777 == 0o700


# --- providers ---


async def test_a_provider_is_asked_with_its_key_and_its_clock_is_read(
    alone: Services,
) -> None:
    date = format_datetime(NOW - timedelta(hours=1))
    async with raw(answer(b"[]", extra=f"Date: {date}\r\n")) as served:
        report = await doctor(with_config(alone, entry(served.url)))
    told = check(report, "provider-silent")
    assert told.state is Level.OK
    assert told.means.startswith("scripted answered in ")
    assert "1 hour ahead" in check(report, "clock-off").means


@pytest.mark.parametrize(
    ("status", "code", "level"),
    [
        ("401 Unauthorized", "key-refused", Level.PROBLEM),
        ("403 Forbidden", "key-refused", Level.PROBLEM),
        ("429 Too Many Requests", "provider-silent", Level.NOTE),
        ("404 Not Found", "provider-silent", Level.NOTE),
        ("503 Service Unavailable", "provider-silent", Level.PROBLEM),
    ],
)
async def test_what_a_provider_answers_is_understood(
    alone: Services, status: str, code: str, level: Level
) -> None:
    async with raw(answer(CANARY.encode(), status=status)) as served:
        report = await doctor(with_config(alone, entry(served.url)))
    assert check(report, code).state is level
    assert CANARY not in repr(report)


async def test_a_provider_that_is_not_there_is_named(alone: Services) -> None:
    services = with_config(alone, entry(f"http://127.0.0.1:{free()}"))
    told = check(await doctor(services), "provider-silent")
    assert told.means == "scripted could not be reached."
    assert told.state is Level.PROBLEM


async def test_without_its_key_a_provider_is_not_asked(alone: Services) -> None:
    async with raw(answer(b"[]")) as served:
        report = await doctor(with_config(alone, entry(served.url, "env:NO_KEY")))
    assert served.connections == 0
    missing = check(report, "key-missing")
    assert "NO_KEY is not set" in missing.means
    assert check(report, "key-only-in-shell").state is Level.NOTE


async def test_offline_only_this_machine_is_asked(alone: Services) -> None:
    async with raw(answer(b"[]")) as served, RawProvider() as proxy:
        text = (
            'mode = "offline"\n'
            + entry(served.url)
            + entry("http://192.0.2.1", name="far")
        )
        services = with_config(alone, text, HTTP_PROXY=proxy.url)
        report = await doctor(services)
    assert served.connections == 1
    assert proxy.connections == 0
    assert "only providers on this machine were asked" in repr(report.checks)


async def test_shell_files_are_read_only_with_consent(alone: Services) -> None:
    services = with_config(alone, entry("http://127.0.0.1:9", "env:SHELL_KEY"))
    home = services.surroundings.home
    home.mkdir()
    (home / ".bashrc").write_text(f"# mine\nexport SHELL_KEY={CANARY}\n")
    without = await doctor(services)
    assert ".bashrc" not in repr(without)
    report = await doctor(services, shell_files=True)
    told = check(report, "key-only-in-shell")
    assert "~/.bashrc, line 2" in told.means
    assert CANARY not in repr(report)


# --- clients ---


def wired(services: Services, text: str, *, begun: bool = False) -> Path:
    """Write down a wiring of Claude Code; its file holds `text`."""
    home = services.surroundings.home
    (home / ".claude").mkdir(parents=True)
    file = home / ".claude" / "settings.json"
    file.write_text(text)
    key = OwnedKey(
        ("env", "ANTHROPIC_BASE_URL"), ABSENT, digest_of("http://127.0.0.1:8787")
    )
    after = digest_of_bytes(b'{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8787"}}')
    own = WiredFile(
        path=file,
        real=file,
        format=Format.JSON,
        existed=False,
        mode=0o600,
        before="",
        after=after,
        inverse=(),
        keys=(key,),
    )
    port = services.config.current.settings.port
    wiring = Wiring(
        number=1,
        client="claude-code",
        plan="plan-1",
        time=NOW - timedelta(hours=3),
        port=port,
        choice=Choice("claude-code"),
        files=(own,),
    )
    journal = Journal(services.paths.backups / "wiring")
    with journal.alone():
        journal.back_up(wiring)
        journal.begin(Deed.APPLY, wiring)
        if not begun:
            journal.end(wiring, NOW - timedelta(hours=3))
    return file


OURS = '{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8787"}}'


async def test_a_connected_client_is_held_against_the_record(alone: Services) -> None:
    services = with_config(alone, "")
    wired(services, OURS)
    quiet = check(await doctor(services), "client-not-seen")
    assert quiet.state is Level.WARNING
    assert "was connected 3 hours ago and no request" in quiet.means
    services.ledger.routed(routed("req_1", run="run-1"))
    await services.ledger.finish(finished("req_1", run="run-1", time=NOW))
    report = await doctor(services)
    seen = check(report, "client-not-seen")
    assert seen.means == "Claude Code was last seen just now."
    assert check(report, "drift").state is Level.OK


async def test_paths_are_written_as_people_do(alone: Services) -> None:
    services = with_config(alone, "")
    wired(services, '{"env": {"ANTHROPIC_BASE_URL": "http://x.example"}}')
    drifted = check(await doctor(services), "drift").means
    assert "~/.claude/settings.json" in drifted
    assert str(services.surroundings.home) not in drifted


async def test_a_projects_settings_are_looked_at(alone: Services) -> None:
    services = with_config(alone, "")
    wired(services, OURS)
    project = services.surroundings.home / "project"
    own = project / ".claude" / "settings.json"
    own.parent.mkdir(parents=True)
    own.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://models.example"}}')
    without = check(await doctor(services), "override")
    assert without.state is Level.OK
    named = check(await doctor(services, folder=str(project)), "override")
    assert named.state is Level.PROBLEM
    assert "~/project/.claude/settings.json" in named.action
    stood = {"HOME": str(services.surroundings.home)}
    told = handed_over(DOCTOR, stood, project)
    assert check(await doctor(services, **told), "override") == named  # type: ignore[arg-type]


async def test_who_comes_back_with_the_next_start_is_named(alone: Services) -> None:
    services = with_config(alone, "")
    wired(services, OURS)
    journal = Journal(services.paths.backups / "wiring")
    (applied,) = journal.current()
    with journal.alone():
        journal.end(replace(applied, state=WiringState.SUSPENDED), NOW)
    told = check(await doctor(services), "no-client")
    assert told.means.startswith("Claude Code is disconnected until Turnout's next")
    assert told.command == "/opt/turnout serve"


async def test_what_drifted_and_what_wins_is_told_and_left(alone: Services) -> None:
    services = with_config(alone, "", CLAUDE_CODE_USE_VERTEX="1")
    file = wired(services, '{"env": {"ANTHROPIC_BASE_URL": "http://x.example"}}')
    before = file.read_bytes()
    report = await doctor(services)
    drifted = check(report, "drift")
    assert drifted.state is Level.WARNING
    assert "ANTHROPIC_BASE_URL" in drifted.means
    assert "Vertex" in check(report, "override").means
    with socket.create_server(
        ("127.0.0.1", services.config.current.settings.port)
    ):  # nothing is started
        fixed = await visit(services, fix=True)
    assert fixed.asks
    assert [(each.code, each.done) for each in fixed.mended] == [("drift", False)]
    assert file.read_bytes() == before


async def test_a_half_done_change_is_named_and_settled(alone: Services) -> None:
    services = with_config(alone, "")
    wired(services, OURS, begun=True)
    report = await doctor(services)
    half = check(report, "wiring-unfinished")
    assert "Claude Code" in half.means
    with socket.create_server(("127.0.0.1", services.config.current.settings.port)):
        fixed = await doctor(services, fix=True)
    assert [each.code for each in fixed.mended] == ["wiring-unfinished"]
    assert check(fixed, "wiring-unfinished").state is Level.OK


async def test_a_journal_that_cannot_be_read_is_a_problem(alone: Services) -> None:
    (alone.paths.backups / "wiring" / "journal.jsonl").mkdir(parents=True)
    report = await doctor(with_config(alone, ""))
    assert check(report, "wiring-unfinished").state is Level.PROBLEM


# --- machine and session ---


async def test_proxies_are_held_against_the_providers(alone: Services) -> None:
    text = entry("https://models.example") + entry("http://127.0.0.1:9", name="near")
    named = "http://user:canary@proxy.example:3128"
    services = with_config(
        alone, text, https_proxy=named, ALL_PROXY="socks5://s.example:1"
    )
    found = look_at_system(services, None)
    first, second = found.proxies
    assert (first.variable, first.shown) == ("HTTPS_PROXY", "http://proxy.example:3128")
    assert first.providers == ("scripted",)
    assert (second.variable, second.providers) == ("ALL_PROXY", ())
    assert "canary" not in repr(found)


async def test_a_clock_that_was_set_back_shows_in_our_own_files(
    alone: Services,
) -> None:
    ahead = (NOW + timedelta(days=2)).timestamp()
    os.utime(alone.paths.config_file, (ahead, ahead))
    assert look_at_system(alone, None).future >= timedelta(days=2)


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("[Desktop Entry]\nExec=turnout\n", True),
        ("[Desktop Entry]\nHidden=true\n", False),
        ("[Desktop Entry]\nX-GNOME-Autostart-enabled = false\n", False),
    ],
)
def test_an_autostart_entry_counts_unless_it_is_off(
    tmp_path: Path, text: str, starts: bool
) -> None:
    around = Surroundings(tmp_path, {}, "linux")
    place = tmp_path / ".config" / session.ENTRY
    place.parent.mkdir(parents=True)
    place.write_text(text)
    assert bool(starts_at_login(around)) is starts


def test_a_unit_counts_once_it_is_enabled(tmp_path: Path) -> None:
    around = Surroundings(tmp_path, {}, "linux")
    unit = tmp_path / ".config" / session.UNIT
    unit.parent.mkdir(parents=True)
    unit.write_text("[Unit]\n")
    assert starts_at_login(around) == ""
    wanted = unit.parent / "default.target.wants" / unit.name
    wanted.parent.mkdir()
    wanted.symlink_to(unit)
    assert starts_at_login(around) == "The systemd unit turnout.service"
    assert starts_at_login(replace(around, platform="win32")) is None
    assert starts_at_login(replace(around, platform="darwin")) == ""


def test_only_our_own_unit_counts_as_one(tmp_path: Path) -> None:
    groups = tmp_path / "cgroup"
    assert not in_unit(groups)
    slice_ = "0::/user.slice/user-1000.slice/user@1000.service/app.slice"
    groups.write_text(f"{slice_}/app-gnome-turnout.scope\n")
    assert not in_unit(groups)
    groups.write_text(f"{slice_}/turnout.service\n")
    assert in_unit(groups)


class Ring:
    """A keyring's backend of a certain worth."""

    def __init__(self, priority: float) -> None:
        self.priority = priority
        self.name = "Example Keyring"


async def test_a_keyring_is_told_by_its_worth(alone: Services) -> None:
    usable = await look_at_desktop(alone, lambda: Ring(5))
    assert (usable.keyring, usable.keyring_usable) == ("Example Keyring", True)
    assert usable.needed
    assert not (await look_at_desktop(alone, lambda: Ring(0))).keyring_usable

    def broken() -> Ring:
        raise RuntimeError

    assert (await look_at_desktop(alone, broken)).keyring_usable is False


async def test_a_session_without_display_has_no_tray(alone: Services) -> None:
    assert (await look_at_desktop(alone, lambda: Ring(1))).tray is Tray.HEADLESS
    shown = replace(
        alone, surroundings=replace(alone.surroundings, environ={"DISPLAY": ":0"})
    )
    assert (await look_at_desktop(shown, lambda: Ring(1))).tray is Tray.UNKNOWN


# --- the bundle ---


async def test_a_file_goes_with_a_bundle_only(alone: Services) -> None:
    with pytest.raises(CommandFailed) as misused:
        await doctor(alone, "x.zip")
    assert misused.value.exit == Exit.USAGE


async def test_the_preview_is_exactly_what_is_written(
    alone: Services, tmp_path: Path
) -> None:
    services = with_config(alone, entry(f"http://127.0.0.1:{free()}"))
    file = tmp_path / "bundle.zip"
    shown = await doctor(services, bundle=True)
    assert not file.exists()
    assert shown.bundle_file == ""
    written = await doctor(services, str(file), bundle=True)
    assert written.bundle_file == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name).decode() for name in archive.namelist()}
    assert held == {part.name: part.text for part in written.bundle}
    same = ("versions.txt", "config.txt", "clients.txt")
    before = {part.name: part.text for part in shown.bundle}
    assert {name: held[name] for name in same} == {name: before[name] for name in same}
    with pytest.raises(CommandFailed) as there:
        await doctor(services, str(file), bundle=True)
    assert "is left as it is" in there.value.message


async def test_nothing_private_is_in_a_bundle(alone: Services, tmp_path: Path) -> None:
    home = alone.surroundings.home
    services = with_config(alone, entry("http://127.0.0.1:9"), HTTPS_PROXY="x")
    wired(services, '{"env": {"ANTHROPIC_BASE_URL": "http://canary-value.example"}}')
    services.paths.config_file.write_text(
        services.paths.config_file.read_text()
        + f'# {CANARY}\n[[rules]]\nproject = "{home}/work/canary-project"\n'
    )
    services.ledger.routed(routed("req_1", run="run-1", requested_model="canary-model"))
    await services.ledger.finish(
        finished("req_1", run="run-1", project="canary-project")
    )
    line = (
        '{"time":"2026-11-21T12:00:00Z","level":"info","event":"x",'
        f'"detail":"{home}/work/canary-project {CANARY} tnt_canary0123456789abcdef '
        'https://user:canary@host.example/x?key=canary me-canary@example.org"}\n'
    )
    (services.paths.logs / "gateway.log").write_text(line)
    await services.secrets.prefetch(p.key for p in services.config.current.providers)
    report = await doctor(services, str(tmp_path / "b.txt"), bundle=True)
    text = (tmp_path / "b.txt").read_text()
    assert "~/.claude/settings.json" in text
    assert "env.ANTHROPIC_BASE_URL" in text
    for part in report.bundle:
        assert "canary" not in part.text, part.name
        assert str(home) not in part.text, part.name
    assert "canary" not in text


async def test_a_folder_that_is_not_there_is_a_clear_failure(alone: Services) -> None:
    with pytest.raises(CommandFailed) as failed:
        await doctor(with_config(alone, ""), "/no/such/folder/b.zip", bundle=True)
    assert "Nothing was written" in failed.value.message
