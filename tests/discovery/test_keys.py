"""Keys are found by the names of variables; no more than their end is kept."""

from pathlib import Path

import pytest
from made_home import CANARY, around, put

from discovery.findings import Confidence, KeyFound, KeySource
from discovery.keys import (
    key_variables,
    keyring_names,
    keys_in_environment,
    keys_in_keyring,
    keys_in_shell_files,
)
from proxy.catalogue import known_providers

GROQ = "gsk_" + "example0" * 6 + "last"
OPENROUTER = "sk-or-v1-" + "0a" * 32


def only(tmp_path: Path, **environ: str) -> KeyFound:
    (found,) = keys_in_environment(around(tmp_path, **environ))
    return found


def test_a_key_is_told_by_provider_and_end(tmp_path: Path) -> None:
    found = only(tmp_path, GROQ_API_KEY=GROQ)
    assert found.provider == "groq"
    assert found.last4 == "last"
    assert found.reference == "env:GROQ_API_KEY"
    assert found.confidence is Confidence.SURE
    assert found.source is KeySource.ENVIRONMENT


def test_a_key_without_a_known_form_is_likely(tmp_path: Path) -> None:
    found = only(tmp_path, MISTRAL_API_KEY=CANARY)
    assert (found.provider, found.confidence) == ("mistral", Confidence.LIKELY)


def test_a_short_key_shows_no_part(tmp_path: Path) -> None:
    assert only(tmp_path, XAI_API_KEY="canary67890").last4 == ""


@pytest.mark.parametrize("value", ["", "  ", "tnt_canary-not-a-secret-1234"])
def test_nothing_and_our_own_key_are_no_finding(tmp_path: Path, value: str) -> None:
    assert not keys_in_environment(around(tmp_path, OPENAI_API_KEY=value))


def test_a_key_for_a_program_on_this_machine_is_no_finding(tmp_path: Path) -> None:
    address = {"OPENAI_BASE_URL": "http://127.0.0.1:1234/v1"}
    assert not keys_in_environment(around(tmp_path, OPENAI_API_KEY=CANARY, **address))
    own = "sk-proj-" + "example" * 9 + "T3BlbkFJ" + "example" * 9
    found = only(tmp_path, OPENAI_API_KEY=own, **address)
    assert "http://127.0.0.1:1234" in found.notes[0]


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("https://api.deepseek.com/anthropic", "deepseek"),
        ("https://relay.example/v1", ""),
        ("https://api.anthropic.com", "anthropic"),
    ],
)
def test_a_key_belongs_to_whom_its_address_names(
    tmp_path: Path, address: str, provider: str
) -> None:
    environ = {"ANTHROPIC_AUTH_TOKEN": CANARY, "ANTHROPIC_BASE_URL": address}
    found = only(tmp_path, **environ)
    assert found.provider == provider
    assert bool(found.reference) is bool(provider)


def test_a_reference_is_managed_elsewhere(tmp_path: Path) -> None:
    found = only(tmp_path, OPENAI_API_KEY="op://vault/canary-not-a-secret")
    assert (found.last4, found.reference) == ("", "")
    assert "managed elsewhere" in found.notes[0]


def test_a_key_of_another_provider_is_said_to_be_one(tmp_path: Path) -> None:
    found = only(tmp_path, OPENAI_API_KEY=OPENROUTER)
    assert (found.provider, found.confidence) == ("openrouter", Confidence.HINT)
    assert "OpenRouter" in found.notes[0]


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN"]
)
def test_a_credential_with_many_uses_is_only_present(tmp_path: Path, name: str) -> None:
    found = only(tmp_path, **{name: CANARY})
    assert (found.provider, found.last4, found.reference) == ("", "", "")
    assert found.confidence is Confidence.HINT


@pytest.mark.parametrize("name", ["CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN"])
def test_a_subscriptions_token_is_not_taken(tmp_path: Path, name: str) -> None:
    found = only(tmp_path, **{name: "sk-ant-oat01-" + "example" * 12})
    assert found.reference == ""
    assert "subscription" in found.notes[0]


def test_what_a_provider_also_needs_is_said(tmp_path: Path) -> None:
    found = only(tmp_path, CLOUDFLARE_API_TOKEN=CANARY)
    assert "CLOUDFLARE_ACCOUNT_ID" in found.notes[0]
    assert not only(
        tmp_path, CLOUDFLARE_API_TOKEN=CANARY, CLOUDFLARE_ACCOUNT_ID="example"
    ).notes


def test_the_table_names_known_providers_only() -> None:
    known = set(known_providers())
    assert set(keyring_names()) <= known
    asked = {
        "openai",
        "anthropic",
        "groq",
        "mistral",
        "openrouter",
        "gemini",
        "cerebras",
        "cloudflare",
        "deepseek",
        "xai",
        "together",
        "fireworks",
        "moonshot",
        "zai",
        "azure",
    }
    assert asked <= set(keyring_names())


def test_every_variable_is_named_once() -> None:
    names = key_variables()
    assert len(names) == len(set(names)) > 40


def test_a_key_that_only_a_shell_has_must_be_moved(tmp_path: Path) -> None:
    put(tmp_path / ".zshrc", f"export GROQ_API_KEY={GROQ}\nMISTRAL_API_KEY=x\n")
    (found,) = keys_in_shell_files(around(tmp_path))
    assert found.source is KeySource.SHELL_FILE
    assert found.where == "~/.zshrc, line 1"
    assert (found.reference, found.last4) == ("", "last")
    assert "keyring" in found.notes[0]


def test_a_key_that_this_process_has_too_need_not_be_moved(tmp_path: Path) -> None:
    put(tmp_path / ".zshrc", f"export GROQ_API_KEY={GROQ}\n")
    (found,) = keys_in_shell_files(around(tmp_path, GROQ_API_KEY=GROQ))
    assert found.reference == "env:GROQ_API_KEY"
    assert not found.notes


def test_our_own_entries_are_found_by_name() -> None:
    entries = {"groq": GROQ, "mine": OPENROUTER, "odd": CANARY, "ours": "tnt_example"}
    found = list(
        keys_in_keyring(["groq", "groq", "mine", "odd", "ours", "no"], entries.get)
    )
    assert [(key.provider, key.reference) for key in found] == [
        ("groq", "keyring:groq"),
        ("openrouter", "keyring:mine"),
        ("", "keyring:odd"),
    ]
    assert found[2].confidence is Confidence.HINT


def test_a_keyring_that_refuses_is_asked_once() -> None:
    asked = []

    def refuse(name: str) -> str | None:
        asked.append(name)
        raise LookupError

    with pytest.raises(LookupError):
        list(keys_in_keyring(["groq", "openai"], refuse))
    assert asked == ["groq"]


@pytest.mark.parametrize("variable", key_variables())
def test_no_finding_holds_more_than_the_end(tmp_path: Path, variable: str) -> None:
    put(tmp_path / ".bashrc", f"export {variable}={CANARY}\n")
    here = around(tmp_path, **{variable: CANARY})
    told = repr((keys_in_environment(here), keys_in_shell_files(here), here))
    assert variable in told
    assert CANARY[:-4] not in told
    assert CANARY[-5:] not in told


@pytest.mark.parametrize(
    "value", ['"$OTHER"', "${GROQ:-default-not-a-secret}", '"gsk_${MIDDLE}_canary"']
)
def test_a_value_a_shell_works_out_is_no_key_to_move(
    tmp_path: Path, value: str
) -> None:
    put(tmp_path / ".bashrc", f"export GROQ_API_KEY={value}\n")
    (found,) = keys_in_shell_files(around(tmp_path))
    assert (found.last4, found.reference) == ("", "")
    assert "managed elsewhere" in found.notes[0]


def test_a_short_word_in_a_shell_file_is_no_key(tmp_path: Path) -> None:
    put(tmp_path / ".bashrc", "export GROQ_API_KEY=canary78901\n")
    assert keys_in_shell_files(around(tmp_path)) == ()


def test_what_the_login_session_reads_has_a_note_of_its_own(tmp_path: Path) -> None:
    put(tmp_path / ".config/environment.d/k.conf", f"GROQ_API_KEY={CANARY}\n")
    (found,) = keys_in_shell_files(around(tmp_path))
    (note,) = found.notes
    assert "after your next login" in note
    assert "shell" not in note
