"""Homes of users who do not exist, with programs that were never installed."""

import json
from pathlib import Path

from discovery.surroundings import Surroundings

CANARY = "canary-not-a-secret-0123456789ab"
"""What stands where a key would; nothing may tell more of it than its end."""


def around(home: Path, platform: str = "linux", **environ: str) -> Surroundings:
    """The surroundings of a made home, with `home/bin` on PATH and nothing else."""
    words = {"PATH": str(home / "path"), **environ}
    return Surroundings(home=home, environ=words, platform=platform)


def put(path: Path, text: str = "") -> Path:
    """Write a file and the folders it stands in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def program(home: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    """Make an executable on PATH."""
    path = put(home / "path" / name, text)
    path.chmod(0o755)
    return path


def npm(home: Path, name: str, package: str, version: str) -> Path:
    """Install a package as npm does: a link on PATH to a script in the package."""
    folder = home / "lib" / "node_modules" / package
    put(folder / "package.json", json.dumps({"name": package, "version": version}))
    script = put(folder / "bin" / "start.js", "#!/usr/bin/env node\n")
    script.chmod(0o755)
    link = home / "path" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(script)
    return link


def extension(home: Path, editor: str, name: str, version: str) -> Path:
    """Install an extension as editors do."""
    publisher, _, own = name.partition(".")
    folder = home / editor / "extensions" / f"{name}-{version}"
    told = {"publisher": publisher, "name": own, "version": version}
    put(folder / "package.json", json.dumps(told))
    return folder
