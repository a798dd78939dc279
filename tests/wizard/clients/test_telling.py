"""telling: the sentences about every client name it and promise nothing untrue."""

from __future__ import annotations

from wizard.clients import telling


def test_every_sentence_names_the_client() -> None:
    said = (
        telling.restart("Codex"),
        telling.with_keys("Codex"),
        telling.with_its_login("Codex", "OpenAI"),
        telling.without("Codex", "It waits."),
    )
    assert all("Codex" in sentence for sentence in said)
    assert all("!" not in sentence for sentence in said)


def test_a_login_goes_to_its_vendor_only() -> None:
    assert "to OpenAI only" in telling.with_its_login("Codex", "OpenAI")


def test_what_happens_without_turnout_ends_with_the_clients_own_way() -> None:
    told = telling.without("Codex", "It waits.")
    assert told.endswith(" It waits.")
    assert "When you quit Turnout" in told
