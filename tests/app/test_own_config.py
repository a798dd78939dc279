"""What answers change in Turnout's own file."""

import tomllib
from typing import Any

from app.own_config import OwnChanges, OwnLogin, Signed, own_changes
from app.settings.config import read_config
from discovery.findings import (
    Confidence,
    KeyFound,
    KeySource,
    ServerFound,
    ServerKind,
    ServerState,
    SignIn,
)
from proxy.catalogue import Place
from proxy.routing import Mode
from wizard.answers import Answers
from wizard.plan import Login

KEY = KeyFound(
    provider="anthropic",
    name="Anthropic",
    variable="ANTHROPIC_API_KEY",
    source=KeySource.ENVIRONMENT,
    where="the environment",
    last4="abcd",
    reference="env:ANTHROPIC_API_KEY",
    confidence=Confidence.SURE,
)
OLLAMA = ServerFound(
    kind=ServerKind.OLLAMA,
    name="Ollama",
    address="http://127.0.0.1:11434",
    version="0.40.1",
    state=ServerState.READY,
    place=Place.THIS_MACHINE,
    confidence=Confidence.SURE,
    provider="ollama",
)
SUBSCRIBED = Signed("claude-code", Login.OWN, SignIn.SUBSCRIPTION)


def changed(before: str, answers: Answers, **found: Any) -> list[dict[str, Any]]:
    """Return the providers that are in the file afterwards; it is sound."""
    config = read_config(before.encode())
    changes = own_changes(
        answers,
        found.get("keys", ()),
        found.get("servers", ()),
        found.get("signed", ()),
        config.providers,
        found.get("environ", {}),
        config.mode,
    )
    data = changes.made(before.encode())
    assert not read_config(data).problems
    providers: list[dict[str, Any]] = tomllib.loads(data.decode()).get("providers", [])
    return providers


def test_nothing_answered_changes_nothing() -> None:
    assert changed("", Answers(), keys=[KEY], servers=[OLLAMA]) == []


def test_a_key_that_may_be_used_becomes_a_provider() -> None:
    named = Answers(keys=("ANTHROPIC_API_KEY",))
    wanted = [{"id": "anthropic", "key": "env:ANTHROPIC_API_KEY"}]
    assert changed("", named, keys=[KEY]) == wanted
    assert changed("", Answers(all_keys=True), keys=[KEY]) == wanted


def test_an_entry_keeps_its_address() -> None:
    before = '[[providers]]\nid = "anthropic"\nbase_url = "http://127.0.0.1:9"\n'
    (entry,) = changed(before, Answers(all_keys=True), keys=[KEY])
    assert entry["base_url"] == "http://127.0.0.1:9"
    assert entry["key"] == "env:ANTHROPIC_API_KEY"


def test_a_login_and_a_key_of_one_provider_are_two_accounts() -> None:
    both = changed("", Answers(all_keys=True), keys=[KEY], signed=[SUBSCRIBED])
    assert both == [
        {"id": "anthropic", "key": "client", "billing": "subscription"},
        {
            "id": "anthropic-key",
            "like": "anthropic",
            "key": "env:ANTHROPIC_API_KEY",
        },
    ]


def test_a_login_beside_a_key_that_is_there() -> None:
    before = '[[providers]]\nid = "anthropic"\nkey = "env:OTHER_KEY"\n'
    _, login = changed(before, Answers(), signed=[SUBSCRIBED])
    assert (login["id"], login["like"], login["key"]) == (
        "anthropic-login",
        "anthropic",
        "client",
    )


def test_codex_with_a_plan_and_with_a_key() -> None:
    plan = changed("", Answers(), signed=[Signed("codex", Login.OWN)])
    assert plan == [{"id": "chatgpt", "key": "client"}]
    key = changed("", Answers(), signed=[Signed("codex", Login.OWN, SignIn.KEY)])
    assert key == [{"id": "openai", "key": "client"}]


def test_servers_are_named_by_what_they_are_and_where() -> None:
    answers = Answers(all_servers=True)
    assert changed("", answers, servers=[OLLAMA]) == [{"id": "ollama"}]
    elsewhere = [
        OLLAMA,
        ServerFound(
            kind=ServerKind.OLLAMA,
            name="Ollama",
            address="http://127.0.0.1:11500",
            version="",
            state=ServerState.READY,
            place=Place.THIS_MACHINE,
            confidence=Confidence.SURE,
            provider="ollama",
        ),
        ServerFound(
            kind=ServerKind.UNKNOWN,
            name="A server",
            address="http://127.0.0.1:5000",
            version="",
            state=ServerState.READY,
            place=Place.THIS_MACHINE,
            confidence=Confidence.LIKELY,
        ),
    ]
    assert [entry["id"] for entry in changed("", answers, servers=elsewhere)] == [
        "ollama",
        "ollama-11500",
        "local-5000",
    ]


def test_an_address_is_filled_in_or_the_key_is_left() -> None:
    key = KeyFound(
        provider="cloudflare",
        name="Cloudflare",
        variable="CLOUDFLARE_API_TOKEN",
        source=KeySource.ENVIRONMENT,
        where="the environment",
        last4="",
        reference="env:CLOUDFLARE_API_TOKEN",
        confidence=Confidence.SURE,
    )
    answers = Answers(all_keys=True)
    assert changed("", answers, keys=[key]) == []
    environ = {"CLOUDFLARE_ACCOUNT_ID": "0123abc"}
    (entry,) = changed("", answers, keys=[key], environ=environ)
    assert "/0123abc/" in entry["base_url"]


def test_what_was_named_and_not_found_is_said() -> None:
    changes = own_changes(
        Answers(keys=("GROQ_API_KEY",), mode=Mode.OFFLINE),
        (),
        (),
        (),
        (),
        {},
        Mode.DIRECT,
    )
    assert changes.mode is Mode.OFFLINE
    assert "GROQ_API_KEY was not found" in changes.notes[0]
    assert changes.sentences == ("The mode becomes offline.",)


def test_start_at_login_is_said_and_changes_no_byte_of_the_file() -> None:
    on = OwnChanges(login=OwnLogin(on=True, where="/p/turnout.desktop"))
    off = OwnChanges(login=OwnLogin(on=False, where="/p/turnout.desktop"))
    assert on.sentences == (
        "Turnout starts at login, by /p/turnout.desktop, which is made.",
    )
    assert "/p/turnout.desktop is removed" in off.sentences[0]
    assert on.made(b"[gateway]\n") == b"[gateway]\n"
    assert len({on.mark, off.mark, OwnChanges().mark}) == 3
