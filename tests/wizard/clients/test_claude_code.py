"""Claude Code: which keys for which choice, and what keeps it from the gateway."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from client_situations import (
    ANTHROPIC,
    HOME,
    KEY,
    OWN_KEY,
    URL,
    all_text,
    known,
    situation,
    wished,
)

from wizard.clients.claude_code import SETUP, helper_command, settled_login
from wizard.clients.terms import Situation
from wizard.formats import ABSENT, Json
from wizard.plan import Choice, Login

FILE = ".claude/settings.json"
MINE = f"{HOME}/{FILE}"
BASE = ("env", "ANTHROPIC_BASE_URL")
TOKEN = ("env", "ANTHROPIC_AUTH_TOKEN")
HEADERS = ("env", "ANTHROPIC_CUSTOM_HEADERS")
MODEL = ("env", "ANTHROPIC_MODEL")
HELPER = ("apiKeyHelper",)
OLDER = "tnt_" + "older-not-a-secret-0123456789"
SHOWS = "/opt/turnout/bin/turnout keys show claude-code"


def at(
    said: Json = None,
    login: Login = Login.KEY,
    *,
    chosen: bool = False,
    helper: bool = False,
    free_model: bool = False,
) -> Situation:
    """The situation in which the user's file says this, and so was chosen."""
    files = {} if said is None else {FILE: json.dumps(said)}
    here = situation(SETUP, files, login=login)
    choice = Choice(
        SETUP.id, login if chosen else None, helper=helper, free_model=free_model
    )
    return replace(here, choice=choice)


def env(**values: str) -> dict[str, Json]:
    return {"env": dict(values)}


def keys(here: Situation) -> dict[tuple[str, ...], object]:
    """The keys for the user's own file; nothing stands in the way."""
    wanted = SETUP.wanted(here)
    assert wanted.refusals == ()
    (found,) = wished(wanted).values()
    return {tuple(map(str, path)): value for path, value in found.items()}


def refused(here: Situation) -> list[tuple[str, int, str]]:
    wanted = SETUP.wanted(here)
    assert wanted.files == ()
    return [
        (each.file, each.line, f"{each.why} {each.todo}") for each in wanted.refusals
    ]


def test_with_providers_keys_it_gets_an_address_and_a_key() -> None:
    assert keys(at()) == {BASE: URL, TOKEN: KEY}


def test_its_own_login_stays_and_the_key_travels_beside_it() -> None:
    assert keys(at(login=Login.OWN)) == {BASE: URL, HEADERS: f"x-turnout-key: {KEY}"}
    (file,) = SETUP.wanted(at(login=Login.OWN)).files
    header = file.keys[1]
    assert header.line
    assert header.prefix == "x-turnout-key:"


@pytest.mark.parametrize(
    "said",
    [
        env(ANTHROPIC_API_KEY=OWN_KEY),
        env(ANTHROPIC_AUTH_TOKEN=OWN_KEY),
        {"apiKeyHelper": "~/bin/show-key"},
        env(
            ANTHROPIC_AUTH_TOKEN=OWN_KEY, ANTHROPIC_BASE_URL="https://api.anthropic.com"
        ),
    ],
)
def test_a_credential_in_the_file_stays_and_makes_the_login_its_own(said: Json) -> None:
    assert settled_login(at(said)) is Login.OWN
    assert keys(at(said)) == {BASE: URL, HEADERS: f"x-turnout-key: {KEY}"}
    assert "stays as it is" in all_text(SETUP.wanted(at(said)))


def test_who_says_key_gets_a_key_beside_a_credential_that_is_stripped() -> None:
    said = {"apiKeyHelper": "x", **env(ANTHROPIC_API_KEY=OWN_KEY)}
    assert keys(at(said, chosen=True)) == {BASE: URL, TOKEN: KEY}


def test_a_token_of_the_users_is_never_replaced() -> None:
    said = env(ANTHROPIC_AUTH_TOKEN=OWN_KEY)
    ((file, line, told),) = refused(at(said, chosen=True))
    assert (file, line) == (MINE, 1)
    assert "ANTHROPIC_AUTH_TOKEN" in told
    assert OWN_KEY not in told


@pytest.mark.parametrize(
    "url", ["https://gateway.example.com/api", "http://127.0.0.1:3456"]
)
def test_a_key_for_another_service_is_not_passed_on_to_anthropic(url: str) -> None:
    said = env(ANTHROPIC_BASE_URL=url, ANTHROPIC_AUTH_TOKEN=OWN_KEY)
    takes_logins = replace(at(said), providers=(known("anthropic", "client"),))
    assert refused(at(said, Login.OWN)) == refused(takes_logins)
    ((file, _, told),) = refused(takes_logins)
    assert file == MINE
    assert url.split("/")[2] in told
    # With providers' keys it is passed on to nobody, so it may stay.
    assert keys(at(said)) == {BASE: URL, HEADERS: f"x-turnout-key: {KEY}"}
    # Unless the user says whose it is.
    assert HEADERS in keys(at(said, Login.OWN, chosen=True))


def test_another_gateways_placeholder_is_no_credential() -> None:
    said = env(
        ANTHROPIC_BASE_URL="http://127.0.0.1:3456", ANTHROPIC_AUTH_TOKEN="PROXY_MANAGED"
    )
    assert keys(at(said)) == {BASE: URL, TOKEN: KEY}
    assert keys(at(said, Login.OWN))[TOKEN] is ABSENT


@pytest.mark.parametrize(
    ("said", "login", "gone"),
    [
        (env(ANTHROPIC_AUTH_TOKEN=OLDER), Login.OWN, TOKEN),
        ({"apiKeyHelper": SHOWS}, Login.OWN, HELPER),
        (env(ANTHROPIC_CUSTOM_HEADERS=f"x-turnout-key: {OLDER}"), Login.KEY, HEADERS),
        (
            env(ANTHROPIC_CUSTOM_HEADERS=f"X: y\nx-turnout-key: {OLDER}"),
            Login.KEY,
            HEADERS,
        ),
    ],
)
def test_what_an_older_wiring_left_in_the_way_goes(
    said: Json, login: Login, gone: tuple[str, ...]
) -> None:
    assert keys(at(said, login))[gone] is ABSENT


def test_other_headers_are_left_alone() -> None:
    said = env(ANTHROPIC_CUSTOM_HEADERS="X-Team: core")
    assert keys(at(said)) == {BASE: URL, TOKEN: KEY}


def test_a_command_for_the_key_takes_the_keys_place() -> None:
    assert keys(at(helper=True)) == {BASE: URL, HELPER: SHOWS}
    older = env(ANTHROPIC_AUTH_TOKEN=OLDER)
    assert keys(at(older, helper=True)) == {BASE: URL, TOKEN: ABSENT, HELPER: SHOWS}
    # Doing it again finds its own command, not a credential.
    again = {"apiKeyHelper": SHOWS, **env(ANTHROPIC_BASE_URL=URL)}
    assert keys(at(again, helper=True)) == {BASE: URL, HELPER: SHOWS}


def test_beside_its_own_login_there_is_no_command_and_that_is_told() -> None:
    here = at(login=Login.OWN, helper=True)
    assert HELPER not in keys(here)
    assert "left out" in all_text(SETUP.wanted(here))
    mine = at({"apiKeyHelper": "x"}, chosen=True, helper=True)
    assert HELPER not in keys(mine)
    assert "stays as it is" in all_text(SETUP.wanted(mine))


@pytest.mark.parametrize(
    ("command", "platform", "typed"),
    [
        ("/opt/turnout", "linux", "/opt/turnout keys show claude-code"),
        ("/my apps/turnout", "darwin", "'/my apps/turnout' keys show claude-code"),
        ("C:\\T o\\turnout", "win32", '"C:\\T o\\turnout" keys show claude-code'),
    ],
)
def test_the_command_is_one_word_for_a_shell(
    command: str, platform: str, typed: str
) -> None:
    here = at(helper=True)
    around = replace(here.surroundings, platform=platform)
    there = replace(here, surroundings=around, command=command)
    assert helper_command(there) == typed
    elsewhere = replace(there, home=Path("/my home"))
    quote = '"' if platform == "win32" else "'"
    assert helper_command(elsewhere) == f"{typed} --home {quote}/my home{quote}"


def test_the_model_is_left_to_turnout_only_where_that_was_chosen() -> None:
    assert MODEL not in keys(at())
    assert "Opus" in all_text(SETUP.wanted(at()))
    free = at(free_model=True)
    assert str(keys(free)[MODEL]).startswith("claude-sonnet-")
    assert "Opus" not in all_text(SETUP.wanted(free))
    elsewhere = replace(free, providers=(known("ollama"),))
    assert str(keys(elsewhere)[MODEL]).startswith("claude-sonnet-")
    nothing = replace(free, providers=(replace(ANTHROPIC, models=()),))
    assert str(keys(nothing)[MODEL]).startswith("claude-sonnet-")


def test_a_model_of_the_users_is_named() -> None:
    top: Json = {"model": "opus"}
    for said in (top, env(ANTHROPIC_MODEL="opus")):
        assert "goes on asking for opus" in all_text(SETUP.wanted(at(said)))


# --- what wins ------------------------------------------------------------------------


def with_file(here: Situation, path: Path, said: Json) -> Situation:
    """The same with one more file that was looked at."""
    assert path in here.files
    state = replace(here.files[path], data=json.dumps(said, indent=1).encode())
    return replace(here, files={**here.files, path: state})


@pytest.mark.parametrize(
    ("platform", "path"),
    [
        ("linux", "/etc/claude-code/managed-settings.json"),
        ("darwin", "/Library/Application Support/ClaudeCode/managed-settings.json"),
        ("win32", "C:/Program Files/ClaudeCode/managed-settings.json"),
    ],
)
def test_an_administrators_file_wins_and_is_named(platform: str, path: str) -> None:
    here = situation(SETUP, platform=platform)
    said = env(ANTHROPIC_BASE_URL="https://gateway.example.com")
    ((file, line, told),) = refused(with_file(here, Path(path), said))
    assert (Path(file), line) == (Path(path), 3)
    assert "administrator" in told
    # One that names this gateway already stands in nobody's way.
    good = with_file(here, Path(path), env(ANTHROPIC_BASE_URL=URL))
    assert keys(good) == {BASE: URL, TOKEN: KEY}


@pytest.mark.parametrize("name", ["settings.local.json", "settings.json"])
@pytest.mark.parametrize(
    ("login", "variable"),
    [
        (Login.KEY, "ANTHROPIC_BASE_URL"),
        (Login.KEY, "ANTHROPIC_AUTH_TOKEN"),
        (Login.OWN, "ANTHROPIC_CUSTOM_HEADERS"),
    ],
)
def test_a_projects_file_wins_and_is_named(
    name: str, login: Login, variable: str
) -> None:
    here = situation(SETUP, folder=HOME / "work", login=login)
    path = HOME / "work" / ".claude" / name
    ((file, line, told),) = refused(with_file(here, path, env(**{variable: "x"})))
    assert (file, line) == (str(path), 3)
    assert variable in told


def test_the_home_is_no_project() -> None:
    here = situation(SETUP, folder=HOME)
    assert list(here.files) == [
        HOME / FILE,
        Path("/etc/claude-code/managed-settings.json"),
    ]


@pytest.mark.parametrize(
    ("name", "cloud"),
    [
        ("CLAUDE_CODE_USE_BEDROCK", "Amazon Bedrock"),
        ("CLAUDE_CODE_USE_VERTEX", "Google Vertex AI"),
        ("CLAUDE_CODE_USE_FOUNDRY", "Microsoft Foundry"),
    ],
)
def test_a_switch_to_another_cloud_stands_in_the_way(name: str, cloud: str) -> None:
    ((file, _, told),) = refused(at(env(**{name: "1"})))
    assert file == MINE
    assert cloud in told
    ((file, _, told),) = refused(situation(SETUP, environ={name: "true"}))
    assert file == "your environment"
    assert keys(at(env(**{name: "0"}))) == {BASE: URL, TOKEN: KEY}
    assert keys(situation(SETUP, environ={name: ""})) == {BASE: URL, TOKEN: KEY}


def test_what_is_exported_loses_to_the_settings_and_is_told() -> None:
    exported = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}
    wanted = SETUP.wanted(situation(SETUP, environ=exported))
    assert wanted.refusals == ()
    assert "is exported" in all_text(wanted)
    exported = {"ANTHROPIC_CUSTOM_HEADERS": "X-Team: core"}
    wanted = SETUP.wanted(situation(SETUP, environ=exported, login=Login.OWN))
    assert "put those headers into the settings" in all_text(wanted)


# --- one project ----------------------------------------------------------------------


def test_a_projects_file_gets_no_key() -> None:
    project = HOME / "work"
    wanted = SETUP.wanted(situation(SETUP, project=project))
    path = project / ".claude" / "settings.local.json"
    assert wished(wanted) == {str(path): {BASE: URL, HELPER: SHOWS}}
    assert "~/work" in all_text(wanted)


def test_a_projects_file_cannot_keep_its_own_login() -> None:
    here = situation(SETUP, project=HOME / "work", login=Login.OWN)
    here = replace(here, choice=replace(here.choice, login=Login.OWN))
    ((_, _, told),) = refused(here)
    assert "no key into a project's file" in told


def test_a_projects_weaker_file_stands_in_nobodys_way() -> None:
    here = situation(SETUP, project=HOME / "work")
    path = HOME / "work" / ".claude" / "settings.json"
    said = env(ANTHROPIC_BASE_URL="https://gateway.example.com")
    assert keys(with_file(here, path, said)) == {BASE: URL, HELPER: SHOWS}


def test_its_folder_may_be_elsewhere() -> None:
    for value, file in (("/srv/c", "/srv/c"), ("~/c", f"{HOME}/c")):
        here = situation(SETUP, environ={"CLAUDE_CONFIG_DIR": value})
        assert list(wished(SETUP.wanted(here))) == [f"{file}/settings.json"]


def test_what_it_does_without_turnout_is_told() -> None:
    wanted = SETUP.wanted(at())
    assert "Connection refused" in wanted.without
    assert "started again" in all_text(wanted)
    assert KEY not in all_text(wanted)
