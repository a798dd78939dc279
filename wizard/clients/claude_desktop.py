"""Claude Desktop: the files its page for a gateway writes; pure.

They are as several public projects describe them; the app itself was not run. There is
no official app for Linux: there the fields are told, and typed in by hand.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients import telling
from wizard.clients.seen import value_in
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import ABSENT, Format, Item
from wizard.plan import Choice, FileWish, KeyWish, Login, Refusal, Step

_NAME: Final = "Claude Desktop"
_CONFIG: Final = "claude_desktop_config.json"
# Where an administrator's settings are; on Windows they are in the registry.
_MANAGED: Final = Path("/Library/Managed Preferences/com.anthropic.Claude.plist")


@dataclass(frozen=True, slots=True)
class _Folders:
    """Where the app keeps its files: for a gateway, and for its own service."""

    gateway: Path
    usual: Path

    @property
    def library(self) -> Path:
        return self.gateway / "configLibrary"


def _folders(surroundings: Surroundings) -> _Folders | None:
    home, environ = surroundings.home, surroundings.environ
    if surroundings.platform == "darwin":
        support = home / "Library" / "Application Support"
        return _Folders(support / "Claude-3p", support / "Claude")
    if surroundings.platform == "win32":
        local = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        roaming = Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
        return _Folders(local / "Claude-3p", roaming / "Claude")
    return None


def entry_id(home: Path) -> str:
    """Return the id of our entry; the same each time for one home folder."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"turnout:{home.as_posix()}"))


def places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    """Return the four files of the app, none where it has no official version."""
    del choice
    folders = _folders(surroundings)
    if folders is None:
        return ()
    return (
        folders.library / "_meta.json",
        folders.library / f"{entry_id(surroundings.home)}.json",
        folders.gateway / _CONFIG,
        folders.usual / _CONFIG,
        *((_MANAGED,) if surroundings.platform == "darwin" else ()),
    )


def fields(url: str, key: str) -> dict[str, str]:
    """Return the fields of the page for a gateway, as its own file names them."""
    return {
        "inferenceProvider": "gateway",
        "inferenceGatewayBaseUrl": url,
        "inferenceGatewayApiKey": key,
        "inferenceGatewayAuthScheme": "bearer",
    }


def by_hand(url: str, key: str) -> Step:
    """Return what to type in, for people who would rather, or have to."""
    where = (
        "In Claude Desktop's menu Help > Troubleshooting > Enable Developer Mode, then "
        "in Developer > Configure third-party inference > Gateway: these fields"
    )
    return Step(where, json.dumps(fields(url, key), indent=2))


def wanted(situation: Situation) -> Wanted:
    """Return the keys of the app's files, or on Linux the fields to type in."""
    refusals = tuple(_refusals(situation))
    folders = _folders(situation.surroundings)
    if folders is None:
        return Wanted(
            steps=(by_hand(situation.url, situation.key),),
            refusals=refusals,
            means=_MEANS,
            without=_WITHOUT,
            notes=(
                _NO_APP,
                _ADDRESS,
            ),
        )
    return Wanted(
        files=tuple(_files(situation, folders)),
        refusals=refusals,
        means=_MEANS,
        without=_WITHOUT,
        notes=tuple(_notes(situation, folders)),
    )


def _files(situation: Situation, folders: _Folders) -> Iterator[FileWish]:
    own = entry_id(situation.surroundings.home)
    reasons = {
        "inferenceGatewayBaseUrl": "requests come to Turnout",
        "inferenceGatewayApiKey": "Turnout knows Claude Desktop by this key",
    }
    values = fields(situation.url, situation.key)
    yield FileWish(
        folders.library / f"{own}.json",
        Format.JSON,
        tuple(
            KeyWish(
                (name,),
                value,
                reasons.get(name, "a field of its page for a gateway"),
                secret=name == "inferenceGatewayApiKey",
            )
            for name, value in values.items()
        ),
        whole=True,
    )
    yield FileWish(
        folders.library / "_meta.json",
        Format.JSON,
        (
            KeyWish(
                ("entries", Item("id", own)),
                {"id": own, "name": "Turnout"},
                "Turnout is one of its gateways",
            ),
            KeyWish(("appliedId",), own, "Turnout is the one in use"),
        ),
    )
    mode = KeyWish(("deploymentMode",), "3p", "the app uses a gateway")
    for folder in (folders.gateway, folders.usual):
        yield FileWish(folder / _CONFIG, Format.JSON, (mode,))


def _refusals(situation: Situation) -> Iterator[Refusal]:
    if situation.choice.project is not None:
        yield Refusal(
            str(situation.choice.project),
            "Claude Desktop knows no settings of a project",
            "Wire it without --project.",
        )
    if situation.login is Login.OWN:
        yield Refusal(
            _NAME,
            "with a gateway the app signs in nowhere else, so there is no login of "
            "its own to pass on",
            'Choose the login "key".',
        )
    managed = situation.files.get(_MANAGED)
    if managed is not None and b"inference" in (managed.data or b""):
        yield Refusal(
            str(_MANAGED),
            "an administrator's settings choose where the app sends its requests, "
            "and win over its own files",
            "Ask whoever manages this machine to name Turnout there.",
        )


# --- words ----------------------------------------------------------------------------

_MEANS: Final = (
    telling.with_keys(_NAME),
    (
        "With a gateway Claude Desktop has no chat tab and no Claude in Chrome, and "
        "you are not signed in at Anthropic. Undoing it brings them back."
    ),
)
_WITHOUT: Final = telling.without(
    _NAME, "Where nothing listens at all, the app says that it cannot connect."
)
_NO_APP: Final = (
    "There is no official Claude Desktop for Linux, so Turnout writes no file of it. "
    "If you have a build of somebody else's, type the fields in there."
)
_ADDRESS: Final = (
    "The vendor's page asks for an https address; plain http to this machine is what "
    "other gateways document, and is reported to work. Turnout was not tried with the "
    "app itself."
)


def _notes(situation: Situation, folders: _Folders) -> Iterator[str]:
    yield (
        "Quit Claude Desktop first, and start it again afterwards: it writes its "
        "files anew when it ends."
    )
    meta = folders.library / "_meta.json"
    applied = value_in(situation.files, meta, Format.JSON, ("appliedId",))
    own = entry_id(situation.surroundings.home)
    if applied is not ABSENT and applied not in (own, "", None):
        yield (
            "Another gateway is in use there now. Its entry stays, and undoing this "
            "puts it to use again."
        )
    if situation.choice.helper:
        yield "Claude Desktop runs no command for its key: it stands in its file."
    if situation.surroundings.platform == "win32":
        yield "Settings from an administrator (in the registry) win over these files."
    yield _ADDRESS


SETUP: Final = ClientSetup("claude-desktop", _NAME, Reach.WIRED_BY_FILE, places, wanted)
