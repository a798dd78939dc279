"""Codex: its profile, the one root key of "always", and what hides either."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from client_situations import HOME, KEY, URL, all_text, known, situation, wished

from discovery.files import FileState, Trouble, look_at
from wizard.clients.codex import CODEX_MODEL, LAUNCHER, SETUP
from wizard.clients.terms import Situation
from wizard.formats import ABSENT, Format
from wizard.plan import Choice, Login
from wizard.planning import plan_client

CONFIG = ".codex/config.toml"
PROFILE = ".codex/turnout.config.toml"
PROGRAMS = HOME / ".local" / "bin"
LAUNCHER_FILE = PROGRAMS / "codex-turnout"
IN_PATH = f"{URL}/k/{KEY}/v1"
OLDER = "tnt_" + "older-not-a-secret-0123456789"
ROUTER = """\
model_provider = "router"

[model_providers.router]
base_url = "http://127.0.0.1:4000/v1"
"""


def at(
    files: dict[str, str] | None = None,
    login: Login = Login.KEY,
    *,
    always: bool = False,
    helper: bool = False,
    chosen: bool = False,
    environ: dict[str, str] | None = None,
    platform: str = "linux",
) -> Situation:
    """The situation with these files, in which so was chosen."""
    provider = known("openai")
    here = situation(
        SETUP,
        files,
        login=login,
        environ=environ,
        platform=platform,
        providers=(provider,),
    )
    choice = Choice(SETUP.id, login if chosen else None, always, helper=helper)
    return replace(here, choice=choice)


def with_folder(here: Situation) -> Situation:
    """The same on a machine that has a folder for the user's own programs."""
    state = FileState(PROGRAMS, PROGRAMS, None, trouble=Trouble.NOT_A_FILE)
    return replace(here, files={**here.files, PROGRAMS: state})


def profile(here: Situation) -> dict[str, object]:
    """What the profile would say, read by a reader that is none of ours."""
    plan = plan_client(SETUP, here)
    assert plan.refusals == ()
    return tomllib.loads(plan.edits[0].after.decode())


def test_the_profile_names_turnout_as_its_provider() -> None:
    found = profile(at())
    assert found["model_provider"] == "turnout"
    assert found["model"] == known("openai").models[0].id
    assert found["model_providers"] == {
        "turnout": {
            "name": "Turnout",
            "base_url": f"{URL}/v1",
            "wire_api": "responses",
            "http_headers": {"x-turnout-key": KEY},
        }
    }


def test_without_a_provider_it_asks_for_a_name_codex_does_not_know() -> None:
    assert profile(replace(at(), providers=()))["model"] == CODEX_MODEL


def test_a_command_for_the_key_takes_the_keys_place() -> None:
    plan = plan_client(SETUP, at(helper=True))
    found = tomllib.loads(plan.edits[0].after.decode())
    entry = found["model_providers"]["turnout"]
    assert entry["auth"]["command"] == "/opt/turnout/bin/turnout"
    assert entry["auth"]["args"] == ["keys", "show", "codex"]
    # Codex refuses `auth` beside another way in.
    assert "http_headers" not in entry
    assert KEY.encode() not in plan.edits[0].after


def test_its_own_login_stays_at_the_built_in_provider() -> None:
    assert profile(at(login=Login.OWN)) == {"openai_base_url": IN_PATH}


def test_a_root_provider_would_hide_the_address_of_the_profile() -> None:
    found = profile(at({CONFIG: ROUTER}, Login.OWN))
    assert found == {"openai_base_url": IN_PATH, "model_provider": "openai"}
    built_in = {CONFIG: 'model_provider = "openai"\n'}
    assert profile(at(built_in, Login.OWN)) == {"openai_base_url": IN_PATH}


@pytest.mark.parametrize("login", Login)
@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("helper", [False, True])
def test_the_users_own_file_never_gets_a_root_provider(
    login: Login, *, always: bool, helper: bool
) -> None:
    here = with_folder(at(login=login, always=always, helper=helper))
    for file, keys in wished(SETUP.wanted(here)).items():
        if file == f"{HOME}/{CONFIG}":
            assert list(keys) == [("openai_base_url",)]


def test_a_profile_of_somebody_else_is_left_alone() -> None:
    for text in ('model = "gpt-5.5"\n', "model = = 1\n", "# turnout\nmodel = 'x'\n"):
        wanted = SETUP.wanted(at({PROFILE: text}))
        assert wanted.files == ()
        assert [each.file for each in wanted.refusals] == [f"{HOME}/{PROFILE}"]


def test_lines_of_the_users_in_our_profile_stay() -> None:
    older = (
        "# mine\n"
        'sandbox_mode = "read-only"\n'
        'model_provider = "turnout"\n\n'
        "[model_providers.turnout]\n"
        'base_url = "http://127.0.0.1:1/v1"\n'
        f'http_headers = {{ "x-turnout-key" = "{OLDER}" }}\n'
    )
    plan = plan_client(SETUP, at({PROFILE: older}))
    text = plan.edits[0].after.decode()
    assert '# mine\nsandbox_mode = "read-only"\n' in text
    assert OLDER not in text
    assert not plan.edits[0].whole
    assert plan.questions == ()
    own = profile(at({PROFILE: older}, Login.OWN))
    assert own == {"openai_base_url": IN_PATH, "sandbox_mode": "read-only"}


def test_other_providers_in_our_profile_stay() -> None:
    older = (
        'model_provider = "turnout"\n\n'
        "[model_providers.turnout]\n"
        f'base_url = "{URL}/v1"\n\n'
        "[model_providers.mine]\n"
        'base_url = "https://models.example.com/v1"\n'
    )
    own = profile(at({PROFILE: older}, Login.OWN))
    assert own["model_providers"] == {
        "mine": {"base_url": "https://models.example.com/v1"}
    }
    assert "model_provider" not in own


# --- the launcher ---------------------------------------------------------------------


def test_a_launcher_is_made_where_there_is_a_folder_for_it() -> None:
    here = with_folder(at(environ={"PATH": f"/usr/bin:{PROGRAMS}"}))
    wanted = SETUP.wanted(here)
    (launcher,) = wanted.files[1:]
    assert (launcher.path, launcher.format) == (LAUNCHER_FILE, Format.TEXT)
    assert launcher.program
    assert launcher.whole
    assert launcher.keys[0].value == LAUNCHER
    assert KEY not in LAUNCHER
    assert "`codex-turnout` goes through Turnout" in all_text(wanted)


def test_a_folder_is_known_as_it_is_looked_at(tmp_path: Path) -> None:
    here = at()
    assert len(SETUP.wanted(here).files) == 1
    files = {**here.files, PROGRAMS: look_at(tmp_path)}
    assert len(SETUP.wanted(replace(here, files=files)).files) == 2


def test_without_its_folder_or_off_the_path_the_command_is_said() -> None:
    assert len(SETUP.wanted(at()).files) == 1
    assert "`codex --profile turnout` goes" in all_text(SETUP.wanted(at()))
    away = SETUP.wanted(with_folder(at()))
    assert "not on your PATH" in all_text(away)
    assert "`codex --profile turnout` goes" in all_text(away)
    assert len(SETUP.wanted(with_folder(at(platform="win32"))).files) == 1


def test_a_program_of_the_same_name_is_left_alone() -> None:
    taken = {".local/bin/codex-turnout": "#!/bin/sh\necho mine\n"}
    wanted = SETUP.wanted(with_folder(at(taken)))
    assert len(wanted.files) == 1
    assert "is not Turnout's" in all_text(wanted)


# --- always ---------------------------------------------------------------------------


@pytest.mark.parametrize("login", Login)
def test_always_is_the_first_line_of_the_users_file(login: Login) -> None:
    here = at({CONFIG: '[tui]\nx = "y"\n'}, login, always=True)
    plan = plan_client(SETUP, here)
    (edit,) = plan.edits
    assert edit.path == HOME / CONFIG
    first, rest = edit.after.decode().split("\n", 1)
    assert first == f'openai_base_url = "{IN_PATH}"'
    assert rest.strip() == '[tui]\nx = "y"'
    assert "experimental" in " ".join(plan.notes)


def test_a_root_provider_would_win_over_always() -> None:
    (refusal,) = SETUP.wanted(at({CONFIG: f"# x\n{ROUTER}"}, always=True)).refusals
    assert (refusal.file, refusal.line) == (f"{HOME}/{CONFIG}", 2)
    assert "http://127.0.0.1:4000" in refusal.why


@pytest.mark.parametrize("always", [False, True])
def test_a_login_at_another_service_is_not_passed_on(*, always: bool) -> None:
    there = {CONFIG: 'openai_base_url = "https://eu.example.com/v1"\n'}
    (refusal,) = SETUP.wanted(at(there, Login.OWN, always=always)).refusals
    assert (refusal.file, refusal.line) == (f"{HOME}/{CONFIG}", 1)
    said = SETUP.wanted(at(there, Login.OWN, always=always, chosen=True))
    assert said.refusals == ()
    assert SETUP.wanted(at(there, always=always)).refusals == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://eu.api.openai.com/v1",
        "https://chatgpt.com/backend-api",
    ],
)
def test_a_region_of_the_vendors_is_no_other_service(url: str) -> None:
    there = {CONFIG: f'openai_base_url = "{url}"\n'}
    assert SETUP.wanted(at(there, Login.OWN, always=True)).refusals == ()


def test_a_name_like_the_vendors_is_another_service() -> None:
    there = {CONFIG: 'openai_base_url = "https://openai.com.example.com/v1"\n'}
    assert SETUP.wanted(at(there, Login.OWN, always=True)).refusals


# --- words ----------------------------------------------------------------------------


def test_a_project_cannot_choose_and_that_is_told() -> None:
    wanted = SETUP.wanted(situation(SETUP, project=HOME / "work"))
    assert wanted.files == ()
    assert "--profile" not in wanted.refusals[0].why
    assert "no project" in wanted.refusals[0].why


def test_another_routers_root_provider_is_named_and_left() -> None:
    told = all_text(SETUP.wanted(at({CONFIG: ROUTER})))
    assert 'model_provider = "router"' in told
    assert "leaves it as it is" in told


def test_a_command_that_cannot_be_used_is_told() -> None:
    for here in (at(login=Login.OWN, helper=True), at(always=True, helper=True)):
        assert "runs no command" in all_text(SETUP.wanted(here))


def test_its_folder_may_be_elsewhere() -> None:
    wanted = SETUP.wanted(at(environ={"CODEX_HOME": "/srv/codex"}))
    assert wanted.files[0].path == Path("/srv/codex/turnout.config.toml")


def test_nothing_that_is_told_holds_the_key() -> None:
    for login in Login:
        for always in (False, True):
            wanted = SETUP.wanted(with_folder(at(login=login, always=always)))
            assert KEY not in all_text(wanted)
            assert "Reconnecting" in wanted.without
            held = [key for file in wanted.files for key in file.keys if key.secret]
            assert len(held) == 1
            assert all(key.value is not ABSENT for key in held)
