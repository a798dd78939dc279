"""What wins over a client's settings is named, with its place and its line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_home import CANARY, around, put

from discovery.findings import Override
from discovery.overrides import overrides_of
from discovery.shell_files import assignments
from discovery.surroundings import Surroundings

PORT = 8787


def look(client: str, here: Surroundings, *, shell: bool = True) -> list[Override]:
    system = here.home / "system"
    lines = tuple(assignments(here, system)) if shell else ()
    return list(overrides_of(client, here, PORT, lines=lines, system=system))


def project(tmp_path: Path) -> Surroundings:
    return replace(around(tmp_path), folder=tmp_path / "project")


VARIABLES = [
    ("claude-code", "ANTHROPIC_BASE_URL", "http://models.example/v1", False),
    ("claude-code", "CLAUDE_CODE_USE_BEDROCK", "1", True),
    ("claude-code", "CLAUDE_CODE_USE_VERTEX", "1", True),
    ("opencode", "OPENCODE_CONFIG", "/x/opencode.json", False),
    ("openclaw", "OPENCLAW_CONFIG_READONLY", "1", True),
    ("gemini-cli", "GOOGLE_GEMINI_BASE_URL", "http://models.example/v1", True),
    ("qwen-code", "OPENAI_BASE_URL", "http://models.example/v1", True),
    ("aider", "AIDER_OPENAI_API_BASE", "http://models.example/v1", True),
]


@pytest.mark.parametrize(("client", "name", "value", "blocks"), VARIABLES)
def test_a_variable_of_the_environment_is_named(
    tmp_path: Path, client: str, name: str, value: str, blocks: bool
) -> None:
    (found,) = look(client, around(tmp_path, **{name: value}))
    assert found.name == name
    assert found.line == f"{name}={value}"
    assert found.points_to == (value if "://" in value else "")
    assert found.blocks is blocks
    assert "environment" in found.where


@pytest.mark.parametrize(("client", "name", "value", "blocks"), VARIABLES)
def test_a_line_of_a_shell_file_is_named(
    tmp_path: Path, client: str, name: str, value: str, blocks: bool
) -> None:
    put(tmp_path / ".zshrc", f"\nexport {name}='{value}'\n")
    # The same variable in the environment comes from that very line.
    (found,) = look(client, around(tmp_path, **{name: value}))
    assert found.where == "~/.zshrc, line 2"
    assert found.line == f"export {name}={value}"
    assert found.blocks is blocks


@pytest.mark.parametrize(
    "value", [f"http://127.0.0.1:{PORT}/v1", f"http://localhost:{PORT}", "tnt_example"]
)
def test_what_is_ours_is_in_nobodys_way(tmp_path: Path, value: str) -> None:
    here = replace(
        around(tmp_path, ANTHROPIC_BASE_URL=value, GOOGLE_GEMINI_BASE_URL=value),
        folder=tmp_path,
    )
    put(
        tmp_path / ".claude/settings.local.json",
        json.dumps({"env": {"ANTHROPIC_BASE_URL": value}}),
    )
    put(tmp_path / ".zshrc", f"export OPENAI_BASE_URL={value}\n")
    for client in ("claude-code", "gemini-cli", "qwen-code"):
        assert not look(client, here)


def test_a_key_is_named_and_hidden(tmp_path: Path) -> None:
    put(tmp_path / ".bashrc", f"export GEMINI_API_KEY={CANARY}\n")
    (found,) = look("gemini-cli", around(tmp_path))
    assert found.line == "export GEMINI_API_KEY=[hidden]"
    assert found.points_to == ""


def test_an_unexported_line_wins_over_nothing(tmp_path: Path) -> None:
    put(tmp_path / ".bashrc", "OPENAI_BASE_URL=http://models.example\n")
    assert not look("qwen-code", around(tmp_path))


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
def test_a_project_file_of_claude_wins(tmp_path: Path, name: str) -> None:
    env = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:3456"}
    path = tmp_path / "project" / ".claude" / name
    put(path, json.dumps({"env": env}, indent=1))
    (found,) = look("claude-code", project(tmp_path))
    assert found.where == f"~/project/.claude/{name}, line 3"
    assert found.line == '"ANTHROPIC_BASE_URL": "http://127.0.0.1:3456"'
    assert found.points_to == "http://127.0.0.1:3456"
    assert found.blocks


def test_a_folder_nobody_named_is_not_looked_into(tmp_path: Path) -> None:
    put(
        tmp_path / "project/.claude/settings.json",
        '{"env": {"ANTHROPIC_BASE_URL": "x"}}',
    )
    assert not look("claude-code", around(tmp_path))


def test_a_helper_in_a_project_file_is_named(tmp_path: Path) -> None:
    text = json.dumps({"apiKeyHelper": f"print {CANARY}"})
    put(tmp_path / "project/.claude/settings.json", text)
    (found,) = look("claude-code", project(tmp_path))
    assert found.name == "apiKeyHelper"
    assert not found.blocks
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", "etc/claude-code"),
        ("darwin", "Library/Application Support/ClaudeCode"),
    ],
)
def test_a_managed_file_of_claude_wins(
    tmp_path: Path, platform: str, folder: str
) -> None:
    text = '{"env": {"ANTHROPIC_BASE_URL": "https://models.example"}}'
    put(tmp_path / "system" / folder / "managed-settings.json", text)
    put(tmp_path / "system" / folder / "managed-settings.d/10.json", text)
    found = look("claude-code", around(tmp_path, platform))
    assert [one.blocks for one in found] == [True, True]


def test_vs_codes_own_variables_win(tmp_path: Path) -> None:
    text = """{ // mine
      "claudeCode.environmentVariables": [
        {"name": "ANTHROPIC_BASE_URL", "value": "http://127.0.0.1:9"},
        {"name": "OTHER", "value": "x"}, "odd",
      ],
    }"""
    put(tmp_path / ".config/Code/User/settings.json", text)
    put(tmp_path / "project/.vscode/settings.json", text)
    found = look("claude-code", project(tmp_path))
    assert [one.where for one in found] == [
        "~/.config/Code/User/settings.json, line 3",
        "~/project/.vscode/settings.json, line 3",
    ]
    assert all(one.blocks for one in found)


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR"),
        ("codex", "CODEX_HOME"),
        ("gemini-cli", "GEMINI_CLI_HOME"),
        ("qwen-code", "QWEN_HOME"),
        ("continue", "CONTINUE_GLOBAL_DIR"),
        ("openclaw", "OPENCLAW_CONFIG_PATH"),
    ],
)
def test_a_folder_only_a_shell_knows_is_named(
    tmp_path: Path, client: str, name: str
) -> None:
    put(tmp_path / ".zshrc", f"export {name}=/x/y\n")
    (found,) = look(client, around(tmp_path))
    assert found.line == f"export {name}=/x/y"
    assert found.blocks
    assert not look(client, around(tmp_path, **{name: "/x/y"}))


def test_codexs_root_provider_is_named_and_blocks_no_profile(tmp_path: Path) -> None:
    put(tmp_path / ".codex/config.toml", 'model = "x"\nmodel_provider = "custom"\n')
    (found,) = look("codex", around(tmp_path))
    assert found.where == "~/.codex/config.toml, line 2"
    assert found.line == 'model_provider = "custom"'
    assert not found.blocks


def test_codexs_own_provider_is_in_nobodys_way(tmp_path: Path) -> None:
    put(tmp_path / ".codex/config.toml", 'model_provider = "openai"\n')
    assert not look("codex", around(tmp_path))


def test_a_managed_file_of_codex_wins(tmp_path: Path) -> None:
    path = tmp_path / "system/etc/codex/managed_config.toml"
    put(path, 'openai_base_url = "https://models.example/v1"\n')
    (found,) = look("codex", around(tmp_path))
    assert (found.points_to, found.blocks) == ("https://models.example/v1", True)


@pytest.mark.parametrize(
    "name", ["opencode.json", "opencode.jsonc", ".opencode/opencode.json"]
)
def test_a_project_file_of_opencode_wins(tmp_path: Path, name: str) -> None:
    text = '{"model": "other/x", "provider": {"turnout": {}}}'
    put(tmp_path / "project" / name, text)
    found = look("opencode", project(tmp_path))
    assert [one.name for one in found] == ["model", "provider.turnout"]
    put(tmp_path / "project" / name, '{"model": "turnout/x"}')
    assert not look("opencode", project(tmp_path))


@pytest.mark.parametrize(
    ("client", "folder"), [("gemini-cli", ".gemini"), ("qwen-code", ".qwen")]
)
def test_only_the_first_dotenv_is_read(
    tmp_path: Path, client: str, folder: str
) -> None:
    put(tmp_path / "project/.env", f"SOME_KEY={CANARY}\n")
    (found,) = look(client, project(tmp_path))
    assert (found.where, found.line) == ("~/project/.env", "SOME_KEY=...")
    put(tmp_path / "project" / folder / ".env", "A=b\n")
    (found,) = look(client, project(tmp_path))
    assert found.where == f"~/project/{folder}/.env"


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("linux", "etc/qwen-code"), ("darwin", "Library/Application Support/QwenCode")],
)
def test_settings_of_the_whole_machine_win(
    tmp_path: Path, platform: str, folder: str
) -> None:
    text = json.dumps({"security": {"auth": {"selectedType": "qwen-oauth"}}})
    put(tmp_path / "system" / folder / "settings.json", text)
    named = put(tmp_path / "named.json", text)
    assert len(look("qwen-code", around(tmp_path, platform))) == 1
    here = around(tmp_path, QWEN_CODE_SYSTEM_SETTINGS_PATH=str(named))
    assert [one.where for one in look("qwen-code", here)] == ["~/named.json, line 1"]


@pytest.mark.parametrize(
    ("kind", "many"), [("oauth-personal", 2), ("gemini-api-key", 0)]
)
def test_another_way_to_sign_in_passes_by_the_address(
    tmp_path: Path, kind: str, many: int
) -> None:
    text = json.dumps({"security": {"auth": {"selectedType": kind}}})
    put(tmp_path / "system/etc/gemini-cli/settings.json", text)
    put(tmp_path / "project/.gemini/settings.json", text)
    assert len(look("gemini-cli", project(tmp_path))) == many


def test_a_project_file_of_aider_wins(tmp_path: Path) -> None:
    text = "# mine\nmodel: openai/x\nopenai-api-base: 'http://models.example/v1'\n"
    put(tmp_path / "project/.aider.conf.yml", text)
    put(tmp_path / "project/.env", "AIDER_MODEL=x\nOTHER=y\n")
    found = look("aider", project(tmp_path))
    assert [(one.where, one.line) for one in found] == [
        ("~/project/.aider.conf.yml, line 2", "model: openai/x"),
        (
            "~/project/.aider.conf.yml, line 3",
            "openai-api-base: http://models.example/v1",
        ),
        ("~/project/.env, line 1", "AIDER_MODEL=x"),
    ]


def test_a_managed_desktop_is_named(tmp_path: Path) -> None:
    name = "Library/Managed Preferences/com.anthropic.Claude.plist"
    put(tmp_path / "system" / name)
    assert len(look("claude-desktop", around(tmp_path, "darwin"))) == 1
    assert not look("claude-desktop", around(tmp_path))


def test_others_have_none(tmp_path: Path) -> None:
    assert look("n8n", around(tmp_path)) == []


@pytest.mark.parametrize(
    "client",
    [
        "claude-code",
        "codex",
        "opencode",
        "openclaw",
        "gemini-cli",
        "qwen-code",
        "aider",
    ],
)
def test_no_override_holds_a_key(tmp_path: Path, client: str) -> None:
    secret = f"http://u:{CANARY}@127.0.0.1:9/k/{CANARY}/v1?k={CANARY}#{CANARY}"
    names = (
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_API_KEY",
        "GOOGLE_GEMINI_BASE_URL",
        "GEMINI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
        "OPENCODE_CONFIG_CONTENT",
        "AIDER_OPENAI_API_BASE",
    )
    values = {name: secret if "BASE" in name else CANARY for name in names}
    values["OPENCODE_CONFIG_CONTENT"] = f'{{"apiKey": "{CANARY}"}}'
    env = json.dumps({"env": values, "apiKeyHelper": f"echo {CANARY}", "model": "a/b"})
    for name in (".claude/settings.json", "opencode.json"):
        put(tmp_path / "project" / name, env)
    lines = "".join(f"{name}='{value}'\n" for name, value in values.items())
    put(tmp_path / "project/.env", lines)
    put(
        tmp_path / ".zshrc", lines.replace("\n", " # x\n") + "export " + " ".join(names)
    )
    put(tmp_path / ".codex/config.toml", f'model_provider = "x"\nkey = "{CANARY}"\n')
    here = replace(around(tmp_path, **values), folder=tmp_path / "project")
    for shell in (True, False):
        found = look(client, here, shell=shell)
        assert found or client == "openclaw"
        assert CANARY not in repr(found)
