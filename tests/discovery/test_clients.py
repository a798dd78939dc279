"""Clients are found by what they left, and an impostor is trusted less."""

import json
import os
from pathlib import Path

import pytest
from made_home import CANARY, around, extension, npm, program, put

from discovery.clients import find_clients, gateway_named, processes_now
from discovery.findings import ClientFound, Confidence, Reach, SignIn
from discovery.surroundings import Surroundings


def nothing() -> tuple[tuple[str, ...], ...]:
    return ()


def look(here: Surroundings, *processes: tuple[str, ...]) -> dict[str, ClientFound]:
    found = find_clients(here, 8787, processes=lambda: processes)
    return {client.id: client for client in found}


PACKAGES = [
    ("claude-code", "claude", "@anthropic-ai/claude-code"),
    ("codex", "codex", "@openai/codex"),
    ("opencode", "opencode", "opencode-ai"),
    ("openclaw", "openclaw", "openclaw"),
    ("gemini-cli", "gemini", "@google/gemini-cli"),
    ("qwen-code", "qwen", "@qwen-code/qwen-code"),
    ("continue", "cn", "@continuedev/cli"),
    ("n8n", "n8n", "n8n"),
]


@pytest.mark.parametrize(("client", "name", "package"), PACKAGES)
def test_an_npm_client_is_found_with_its_version(
    tmp_path: Path, client: str, name: str, package: str
) -> None:
    npm(tmp_path, name, package, "1.2.3")
    found = look(around(tmp_path))
    assert list(found) == [client]
    assert found[client].version == "1.2.3"
    assert found[client].confidence is Confidence.SURE
    assert found[client].where == f"~/path/{name}"


def test_an_empty_home_has_none(tmp_path: Path) -> None:
    assert look(around(tmp_path)) == {}


FOLDERS = [
    ("claude-code", ".claude/settings.json"),
    ("codex", ".codex/config.toml"),
    ("opencode", ".config/opencode/opencode.json"),
    ("openclaw", ".openclaw/openclaw.json"),
    ("gemini-cli", ".gemini/settings.json"),
    ("qwen-code", ".qwen/settings.json"),
    ("continue", ".continue/config.yaml"),
    ("aider", ".aider.conf.yml"),
    ("n8n", ".n8n/config"),
    ("cursor", ".cursor/mcp.json"),
    ("claude-desktop", ".config/Claude/claude_desktop_config.json"),
]


@pytest.mark.parametrize(("client", "name"), FOLDERS)
def test_settings_without_a_program_are_a_hint(
    tmp_path: Path, client: str, name: str
) -> None:
    put(tmp_path / name, "{}")
    found = look(around(tmp_path))
    assert list(found) == [client]
    assert found[client].confidence is Confidence.HINT
    assert found[client].version == ""
    assert "program was not found" in " ".join(found[client].notes)


def test_a_program_alone_is_a_hint_and_with_settings_likely(tmp_path: Path) -> None:
    program(tmp_path, "claude")
    assert look(around(tmp_path))["claude-code"].confidence is Confidence.HINT
    put(tmp_path / ".claude/settings.json", "{}")
    assert look(around(tmp_path))["claude-code"].confidence is Confidence.LIKELY


def test_somebody_elses_program_is_a_hint_and_named(tmp_path: Path) -> None:
    npm(tmp_path, "qwen", "qwen-of-somebody", "1.0.0")
    put(tmp_path / ".qwen/settings.json", "{}")
    found = look(around(tmp_path))["qwen-code"]
    assert (found.confidence, found.version) == (Confidence.HINT, "")
    assert "qwen-of-somebody" in found.notes[0]


def test_an_empty_placeholder_is_said_to_be_one(tmp_path: Path) -> None:
    npm(tmp_path, "openclaw", "openclaw", "0.0.1")
    assert "Node is too old" in look(around(tmp_path))["openclaw"].notes[0]


def test_extensions_are_clients_or_belong_to_one(tmp_path: Path) -> None:
    npm(tmp_path, "claude", "@anthropic-ai/claude-code", "2.1.329")
    for name, version in (
        ("anthropic.claude-code", "2.1.300"),
        ("openai.chatgpt", "0.5.1"),
        ("saoudrizwan.claude-dev", "4.0.0"),
        ("continue.continue", "1.3.0"),
        ("github.copilot-chat", "0.40.0"),
    ):
        extension(tmp_path, ".vscode", name, version)
    found = look(around(tmp_path))
    assert list(found) == ["claude-code", "codex", "continue", "cline", "copilot"]
    assert found["claude-code"].version == "2.1.329"
    assert "As an extension of VS Code, version 2.1.300." in found["claude-code"].notes
    assert found["codex"].version == "0.5.1"
    assert found["codex"].confidence is Confidence.SURE
    assert found["cline"].reach is Reach.GUIDED
    assert found["copilot"].reach is Reach.GUIDED


def test_a_folder_named_like_an_extension_is_a_hint(tmp_path: Path) -> None:
    (tmp_path / ".vscode/extensions/saoudrizwan.claude-dev-4.0.0").mkdir(parents=True)
    assert look(around(tmp_path))["cline"].confidence is Confidence.HINT


def test_vs_code_alone_hints_at_copilot(tmp_path: Path) -> None:
    program(tmp_path, "code")
    found = look(around(tmp_path))["copilot"]
    assert found.confidence is Confidence.HINT
    assert "VS Code was found" in " ".join(found.notes)


def test_cursor_cannot_be_reached(tmp_path: Path) -> None:
    program(tmp_path, "cursor")
    found = look(around(tmp_path))["cursor"]
    assert found.reach is Reach.UNREACHABLE
    assert "cannot reach a local gateway" in found.notes[0]
    assert found.gives == ""


GATEWAYS = [
    (
        "claude-code",
        ".claude/settings.json",
        '{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8787/k/tnt_x/v1"},} // c',
    ),
    ("codex", ".codex/config.toml", 'openai_base_url = "http://127.0.0.1:8787/v1"'),
    (
        "codex",
        ".codex/turnout.config.toml",
        '[model_providers.turnout]\nbase_url = "http://127.0.0.1:8787/v1"',
    ),
    (
        "opencode",
        ".config/opencode/opencode.jsonc",
        '{"provider": {"x": {"options": {"baseURL": "http://127.0.0.1:8787/v1"}}}}',
    ),
    (
        "openclaw",
        ".openclaw/openclaw.json",
        "{models: {providers: {t: {baseUrl: 'http://127.0.0.1:8787',}}}}",
    ),
    ("gemini-cli", ".gemini/.env", "GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:8787"),
    ("qwen-code", ".qwen/.env", "OPENAI_BASE_URL='http://127.0.0.1:8787/v1'"),
    (
        "continue",
        ".continue/config.yaml",
        "models:\n  - {name: T, apiBase: http://127.0.0.1:8787/v1}",
    ),
    ("aider", ".aider.conf.yml", "openai-api-base: http://127.0.0.1:8787/v1 # us"),
    (
        "copilot",
        ".config/Code/User/chatLanguageModels.json",
        '[{"models": [{"url": "http://127.0.0.1:8787/v1/chat/completions"}]}]',
    ),
]


@pytest.mark.parametrize(("client", "name", "text"), GATEWAYS)
def test_the_local_address_in_its_settings_is_told(
    tmp_path: Path, client: str, name: str, text: str
) -> None:
    path = put(tmp_path / name, text)
    here = around(tmp_path)
    assert gateway_named(client, here) == "http://127.0.0.1:8787"
    path.write_text(text.replace("127.0.0.1:8787", "models.example"))
    assert gateway_named(client, here) == ""


def test_our_own_address_comes_first(tmp_path: Path) -> None:
    text = "a:\n  apiBase: http://localhost:11434\n  apiBase: http://localhost:8787\n"
    put(tmp_path / ".continue/config.yaml", text)
    assert gateway_named("continue", around(tmp_path), 8787) == "http://localhost:8787"
    assert gateway_named("continue", around(tmp_path)) == "http://localhost:11434"
    assert gateway_named("cline", around(tmp_path)) == ""


def test_another_routers_mark_is_said_at_the_client(tmp_path: Path) -> None:
    npm(tmp_path, "claude", "@anthropic-ai/claude-code", "2.1.329")
    put(tmp_path / ".cc-switch/cc-switch.db", "x")
    notes = look(around(tmp_path))["claude-code"].notes
    assert "cc-switch also writes its settings." in notes


RUNNING = [
    (("claude", "claude"), "claude-code"),
    (("node", "node", "/x/node_modules/@openai/codex/bin/codex.js"), "codex"),
    (("node", "/usr/bin/node", "/usr/bin/gemini"), "gemini-cli"),
    (("Claude", "/Applications/Claude.app/Contents/MacOS/Claude"), "claude-desktop"),
    (
        ("claude.exe", r"C:\Users\u\AppData\Local\AnthropicClaude\claude.exe"),
        "claude-desktop",
    ),
    (("python3", "/usr/bin/python3", "/home/u/.local/bin/aider"), "aider"),
    (("/usr/bin/python3.11", "/v/bin/python3.11", "/home/u/.local/bin/aider"), "aider"),
    (("codex.exe", r"C:\tools\codex.exe"), "codex"),
]


@pytest.mark.parametrize(("process", "client"), RUNNING)
def test_what_runs_is_told(
    tmp_path: Path, process: tuple[str, ...], client: str
) -> None:
    for _, name in FOLDERS:
        put(tmp_path / name, "{}")
    found = look(around(tmp_path), process)
    assert [one.id for one in found.values() if one.running] == [client]


@pytest.mark.parametrize(
    "process",
    [
        (),
        ("",),
        ("vim", "vim", "claude"),
        ("node", "node", "/x/server.js"),
        ("less", "less", "/x/node_modules/@openai/codex/README"),
    ],
)
def test_what_does_not_run_is_not(tmp_path: Path, process: tuple[str, ...]) -> None:
    for _, name in FOLDERS:
        put(tmp_path / name, "{}")
    found = look(around(tmp_path), process or ("",))
    assert not [one.id for one in found.values() if one.running]


def test_a_program_of_another_home_does_not_run_here(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    for place in (home, other):
        npm(place, "codex", "@openai/codex", "1.2.3")
        program(place, "claude")
    mine, theirs = home / "path" / "claude", other / "path" / "claude"
    script = "lib/node_modules/@openai/codex/bin/start.js"
    here = around(home)
    for process, runs in (
        ((str(theirs), "claude"), []),
        ((str(mine), "claude"), ["claude-code"]),
        (("claude", "claude"), ["claude-code"]),
        (("/usr/bin/node", "node", str(other / script)), []),
        (("/usr/bin/node", "node", str(home / script)), ["codex"]),
        (("/usr/bin/node", "node", str(home / "path" / "codex")), ["codex"]),
    ):
        found = look(here, process).values()
        assert [one.id for one in found if one.running] == runs, process


def test_processes_are_told_by_name_and_two_words() -> None:
    assert all(1 <= len(process) <= 3 for process in processes_now())


def test_sign_in_and_settings_are_told(tmp_path: Path) -> None:
    npm(tmp_path, "claude", "@anthropic-ai/claude-code", "2.1.329")
    put(tmp_path / ".claude.json", json.dumps({"oauthAccount": {"a": CANARY}}))
    found = look(around(tmp_path))["claude-code"]
    assert found.sign_in is SignIn.SUBSCRIPTION
    assert found.settings == ("~/.claude/settings.json",)
    assert found.running is False


def test_overrides_of_shell_files_need_consent(tmp_path: Path) -> None:
    npm(tmp_path, "claude", "@anthropic-ai/claude-code", "2.1.329")
    put(tmp_path / ".zshrc", "export CLAUDE_CODE_USE_BEDROCK=1\n")
    here = around(tmp_path)
    (without,) = find_clients(here, 8787, processes=nothing)
    (agreed,) = find_clients(here, 8787, shell_files=True, processes=nothing)
    assert not without.overrides
    assert agreed.overrides[0].where == "~/.zshrc, line 1"


def test_a_home_of_broken_things_fails_nothing(tmp_path: Path) -> None:
    names = [name for _, name in FOLDERS] + [".codex/auth.json", ".claude.json"]
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match number % 4:
            case 0:
                path.write_bytes(b"\xff\x00{broken")
            case 1:
                path.mkdir()
            case 2:
                os.mkfifo(path)
            case _:
                path.symlink_to(path)
    look(around(tmp_path))


def test_no_finding_holds_a_key(tmp_path: Path) -> None:
    for _, name, text in GATEWAYS:
        secret = f"http://u:{CANARY}@127.0.0.1:8787/k/{CANARY}/v1?k={CANARY}"
        put(tmp_path / name, text.replace("http://127.0.0.1:8787", secret))
    found = find_clients(around(tmp_path), 3456, processes=nothing)
    assert [one for one in found if one.gateway]
    assert CANARY not in repr(found)
