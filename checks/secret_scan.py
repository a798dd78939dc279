"""Looks for secrets in the files of the tree; it prints where, never what.

It reads what git tracks or would track. A made-up key in a test says so: it contains
`canary`, `example` or the like, or its line ends in a comment with `not-a-secret`.
"""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_MARK = "not-a-secret"
_MADE_UP = re.compile(
    r"canary|example|placeholder|secret|password|hunter2", re.IGNORECASE
)

# Shapes the vendors document, each long enough that prose does not match.
_SHAPES = {
    "Anthropic key": r"\bsk-ant-[a-z0-9]+-[\w-]{24,}",
    "OpenAI key": r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,}",
    "Google key": r"\bAIza[\w-]{35}\b",
    "AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})",
    "GitLab token": r"\bglpat-[\w-]{20,}",
    "Slack token": r"\bxox[abprs]-[\w-]{16,}",
    "npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "PyPI token": r"\bpypi-[\w-]{40,}",
    "Turnout key": r"\btnt_[A-Za-z0-9_-]{40,}",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "signed token": r"\beyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{16,}",
    "login in an address": r"[a-z][a-z0-9+.-]*://[^\s/:@'\"{}<>$]+:[^\s/@'\"{}<>$]{6,}@",
}
_RULES = {name: re.compile(shape) for name, shape in _SHAPES.items()}


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """Where something looks like a secret: the file, its line (from 1) and the rule."""

    path: str
    line: int
    rule: str


def main() -> int:
    """Scans the tree; returns the exit status."""
    hits = [hit for name in listed(_ROOT) for hit in scan_file(_ROOT, name)]
    for hit in hits:
        print(f"{hit.path}:{hit.line}: looks like a secret ({hit.rule})")
    if hits:
        print(f"Take it out, or mark a made-up one on its line with `{_MARK}`.")
        return 1
    print("secrets: none found")
    return 0


def listed(root: Path) -> list[str]:
    """The files git tracks or would track, as paths below `root`."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(words, capture_output=True, check=True, cwd=root, text=True)
    return sorted(name for name in done.stdout.split("\0") if name)


def scan_file(root: Path, name: str) -> list[Hit]:
    """The hits in one file; bytes that are no text are read as far as they are."""
    try:
        text = (root / name).read_bytes().decode("utf-8", errors="replace")
    except (FileNotFoundError, IsADirectoryError):
        return []
    return scan(text, name)


def scan(text: str, name: str) -> list[Hit]:
    """The hits in `text`; `name` is what they are reported under."""
    return [
        Hit(path=name, line=number, rule=rule)
        for number, line in enumerate(text.splitlines(), start=1)
        if _MARK not in line
        for rule, shape in _RULES.items()
        if any(not _MADE_UP.search(match[0]) for match in shape.finditer(line))
    ]


if __name__ == "__main__":
    sys.exit(main())
