"""Asks the public advisories about every locked Python package; changes nothing.

A known weakness fails. An advisory service that cannot be reached, or does not know the
packages, is a warning: a build must not depend on somebody else's service being up.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

_ROOT = Path(__file__).resolve().parent.parent
_LOCKS = ("requirements/dev.txt", "requirements/build.txt")


class Advisory(msgspec.Struct, frozen=True):
    """One known weakness of one version."""

    id: str
    fix_versions: list[str] = []


class Package(msgspec.Struct, frozen=True):
    """What was found about one package; `version` is absent where it was skipped."""

    name: str
    version: str | None = None
    skip_reason: str | None = None
    vulns: list[Advisory] = []


class Report(msgspec.Struct, frozen=True):
    """pip-audit's answer in its JSON form."""

    dependencies: list[Package]


def main() -> int:
    """Audits the locks; returns the exit status."""
    report, complaint = audit()
    if report is None:
        print(f"warning: the advisories could not be asked: {complaint}")
        return 0
    asked = [package for package in report.dependencies if package.skip_reason is None]
    weak = [package for package in asked if package.vulns]
    for package in weak:
        for advisory in package.vulns:
            fixed = ", ".join(advisory.fix_versions) or "no fixed version yet"
            print(f"{package.name} {package.version}: {advisory.id} (fixed: {fixed})")
    unknown = len(report.dependencies) - len(asked)
    if unknown:
        print(f"warning: the advisory service knows nothing of {unknown} packages")
    print(f"advisories: {len(asked)} packages asked about, {len(weak)} with a weakness")
    return 1 if weak else 0


def audit() -> tuple[Report | None, str]:
    """pip-audit's report, or None and its last line where it gave none."""
    words = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"]
    words += ["--progress-spinner", "off", "--format", "json"]
    for lock in _LOCKS:
        words += ["--requirement", str(_ROOT / lock)]
    try:
        done = subprocess.run(
            words, capture_output=True, check=False, text=True, timeout=180
        )
    except subprocess.TimeoutExpired:
        return None, "no answer within three minutes"
    try:
        return msgspec.json.decode(done.stdout, type=Report), ""
    except msgspec.DecodeError:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        return None, lines[-1][:200]


if __name__ == "__main__":
    sys.exit(main())
