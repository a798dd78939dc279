"""Installs the real coding clients that tests run; it must not touch the user's own.

Each folder under `setup/clients/` is an npm project: exact versions in `package.json`,
integrity hashes in `package-lock.json`, no addresses. It is installed into the ignored
folder `.clients/`, and `.clients/bin/` gets one entry point per client. Install scripts
of packages are not run: the entry points name the native binaries themselves.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import stamp

_CLEAN_INSTALL = ("ci",)
# Some optional packages for other systems were never published, so they are not in the
# lock, and `npm ci` refuses it. `npm install` takes what is in it, by the same hashes.
_NPM_WORDS = {"more": ("install", "--no-save")}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class ClientProblem(Exception):
    """A client could not be put in place; the message is for a person."""


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """One coding client.

    Parameters:
        name: the entry point's name under `.clients/bin/`.
        folder: the npm project under `setup/clients/` that pins it.
        target: its file below `node_modules/`; `{machine}` is `x64` or `arm64`.
        version: the exact answer expected somewhere in `--version`.
        node: the Node that runs it: `machine`, `own` (from `setup/clients/node`) or
            empty for a native binary.
    """

    name: str
    folder: str
    target: str
    version: str
    node: str = ""


NODE = Client(
    name="node",
    folder="node",
    target="node-linux-{machine}/bin/node",
    version="v24.21.0",
)
MAIN = (
    Client(
        name="claude",
        folder="main",
        target="@anthropic-ai/claude-code-linux-{machine}/claude",
        version="2.1.325 (Claude Code)",
    ),
    Client(
        name="codex",
        folder="main",
        target="@openai/codex/bin/codex.js",
        version="codex-cli 0.169.0",
        node="machine",
    ),
    Client(
        name="opencode",
        folder="main",
        # The baseline build: it runs on every x64 processor, with and without AVX2.
        target="opencode-linux-{machine}-baseline/bin/opencode",
        version="1.18.33",
    ),
)
MORE = (
    NODE,
    Client(
        name="openclaw",
        folder="more",
        target="openclaw/openclaw.mjs",
        version="OpenClaw 2026.9.6 (eb377ac)",
        node="own",
    ),
    Client(
        name="gemini",
        folder="more",
        target="@google/gemini-cli/bundle/gemini.js",
        version="0.61.0",
        node="own",
    ),
    Client(
        name="qwen",
        folder="more",
        target="@qwen-code/qwen-code/cli.js",
        version="0.15.10",
        node="own",
    ),
    Client(
        name="cn",
        folder="more",
        target="@continuedev/cli/dist/cn.js",
        version="1.5.47",
        node="own",
    ),
)


def install(root: Path, clients: tuple[Client, ...]) -> None:
    """Puts `clients` under `root/.clients`; does nothing where they are there already.

    Raises:
        ClientProblem: npm failed, a file is missing or a version is not the pinned one.
    """
    # In the order they are listed: Node comes before the clients that it runs.
    for folder in dict.fromkeys(client.folder for client in clients):
        members = tuple(client for client in clients if client.folder == folder)
        _install_folder(root, folder, members)


def _install_folder(root: Path, folder: str, clients: tuple[Client, ...]) -> None:
    source = root / "setup" / "clients" / folder
    target = root / ".clients" / folder
    inputs = (source / "package.json", source / "package-lock.json")
    mark = stamp.Stamp(target / ".installed", inputs, salt=f"{root} {clients}")
    if mark.fresh() and all(_entry(root, client).exists() for client in clients):
        return
    mark.clear()
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(source / name, target / name)
    _npm(target, _NPM_WORDS.get(folder, _CLEAN_INSTALL))
    for client in clients:
        _link(root, client)
        _check_version(root, client)
    mark.set()


def _npm(folder: Path, words: tuple[str, ...]) -> None:
    npm = shutil.which("npm")
    if npm is None:
        message = "npm was not found. Install Node 20 or newer with npm and try again."
        raise ClientProblem(message)
    print(f"Installing npm packages into {folder} ...", flush=True)
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    command = [npm, *words, "--ignore-scripts", *quiet]
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode != 0:
        message = f"npm failed in {folder} (exit {done.returncode}); see above."
        raise ClientProblem(message)


def _entry(root: Path, client: Client) -> Path:
    return root / ".clients" / "bin" / client.name


def _target(root: Path, client: Client) -> Path:
    machine = _MACHINES.get(platform.machine().lower(), "unknown")
    target = client.target.format(machine=machine)
    return root / ".clients" / client.folder / "node_modules" / target


def _link(root: Path, client: Client) -> None:
    target = _target(root, client)
    if not target.exists():
        message = (
            f"{client.name}: {target} is missing; is there a build for this machine?"
        )
        raise ClientProblem(message)
    entry = _entry(root, client)
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.unlink(missing_ok=True)
    if not client.node:
        entry.symlink_to(target)
        return
    node = str(_entry(root, NODE)) if client.node == "own" else shutil.which("node")
    entry.write_text(f'#!/bin/sh\nexec "{node}" "{target}" "$@"\n', encoding="utf-8")
    entry.chmod(0o755)


def _check_version(root: Path, client: Client) -> None:
    with tempfile.TemporaryDirectory(prefix="turnout-client-") as home:
        # A home of its own: asking for the version must not write into the user's.
        environment = {"HOME": home, "PATH": os.environ.get("PATH", os.defpath)}
        done = subprocess.run(
            [str(_entry(root, client)), "--version"],
            capture_output=True,
            check=False,
            cwd=home,
            env=environment,
            text=True,
            timeout=120,
        )
    answer = done.stdout.strip()
    if client.version not in answer.splitlines():
        message = (
            f"{client.name} --version says {answer[:200]!r}, pinned is "
            f"{client.version!r} (exit {done.returncode}): {done.stderr.strip()[:300]}"
        )
        raise ClientProblem(message)
