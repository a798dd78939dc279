"""Consents: append-only, chained, revoked by later entries; tampering is seen."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import ledger_rows
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ledger import Consent, ConsentKind, Ledger, LedgerError
from proxy.ledger.consents import (
    Head,
    chained,
    head_of,
    leads_to,
    verify_chain,
)
from proxy.ledger.stamps import stamp


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turnout.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Ledger]:
    opened = Ledger.open(path, None, clock=ledger_rows.noon)
    yield opened
    await opened.close()


async def three(ledger: Ledger) -> tuple[Consent, ...]:
    for id_ in ("a", "b", "c"):
        await ledger.add_consent(ledger_rows.consent(id_, subject=f"client {id_}"))
    return await ledger.consents()


def tampered(path: Path, statement: str) -> None:
    """Change a row as somebody would who takes the guards away first."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in ("no_update", "no_delete"):
            connection.execute(f"DROP TRIGGER IF EXISTS consents_{name}")
        connection.execute(statement)


async def test_an_entry_reads_back_as_it_was_given(ledger: Ledger) -> None:
    row = ledger_rows.consent("a", kind=ConsentKind.USE_KEY, given=False)
    assert await ledger.add_consent(row) == 1
    (entry,) = await ledger.consents()
    assert (entry.number, entry.id, entry.time) == (1, "a", ledger_rows.NOON)
    assert (entry.kind, entry.given, entry.revokes) == ("use-key", False, None)
    assert (entry.subject, entry.scope) == (row.subject, row.scope)
    assert entry.detail == row.detail


async def test_each_entry_is_tied_to_the_one_before(ledger: Ledger) -> None:
    first, second, third = await three(ledger)
    assert [entry.number for entry in (first, second, third)] == [1, 2, 3]
    assert len({first.hash, second.hash, third.hash}) == 3
    assert verify_chain((first, second, third)) is None
    assert verify_chain(()) is None


async def test_the_same_consent_is_recorded_once(ledger: Ledger) -> None:
    assert await ledger.add_consent(ledger_rows.consent("a")) == 1
    assert await ledger.add_consent(ledger_rows.consent("a")) == 1
    assert len(await ledger.consents()) == 1


async def test_a_consent_is_revoked_once(ledger: Ledger) -> None:
    await three(ledger)
    no = ledger_rows.consent("no", given=False, revokes=2)
    assert await ledger.add_consent(no) == 4
    for number in (2, 4, 99):
        again = replace(no, id=f"again {number}", revokes=number)
        with pytest.raises(LedgerError, match=f"no consent {number}"):
            await ledger.add_consent(again)
    assert verify_chain(await ledger.consents()) is None


async def test_two_processes_make_one_chain(path: Path, ledger: Ledger) -> None:
    other = Ledger.open(path, None, clock=ledger_rows.noon)
    rows = [ledger_rows.consent(f"row {number}") for number in range(10)]
    await asyncio.gather(
        *(ledger.add_consent(row) for row in rows[::2]),
        *(other.add_consent(row) for row in rows[1::2]),
    )
    await other.close()
    entries = await ledger.consents()
    assert {entry.id for entry in entries} == {row.id for row in rows}
    assert verify_chain(entries) is None


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE consents SET given = 0 WHERE sequence = 1", 1),
        ("UPDATE consents SET subject = 'codex' WHERE sequence = 2", 2),
        ("UPDATE consents SET time = 'never' WHERE sequence = 3", 3),
        ("UPDATE consents SET hash = 'x' WHERE sequence = 2", 2),
        ("UPDATE consents SET revokes = 1 WHERE sequence = 3", 3),
        ("DELETE FROM consents WHERE sequence = 2", 2),
        ("DELETE FROM consents WHERE sequence = 1", 1),
        ("UPDATE consents SET sequence = 7 WHERE sequence = 3", 3),
    ],
)
async def test_a_changed_row_is_seen_and_where(
    path: Path, ledger: Ledger, statement: str, where: int
) -> None:
    await three(ledger)
    tampered(path, statement)
    assert verify_chain(await ledger.consents()) == where


async def test_an_entry_cannot_be_put_in_between(path: Path, ledger: Ledger) -> None:
    await three(ledger)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO consents (id, time, kind, subject, scope, detail, given, hash)"
            " VALUES ('x', '2026-11-21T12:00:00.000000Z', 'docker', '', '', '', 1, 'h')"
        )
    assert verify_chain(await ledger.consents()) == 4


async def test_a_word_of_a_newer_turnout_is_read(ledger: Ledger) -> None:
    await ledger.add_consent(ledger_rows.consent("a", kind="full-tracing"))
    (entry,) = await ledger.consents()
    assert entry.kind == "full-tracing"


@given(
    st.fixed_dictionaries(
        {
            "subject": st.text(max_size=5),
            "scope": st.text(max_size=5),
            "detail": st.text(max_size=5),
            "given": st.booleans(),
            "revokes": st.none() | st.integers(1, 9),
        }
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "subject": st.text(max_size=5),
            "scope": st.text(max_size=5),
            "given": st.booleans(),
            "revokes": st.none() | st.integers(1, 9),
        },
    ),
)
def test_no_two_contents_have_one_hash(
    content: dict[str, Any], change: dict[str, Any]
) -> None:
    time = stamp(ledger_rows.NOON)
    words = ("a", time, "docker")

    def told(parts: dict[str, Any]) -> str:
        return chained(
            "before",
            1,
            *words,
            parts["subject"],
            parts["scope"],
            parts["detail"],
            int(parts["given"]),
            parts["revokes"],
        )

    other = content | change
    assert (told(content) == told(other)) == (content == other)
    assert chained("else", 1, *words) != chained("before", 1, *words)


async def test_a_head_is_held_by_what_came_after_it_and_by_nothing_else(
    ledger: Ledger,
) -> None:
    assert head_of(()) is None
    entries = await three(ledger)
    early, late = head_of(entries[:1]), head_of(entries)
    assert early is not None
    assert late is not None
    assert leads_to(entries, early)
    assert leads_to(entries, late)
    assert not leads_to(entries[:2], late)
    assert not leads_to(entries, Head(2, late.hash))
    assert not leads_to(entries, Head(0, late.hash))
