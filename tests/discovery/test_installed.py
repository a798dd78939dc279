"""A program is what its own package says, whatever its name; none is started."""

import plistlib
from pathlib import Path

import pytest
from made_home import around, extension, npm, program, put

from discovery.installed import Program, extensions_of, has_program, program_of
from discovery.known_clients import Known, known_client
from discovery.surroundings import Surroundings


def client(name: str) -> Known:
    found = known_client(name)
    assert found is not None
    return found


def look(name: str, here: Surroundings) -> Program | None:
    return program_of(client(name), here)


def test_npm_programs_tell_their_version(tmp_path: Path) -> None:
    link = npm(tmp_path, "codex", "@openai/codex", "0.169.0")
    assert look("codex", around(tmp_path)) == Program(link, "0.169.0", proven=True)


def test_a_native_package_beside_it_is_the_same(tmp_path: Path) -> None:
    npm(tmp_path, "claude", "@anthropic-ai/claude-code-linux-x64", "2.1.329")
    found = look("claude-code", around(tmp_path))
    assert found is not None
    assert (found.version, found.proven) == ("2.1.329", True)


def test_a_native_install_has_its_version_in_its_path(tmp_path: Path) -> None:
    real = put(tmp_path / ".local/share/claude/versions/2.1.329", "")
    real.chmod(0o755)
    link = tmp_path / ".local/bin/claude"
    link.parent.mkdir()
    link.symlink_to(real)
    found = look("claude-code", around(tmp_path))
    assert found == Program(link, "2.1.329", proven=True)


def test_homebrew_has_it_in_its_path_too(tmp_path: Path) -> None:
    real = put(tmp_path / "Caskroom/codex/0.169.0/codex-x86_64", "")
    real.chmod(0o755)
    (tmp_path / "path").mkdir()
    (tmp_path / "path/codex").symlink_to(real)
    found = look("codex", around(tmp_path))
    assert found is not None
    assert (found.version, found.proven) == ("0.169.0", True)


def test_a_start_script_names_its_package(tmp_path: Path) -> None:
    put(
        tmp_path / "path/node_modules/opencode-ai/package.json",
        '{"name": "opencode-ai", "version": "1.18.33"}',
    )
    program(tmp_path, "opencode", 'exec node "$0/../node_modules/opencode-ai/bin/x"\n')
    found = look("opencode", around(tmp_path))
    assert found is not None
    assert (found.version, found.proven) == ("1.18.33", True)


@pytest.mark.parametrize(
    "line",
    [
        'exec "/bin/node" "{home}/deep/node_modules/@openai/codex/bin/codex.js" "$@"',
        'exec node "$basedir/../deep/node_modules/@openai/codex/bin/codex.js" "$@"',
        "exec node ${{basedir}}/../deep/node_modules/@openai/codex/bin/codex.js",
    ],
)
def test_a_start_script_says_where_its_package_is(tmp_path: Path, line: str) -> None:
    told = '{"name": "@openai/codex", "version": "0.169.0"}'
    put(tmp_path / "deep/node_modules/@openai/codex/package.json", told)
    program(tmp_path, "codex", "#!/bin/sh\n" + line.format(home=tmp_path) + "\n")
    found = look("codex", around(tmp_path))
    assert found is not None
    assert (found.version, found.proven) == ("0.169.0", True)


@pytest.mark.parametrize(
    ("package", "proven"),
    [
        ("opencode-linux-x64-baseline", True),
        ("opencode-darwin-arm64", True),
        ("opencode-of-somebody", False),
        ("opencode", False),
    ],
)
def test_a_systems_own_package_is_the_clients(
    tmp_path: Path, package: str, proven: bool
) -> None:
    npm(tmp_path, "opencode", package, "1.18.33")
    found = look("opencode", around(tmp_path))
    assert found is not None
    assert found.proven is proven


def test_windows_has_scripts_with_endings(tmp_path: Path) -> None:
    put(
        tmp_path / "path/node_modules/openclaw/package.json",
        '{"name": "openclaw", "version": "2026.9.6"}',
    )
    put(tmp_path / "path/openclaw.cmd", r'"%~dp0\node_modules\openclaw\bin.js" %*')
    found = look("openclaw", around(tmp_path, "win32"))
    assert found is not None
    assert found.version == "2026.9.6"


@pytest.mark.parametrize(
    "library", ["lib/python3.12/site-packages", "Lib/site-packages"]
)
def test_a_python_tool_has_its_dist_info(tmp_path: Path, library: str) -> None:
    tool = tmp_path / ".local/share/uv/tools/aider-chat"
    put(tool / library / "aider_chat-0.86.1.dist-info/METADATA")
    put(tool / "bin/aider", "#!/python\n").chmod(0o755)
    link = tmp_path / ".local/bin/aider"
    link.parent.mkdir()
    link.symlink_to(tool / "bin/aider")
    assert look("aider", around(tmp_path)) == Program(link, "0.86.1", proven=True)


def test_a_program_of_that_name_proves_nothing(tmp_path: Path) -> None:
    path = program(tmp_path, "claude")
    assert look("claude-code", around(tmp_path)) == Program(path)


def test_another_packages_program_is_said_to_be_one(tmp_path: Path) -> None:
    npm(tmp_path, "gemini", "gemini-of-somebody", "9.9.9")
    found = look("gemini-cli", around(tmp_path))
    assert found is not None
    assert (found.proven, found.version, found.other) == (
        False,
        "",
        "gemini-of-somebody",
    )


def test_nodes_own_version_is_not_the_programs(tmp_path: Path) -> None:
    folder = tmp_path / ".nvm/versions/node/v22.3.0/bin"
    put(folder / "claude").chmod(0o755)
    found = look("claude-code", around(tmp_path))
    assert found == Program(folder / "claude")


def test_a_proven_one_comes_before_another(tmp_path: Path) -> None:
    program(tmp_path, "claude")
    real = put(tmp_path / ".local/share/claude/versions/2.1.329", "")
    real.chmod(0o755)
    (tmp_path / ".local/bin").mkdir()
    (tmp_path / ".local/bin/claude").symlink_to(real)
    found = look("claude-code", around(tmp_path))
    assert found is not None
    assert found.version == "2.1.329"


def test_folders_dangling_links_and_plain_files_are_no_programs(tmp_path: Path) -> None:
    (tmp_path / "path/claude").mkdir(parents=True)
    (tmp_path / "path/codex").symlink_to(tmp_path / "nowhere")
    put(tmp_path / "path/opencode").chmod(0o644)
    here = around(tmp_path)
    assert [look(name, here) for name in ("claude-code", "codex", "opencode")] == [
        None,
        None,
        None,
    ]
    assert has_program("claude", here) is None


def test_a_relative_path_is_not_looked_into(tmp_path: Path) -> None:
    assert look("claude-code", around(tmp_path, PATH=".:bin:")) is None


def test_a_mac_app_tells_its_version(tmp_path: Path) -> None:
    app = tmp_path / "Applications/Claude.app"
    told = plistlib.dumps({"CFBundleShortVersionString": "1.2.3"})
    put(app / "Contents/Info.plist", told.decode())
    found = look("claude-desktop", around(tmp_path, "darwin"))
    assert found == Program(app, "1.2.3", proven=True)
    put(app / "Contents/Info.plist", "broken")
    assert look("claude-desktop", around(tmp_path, "darwin")) == Program(app)


def test_windows_apps_are_found(tmp_path: Path) -> None:
    here = around(tmp_path, "win32", LOCALAPPDATA=str(tmp_path))
    put(tmp_path / "Programs/cursor/resources/app/package.json", '{"version": "3.1.0"}')
    (tmp_path / "Packages/Claude_pzs8").mkdir(parents=True)
    cursor, desktop = look("cursor", here), look("claude-desktop", here)
    assert cursor == Program(tmp_path / "Programs/cursor", "3.1.0", proven=True)
    assert desktop == Program(tmp_path / "Packages/Claude_pzs8")


def test_extensions_are_found_in_every_editor(tmp_path: Path) -> None:
    wanted = frozenset({"anthropic.claude-code", "openai.chatgpt"})
    extension(tmp_path, ".vscode", "anthropic.claude-code", "2.1.300")
    extension(tmp_path, ".cursor", "openai.chatgpt", "0.5.1")
    extension(tmp_path, ".vscode", "somebody.else", "1.0.0")
    (tmp_path / ".vscode/extensions/openai.chatgpt-1.0.0").mkdir()
    put(tmp_path / ".vscode/extensions/extensions.json", "[]")
    found = extensions_of(around(tmp_path), wanted)
    assert [(one.id, one.version, one.editor, one.proven) for one in found] == [
        ("anthropic.claude-code", "2.1.300", "VS Code", True),
        ("openai.chatgpt", "", "VS Code", False),
        ("openai.chatgpt", "0.5.1", "Cursor", True),
    ]


def test_a_system_in_an_extensions_name_is_not_in_its_version(tmp_path: Path) -> None:
    folder = extension(tmp_path, ".vscode", "openai.chatgpt", "0.5.1")
    folder.rename(folder.with_name("openai.chatgpt-0.5.1-linux-x64"))
    (found,) = extensions_of(around(tmp_path), frozenset({"openai.chatgpt"}))
    assert found.version == "0.5.1"


REAL = Path(__file__).parents[2] / ".clients" / "bin"


@pytest.mark.real
@pytest.mark.parametrize("name", ["claude-code", "codex", "opencode"])
def test_real_clients_tell_their_version(tmp_path: Path, name: str) -> None:
    found = look(name, around(tmp_path, PATH=str(REAL)))
    assert found is not None
    assert found.proven
    assert found.version.count(".") == 2


@pytest.mark.more_clients
@pytest.mark.parametrize("name", ["openclaw", "gemini-cli", "qwen-code", "continue"])
def test_more_real_clients_tell_their_version(tmp_path: Path, name: str) -> None:
    test_real_clients_tell_their_version(tmp_path, name)
