"""The guides: their snippets are what Turnout reads and what it prints."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from app.commands.clients import PLACEHOLDER, Client, Login
from app.paths import paths_for
from app.settings import read_config
from discovery.findings import Reach
from proxy.model import Protocol
from proxy.policies import shipped_policy
from proxy.routing import Facts, decide
from proxy.routing.condition import ALL_WELL
from proxy.wire.losses import LOSSES
from wizard.clients import CLIENTS
from wizard.clients.needs import logins, missing
from wizard.clients.pasting import Wish, parts
from wizard.clients.terms import ClientSetup

_ROOT = Path(__file__).resolve().parents[2]
_GUIDES = sorted((_ROOT / "docs" / "guide").glob("*.md"))
_PAGES = [*_GUIDES, _ROOT / "README.md"]
_FENCE = re.compile(r"^```(\w+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_URL = "http://127.0.0.1:8787"
_GUIDE_OF = {
    Client.QWEN_CODE: "other-clients",
    Client.CONTINUE: "other-clients",
    Client.AIDER: "other-clients",
}
"""Clients that share a page; the others have one of their own name."""
_GUIDE_OF_MORE = {
    **{str(client): page for client, page in _GUIDE_OF.items()},
    **dict.fromkeys(("openclaw", "cline", "copilot", "n8n", "cursor"), "other-clients"),
}
_ASKED = {
    Protocol.MESSAGES: "claude-opus-5-5",
    Protocol.RESPONSES: "gpt-6.1-terra",
    Protocol.CHAT: "",
    Protocol.GEMINI: "gemini-3.8-flash",
}
"""What clients of each protocol ask for by themselves."""


def fences(page: Path, *marks: str) -> list[str]:
    """The contents of a page's fenced blocks with one of these marks."""
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for mark, text in found if mark in marks]


def accepted(snippet: str) -> None:
    """The snippet is a whole config.toml without a problem, and sets something up."""
    config = read_config(snippet.encode())
    assert config.problems == ()
    assert config.catalogue.providers


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_snippets_are_what_they_say(page: Path) -> None:
    for snippet in fences(page, "json"):
        json.loads(snippet)
    for snippet in fences(page, "toml"):
        tomllib.loads(snippet)
        if "[[providers]]" in snippet:
            accepted(snippet)


_WAYS = [(client, login) for client in Client for login in logins(client)]


@pytest.mark.parametrize(("client", "login"), _WAYS)
def test_a_guide_shows_the_lines_that_are_printed(client: Client, login: Login) -> None:
    page = _ROOT / "docs" / "guide" / f"{_GUIDE_OF.get(client, client)}.md"
    shown = fences(page, "text", "json", "toml", "yaml")
    lacks = missing(client, login, ())
    assert lacks is not None
    assert f'[[providers]]\nid = "{lacks.id}"\nkey = "{lacks.key}"' in shown
    for part in parts(client, Wish(_URL, PLACEHOLDER, login, (lacks,))):
        assert part.text in shown, part.where


@pytest.mark.parametrize("asked", _ASKED, ids=str)
def test_any_client_gets_an_answer_of_the_first_provider_of_a_snippet(
    asked: Protocol,
) -> None:
    snippets = fences(_ROOT / "docs" / "guide" / "any-provider.md", "toml")
    assert len(snippets) > 5
    for snippet in snippets:
        catalogue = read_config(snippet.encode()).catalogue
        first = catalogue.providers[0]
        name = _ASKED[asked] or first.models[0].id
        for wanted in (name, f"{first.id}/{first.models[0].id}"):
            decision = decide(
                Facts(asked, wanted), catalogue, ALL_WELL, shipped_policy()
            )
            assert decision.attempts[0].provider.id == first.id, snippet


def test_every_place_of_turnout_is_told() -> None:
    page = (_ROOT / "docs" / "guide" / "first-config.md").read_text(encoding="utf-8")
    home = Path("/home-of-turnout")
    paths = paths_for({}, home)
    places = (
        paths.config_file,
        paths.database,
        paths.backups,
        paths.logs,
        paths.runs,
        paths.run,
        paths.last_good_config,
        paths.learned_counts,
    )
    for place in places:
        assert f"| `{place.relative_to(home)}` |" in page


def test_every_loss_a_guide_names_is_one() -> None:
    page = (_ROOT / "docs" / "guide" / "any-provider.md").read_text(encoding="utf-8")
    named = re.findall(r"x-turnout-losses: ([a-z_,]+)", page)
    assert named
    for name in ",".join(named).split(","):
        assert name in LOSSES


@pytest.mark.parametrize("setup", CLIENTS, ids=lambda setup: setup.id)
def test_the_readme_leads_to_the_guide_of_every_client(setup: ClientSetup) -> None:
    page = _GUIDE_OF_MORE.get(setup.id, setup.id)
    words = setup.name.removeprefix("GitHub ")
    rows = [
        line
        for line in (_ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| [") and words in line.split("]", 1)[0]
    ]
    assert len(rows) == 1
    assert f"(docs/guide/{page}.md)" in rows[0]


@pytest.mark.parametrize("setup", CLIENTS, ids=lambda setup: setup.id)
def test_a_guide_begins_with_the_command_that_does_it(setup: ClientSetup) -> None:
    if setup.reach is Reach.UNREACHABLE:
        return
    page = _ROOT / "docs" / "guide" / f"{_GUIDE_OF_MORE.get(setup.id, setup.id)}.md"
    text = page.read_text(encoding="utf-8")
    wired = text.find(f".venv/bin/turnout integrate {setup.id}\n")
    by_hand = text.find(f".venv/bin/turnout settings {setup.id}\n")
    assert wired > 0
    assert by_hand == -1 or wired < by_hand


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link
