"""Services for commands: real ledger, settings and secrets, a gateway in memory."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from still_state import STILL

from app.commands.routing import TryResult
from app.paths import make_folders, paths_for
from app.routing_now import RoutingNow
from app.services import Services
from app.settings import ConfigStore
from app.state import Changes, Snapshot
from discovery.surroundings import Surroundings
from proxy.catalogue import catalogue_of
from proxy.health import Outlook
from proxy.ledger import Ledger
from proxy.model import Protocol, Usage
from proxy.policies import shipped_policy
from proxy.routing import Condition
from proxy.secrets import Secrets

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

CONFIG = """\
[gateway]
port = 8787
mode = "direct"

[[providers]]
id = "scripted"
base_url = "https://models.example"
protocols = ["openai-responses", "openai-chat"]
key = "env:SCRIPTED_KEY"
billing = "metered"
any_model = true

[[providers.models]]
id = "scripted-large"
lane = "claude/premium"
context = 200000
tools = true
price = { input = "3.00", output = "15.00" }

[[providers]]
id = "other"
base_url = "https://other.example"
protocols = ["anthropic-messages"]
key = "keyring:other"
"""


class Clock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class FakeKeyring:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.broken = False

    def get_password(self, service_name: str, username: str) -> str | None:
        if self.broken:
            raise RuntimeError
        return self.entries.get((service_name, username))

    def set_password(self, service_name: str, username: str, password: str) -> None:
        if self.broken:
            raise RuntimeError
        self.entries[service_name, username] = password


class FakeGateway:
    """Notes what commands ask of a gateway, and answers prompts."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.error = ""
        self.routing = RoutingNow(
            catalogue_of(()), shipped_policy(), Condition(), Outlook()
        )

    def routing_now(self) -> RoutingNow:
        return self.routing

    async def config_changed(self) -> None:
        self.asked.append("config_changed")

    async def restart(self) -> None:
        self.asked.append("restart")

    async def stop(self) -> None:
        self.asked.append("stop")

    async def reload_keys(self) -> None:
        self.asked.append("reload_keys")

    async def try_prompt(
        self, prompt: str, model: str | None, protocol: Protocol
    ) -> TryResult:
        self.asked.append((prompt, model, protocol))
        return TryResult(
            request="req_1",
            route="scripted/scripted-large",
            text=prompt.upper(),
            usage=Usage(input_tokens=3, output_tokens=1),
            cost_nano=None,
            first_byte_ms=20,
            duration_ms=1500,
            status="success",
            error=self.error,
        )


class FakeState:
    """A state that stands still."""

    def snapshot(self) -> Snapshot:
        return STILL

    async def changed(self, revision: int) -> None:
        await Changes().after(revision)


@pytest.fixture
def keyring() -> FakeKeyring:
    return FakeKeyring()


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
async def alone(tmp_path: Path, keyring: FakeKeyring) -> AsyncIterator[Services]:
    """The services of a process without a gateway."""
    paths = paths_for({}, tmp_path / "home")
    make_folders(paths)
    paths.config_file.write_text(CONFIG)
    config = ConfigStore(paths)
    config.load()
    ledger = Ledger.open(paths.database, "run-1", clock=Clock().now)
    yield Services(
        paths=paths,
        config=config,
        ledger=ledger,
        secrets=Secrets({"SCRIPTED_KEY": "sk-canary"}, lambda: keyring),
        clock=Clock(),
        state=None,
        gateway=None,
        version="1.2.3",
        command_path="/opt/turnout",
        surroundings=Surroundings(tmp_path / "person", {}, "linux"),
    )
    await ledger.close()


@pytest.fixture
def services(alone: Services, gateway: FakeGateway) -> Services:
    """The services inside a running gateway."""
    return replace(alone, gateway=gateway, state=FakeState())
