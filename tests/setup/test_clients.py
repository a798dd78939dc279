from __future__ import annotations

import dataclasses
import os
import platform
from pathlib import Path

import clients
import pytest

_CLIENT = clients.Client(
    name="probe", folder="main", target="probe-{machine}/probe", version="probe 1.2.3"
)
# Stands in for npm: lays down one package whose program tells its version.
_NPM = """#!/bin/sh
echo "$@" >> {calls}
mkdir -p node_modules/probe-x64
printf '#!/bin/sh\\necho "probe {version}"\\n' > node_modules/probe-x64/probe
chmod +x node_modules/probe-x64/probe
exit {status}
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Checkout:
    root: Path

    def npm(self, version: str = "1.2.3", status: int = 0) -> None:
        path = self.root / "bin" / "npm"
        path.parent.mkdir(exist_ok=True)
        script = _NPM.format(calls=self.calls_file, version=version, status=status)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    @property
    def calls_file(self) -> Path:
        return self.root / "calls"

    def calls(self) -> list[str]:
        if not self.calls_file.exists():
            return []
        return self.calls_file.read_text(encoding="utf-8").splitlines()

    def lock(self, text: str) -> None:
        folder = self.root / "setup" / "clients" / "main"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}", encoding="utf-8")
        (folder / "package-lock.json").write_text(text, encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path)
    made.lock("first")
    made.npm()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return made


def test_a_client_is_installed_by_its_lock_and_without_scripts(
    checkout: Checkout,
) -> None:
    clients.install(checkout.root, (_CLIENT,))
    entry = checkout.root / ".clients" / "bin" / "probe"
    assert os.access(entry, os.X_OK)
    assert checkout.calls()[0].startswith("ci --ignore-scripts")


def test_a_second_set_up_does_nothing(checkout: Checkout) -> None:
    clients.install(checkout.root, (_CLIENT,))
    clients.install(checkout.root, (_CLIENT,))
    assert len(checkout.calls()) == 1


def test_a_changed_lock_installs_anew(checkout: Checkout) -> None:
    clients.install(checkout.root, (_CLIENT,))
    checkout.lock("second")
    clients.install(checkout.root, (_CLIENT,))
    assert len(checkout.calls()) == 2


def test_an_entry_point_that_is_gone_is_put_back(checkout: Checkout) -> None:
    clients.install(checkout.root, (_CLIENT,))
    (checkout.root / ".clients" / "bin" / "probe").unlink()
    clients.install(checkout.root, (_CLIENT,))
    assert (checkout.root / ".clients" / "bin" / "probe").exists()


def test_another_version_than_the_pinned_one_is_refused(checkout: Checkout) -> None:
    checkout.npm(version="1.2.4")
    with pytest.raises(clients.ClientProblem, match=r"probe 1\.2\.4.*pinned"):
        clients.install(checkout.root, (_CLIENT,))
    checkout.npm()
    clients.install(checkout.root, (_CLIENT,))
    assert len(checkout.calls()) == 2


def test_a_failing_npm_leaves_nothing_that_looks_finished(checkout: Checkout) -> None:
    checkout.npm(status=1)
    with pytest.raises(clients.ClientProblem, match="npm failed"):
        clients.install(checkout.root, (_CLIENT,))
    assert not (checkout.root / ".clients" / "main" / ".installed").exists()
