"""The newest consent is kept beside the record: what differs from it is found."""

import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.assemble import in_process
from app.consent_head import head_file, proved, recorded
from app.paths import make_folders, paths_for
from app.services import Services
from proxy.ledger.rows import ConsentKind, NewConsent

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    paths = paths_for({}, tmp_path / "home")
    make_folders(paths)
    async with in_process(paths, {"HOME": str(tmp_path)}) as made:
        yield made


def row(id_: str) -> NewConsent:
    return NewConsent(id=id_, time=NOON, kind=ConsentKind.DOCKER, subject="docker")


async def test_a_head_is_private_and_follows_the_record(services: Services) -> None:
    assert await recorded(services, row("a")) == 1
    file = head_file(services)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_bytes()
    assert await recorded(services, row("b")) == 2
    assert file.read_bytes() != first
    proof = await proved(services)
    assert (len(proof.entries), proof.broken_at, proof.missing) == (2, None, 0)


async def test_an_older_or_missing_or_unreadable_head_is_no_alarm(
    services: Services,
) -> None:
    await recorded(services, row("a"))
    file = head_file(services)
    older = file.read_bytes()
    await recorded(services, row("b"))
    for data in (older, b"", b"{", b"[1]"):
        file.write_bytes(data)
        proof = await proved(services)
        assert (proof.broken_at, proof.missing) == (None, 0)
    file.unlink()
    assert (await proved(services)).missing == 0


async def test_a_head_of_another_record_stays_and_is_told(services: Services) -> None:
    await recorded(services, row("a"))
    file = head_file(services)
    foreign = b'{"number":4,"hash":"00"}'
    file.write_bytes(foreign)
    assert (await proved(services)).missing == 3
    for id_ in ("b", "c", "d"):
        await recorded(services, row(id_))
    assert file.read_bytes() == foreign
    assert (await proved(services)).broken_at == 4


async def test_a_folder_in_the_way_keeps_no_consent_from_being_recorded(
    services: Services,
) -> None:
    head_file(services).parent.write_text("in the way")
    assert await recorded(services, row("a")) == 1
    assert (await proved(services)).missing == 0
