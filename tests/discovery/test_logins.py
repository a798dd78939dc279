"""A sign-in is told to be there; its token is not."""

import json
from pathlib import Path

import pytest
from made_home import CANARY, around, put

from discovery.findings import Confidence, SignIn
from discovery.logins import logins, sign_in_of

ACCOUNT = json.dumps({"oauthAccount": {"emailAddress": CANARY, "accessToken": CANARY}})


def test_a_claude_account_is_a_subscription(tmp_path: Path) -> None:
    put(tmp_path / ".claude.json", ACCOUNT)
    here = around(tmp_path)
    assert sign_in_of("claude-code", here) is SignIn.SUBSCRIPTION
    (found,) = logins(here)
    assert (found.provider, found.last4, found.reference) == ("anthropic", "", "")


@pytest.mark.parametrize(
    "settings",
    [
        {"apiKeyHelper": "print-key"},
        {"env": {"ANTHROPIC_API_KEY": CANARY}},
        {"env": {"ANTHROPIC_AUTH_TOKEN": CANARY}},
    ],
)
def test_a_key_of_its_own_comes_before_an_account(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    put(tmp_path / ".claude.json", ACCOUNT)
    put(tmp_path / ".claude" / "settings.json", json.dumps(settings))
    assert sign_in_of("claude-code", around(tmp_path)) is SignIn.KEY


def test_our_own_key_is_not_the_users(tmp_path: Path) -> None:
    put(tmp_path / ".claude.json", "{}")
    env = {"env": {"ANTHROPIC_AUTH_TOKEN": "tnt_example"}}
    put(tmp_path / ".claude" / "settings.json", json.dumps(env))
    assert sign_in_of("claude-code", around(tmp_path)) is SignIn.NONE


def test_claude_signs_in_in_other_ways(tmp_path: Path) -> None:
    assert sign_in_of("claude-code", around(tmp_path)) is SignIn.UNKNOWN
    exported = around(tmp_path, ANTHROPIC_API_KEY=CANARY)
    assert sign_in_of("claude-code", exported) is SignIn.KEY
    put(tmp_path / ".claude" / ".credentials.json", CANARY)
    assert sign_in_of("claude-code", around(tmp_path)) is SignIn.SUBSCRIPTION


@pytest.mark.parametrize(
    ("auth", "config", "how"),
    [
        ('{"tokens": {"access_token": "canary"}}', "", SignIn.SUBSCRIPTION),
        ('{"OPENAI_API_KEY": "canary-not-a-secret"}', "", SignIn.KEY),
        ('{"OPENAI_API_KEY": null}', "", SignIn.NONE),
        ("", "", SignIn.NONE),
        ("", 'cli_auth_credentials_store = "keyring"', SignIn.UNKNOWN),
        ("broken", "broken", SignIn.NONE),
    ],
)
def test_codex_says_how_it_signs_in(
    tmp_path: Path, auth: str, config: str, how: SignIn
) -> None:
    put(tmp_path / ".codex" / "auth.json", auth)
    put(tmp_path / ".codex" / "config.toml", config)
    assert sign_in_of("codex", around(tmp_path)) is how


def test_codex_logins_are_told_apart(tmp_path: Path) -> None:
    path = put(tmp_path / ".codex" / "auth.json", f'{{"tokens": {{"a": "{CANARY}"}}}}')
    assert [one.provider for one in logins(around(tmp_path))] == ["chatgpt"]
    path.write_text(f'{{"OPENAI_API_KEY": "{CANARY}"}}')
    assert [one.provider for one in logins(around(tmp_path))] == ["openai"]


@pytest.mark.parametrize(
    ("client", "folder", "kind", "how"),
    [
        ("gemini-cli", ".gemini", "oauth-personal", SignIn.SUBSCRIPTION),
        ("gemini-cli", ".gemini", "gemini-api-key", SignIn.KEY),
        ("gemini-cli", ".gemini", "other", SignIn.UNKNOWN),
        ("qwen-code", ".qwen", "qwen-oauth", SignIn.SUBSCRIPTION),
        ("qwen-code", ".qwen", "openai", SignIn.KEY),
    ],
)
def test_the_selected_login_is_read(
    tmp_path: Path, client: str, folder: str, kind: str, how: SignIn
) -> None:
    text = json.dumps({"security": {"auth": {"selectedType": kind}}})
    put(tmp_path / folder / "settings.json", text)
    assert sign_in_of(client, around(tmp_path)) is how


def test_others_do_not_say(tmp_path: Path) -> None:
    assert sign_in_of("n8n", around(tmp_path)) is SignIn.UNKNOWN


def test_aws_profiles_are_names_only(tmp_path: Path) -> None:
    put(
        tmp_path / ".aws/config",
        "[default]\nregion=x\n[profile work]\n[sso-session s]\n",
    )
    put(
        tmp_path / ".aws/credentials",
        f"[default]\naws_secret_access_key = {CANARY}\n[old]\n",
    )
    names = [one.name for one in logins(around(tmp_path))]
    assert names == ["AWS profile default", "AWS profile work", "AWS profile old"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"type": "authorized_user", "refresh_token": "canary"}', "authorized user"),
        ('{"type": "canary-odd"}', "of an unknown kind"),
        ("not json", "of an unknown kind"),
    ],
)
def test_google_credentials_tell_their_kind(
    tmp_path: Path, text: str, told: str
) -> None:
    put(tmp_path / ".config/gcloud/application_default_credentials.json", text)
    (found,) = logins(around(tmp_path))
    assert told in found.name


def test_google_credentials_may_stand_elsewhere(tmp_path: Path) -> None:
    named = put(tmp_path / "key.json", '{"type": "service_account"}')
    (found,) = logins(around(tmp_path, GOOGLE_APPLICATION_CREDENTIALS=str(named)))
    assert "service account" in found.name
    put(tmp_path / "R/gcloud/application_default_credentials.json", '{"type": "x"}')
    windows = around(tmp_path, "win32", APPDATA=str(tmp_path / "R"))
    assert len(list(logins(windows))) == 1


FILES = (
    ".claude.json",
    ".claude/.credentials.json",
    ".codex/auth.json",
    ".gemini/oauth_creds.json",
    ".qwen/oauth_creds.json",
    ".local/share/opencode/auth.json",
    ".config/github-copilot/apps.json",
    ".config/github-copilot/hosts.json",
    ".config/gh/hosts.yml",
    ".cache/huggingface/token",
    ".azure/azureProfile.json",
    ".aws/credentials",
    ".config/gcloud/application_default_credentials.json",
)


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        (
            f'{{"type": "{CANARY}", "tokens": {{"t": "{CANARY}"}}, '
            f'"token": "{CANARY}", '
            f'"oauthAccount": {{"t": "{CANARY}"}}, "OPENAI_API_KEY": "{CANARY}"}}'
        ),
        f"[x]\ntoken = {CANARY}\n",
    ],
)
def test_no_part_of_a_token_is_told(tmp_path: Path, text: str) -> None:
    for name in FILES:
        put(tmp_path / name, text)
    found = list(logins(around(tmp_path)))
    assert len(found) > 5
    assert CANARY not in repr(found)
    assert all(not one.last4 and not one.reference for one in found)
    assert {one.confidence for one in found} <= {Confidence.LIKELY, Confidence.HINT}
