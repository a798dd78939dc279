"""Judges the record: is the file sound, guarded, written, of our version; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.doctor.ages import counted, size
from app.doctor.codes import fine, said
from app.doctor.report import Check, Level

if TYPE_CHECKING:
    from app.doctor.ground import Ground, RecordGround


def checks(ground: Ground) -> tuple[Check, ...]:
    """Return what is to be said of the record."""
    record, command = ground.record, ground.command
    return (
        _file(record, command),
        _behind(record),
        *_chain(record, command),
        _library(record),
    )


def _file(record: RecordGround, command: str) -> Check:
    seen = record.checkup
    if record.trouble:
        return _broken(record.trouble, command)
    if not seen.exists:
        return fine("record-damaged", "There is no record yet; it begins with use.")
    if not seen.ours or seen.sound is False or seen.error:
        word = f" ({seen.error})" if seen.error else ""
        return _broken(f"The record's file is damaged or not ours{word}.", command)
    if seen.version > seen.newest:
        return _broken(
            f"The record has version {seen.version}; this Turnout knows {seen.newest}.",
            command,
        )
    if seen.unguarded:
        return said(
            Level.PROBLEM,
            "record-damaged",
            f"Tables of the record can be changed afterwards, because their guards are "
            f"gone: {', '.join(seen.unguarded)}. Somebody opened it with another "
            "program.",
            f"Save {command} doctor --bundle and report it; the record goes on.",
            command=f"{command} doctor --bundle",
        )
    if record.notes:
        return said(
            Level.WARNING,
            "record-damaged",
            " ".join(record.notes),
            f"See which keys there are now: {command} keys list.",
            command=f"{command} keys list",
        )
    whole = "sound" if seen.sound else "sound as far as there was time to look"
    rows = sum(number for _, number in seen.counts)
    return fine(
        "record-damaged",
        f"It is {whole}: {counted(rows, 'row')}, {size(seen.size)}, version "
        f"{seen.version}.",
    )


def _broken(means: str, command: str) -> Check:
    return said(
        Level.PROBLEM,
        "record-damaged",
        means,
        f"Restart Turnout: it sets a damaged file aside and begins a new one "
        f"({command} restart).",
        command=f"{command} restart",
    )


def _behind(record: RecordGround) -> Check:
    if record.lost:
        return said(
            Level.WARNING,
            "record-behind",
            f"{counted(record.lost, 'request')} will never be in the record: too many "
            "waited while the file could not be written. They are in no sum.",
            "Look after the disk: it may be full, or another program holds the file.",
        )
    if not record.unsaved:
        return fine("record-behind", "Every finished request is on disk.")
    return said(
        Level.WARNING,
        "record-behind",
        f"{counted(record.unsaved, 'finished request')} could not be written yet.",
        "Look after the disk: it may be full, or the file locked by another program.",
    )


def _chain(record: RecordGround, command: str) -> Iterator[Check]:
    if record.chain:
        yield said(
            Level.PROBLEM,
            "consents-broken",
            record.chain,
            f"Look at what was agreed to: {command} consents.",
            command=f"{command} consents",
        )


def _library(record: RecordGround) -> Check:
    if not record.sqlite_old:
        return fine("sqlite-old", f"SQLite {record.sqlite} will do.")
    return said(
        Level.PROBLEM,
        "sqlite-old",
        f"SQLite {record.sqlite} is too old for the record, which needs "
        f"{record.sqlite_least}.",
        "Update the system, or use Turnout's own package, which brings its own.",
    )
