"""Plans for a made-up client over real files below a test's own folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from discovery.files import look_at
from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import Format
from wizard.plan import (
    Choice,
    ClientCommand,
    ClientPlan,
    FileWish,
    KeyWish,
    Login,
)
from wizard.planning import plan_client

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
URL = "http://127.0.0.1:8787"
KEY = "tnt_canary0not0a0secret0canary0not0a0secret0canary00"

# What a client that reads JSON would be given.
KEYS = (
    KeyWish(("env", "BASE_URL"), URL, "the gateway"),
    KeyWish(("env", "HEADERS"), f"x-turnout-key: {KEY}", "its key", secret=True),
    KeyWish(("model",), "canary-sonnet", "lets Turnout choose"),
)


def json_wish(path: Path, keys: Sequence[KeyWish] = KEYS, **more: Any) -> FileWish:
    """Return a wish for a JSON file."""
    return FileWish(path, Format.JSON, tuple(keys), **more)


def plan(
    *wishes: FileWish,
    client: str = "claude-code",
    commands: tuple[ClientCommand, ...] = (),
    **choice: Any,
) -> ClientPlan:
    """Return the plan of these wishes over the files as they are now."""
    setup = ClientSetup(
        client,
        client,
        Reach.WIRED_BY_FILE,
        lambda *_: tuple(wish.path for wish in wishes),
        lambda _: Wanted(files=wishes, commands=commands),
    )
    home = Path("/nowhere")
    situation = Situation(
        surroundings=Surroundings(home=home, environ={}, platform="linux"),
        choice=Choice(client, **choice),
        login=Login.KEY,
        url=URL,
        key=KEY,
        command="turnout",
        key_file=home / "key",
        providers=(),
        files={wish.path: look_at(wish.path) for wish in wishes},
    )
    return plan_client(setup, situation)
