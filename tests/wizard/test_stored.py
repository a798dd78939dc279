"""The journal's lines: every record there and back, and nothing guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_plans import NOW

from wizard.formats import ABSENT, Format, Item, Json, Splice
from wizard.plan import Choice, ClientCommand, Login
from wizard.records import OwnedKey, WiredFile, Wiring, WiringState
from wizard.stored import (
    Begun,
    Carried,
    Deed,
    Done,
    Entry,
    Waiting,
    entry_of,
    line_of,
    record_of,
    wiring_of,
)

VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
KEYS = st.builds(
    OwnedKey,
    path=st.lists(TEXTS | st.builds(Item, TEXTS.filter(bool), TEXTS), max_size=3).map(
        tuple
    ),
    saved=st.just(ABSENT) | VALUES,
    digest=TEXTS,
    line=st.booleans(),
    prefix=TEXTS,
    secret=st.booleans(),
    parents=st.integers(0, 5),
    there=st.booleans(),
    null=st.booleans(),
)
PATHS = st.text("abc/ é", min_size=1, max_size=9).map(Path)
FILES = st.builds(
    WiredFile,
    path=PATHS,
    real=PATHS,
    format=st.sampled_from(Format),
    existed=st.booleans(),
    mode=st.integers(0, 0o777),
    before=TEXTS,
    after=TEXTS,
    inverse=st.lists(
        st.builds(Splice, st.integers(0, 9), st.integers(0, 9), TEXTS), max_size=2
    ).map(tuple),
    keys=st.lists(KEYS, max_size=3).map(tuple),
    whole=st.booleans(),
    made_folders=st.lists(PATHS, max_size=2).map(tuple),
    found=TEXTS,
    left_out=st.lists(TEXTS, max_size=2).map(tuple),
)
WIRINGS = st.builds(
    Wiring,
    number=st.integers(1, 99),
    client=TEXTS,
    plan=TEXTS,
    time=st.just(NOW),
    port=st.integers(1, 65535),
    choice=st.builds(
        Choice,
        client=TEXTS,
        login=st.none() | st.sampled_from(Login),
        always=st.booleans(),
        project=st.none() | PATHS,
    ),
    files=st.lists(FILES, max_size=2).map(tuple),
    state=st.sampled_from(WiringState),
    ended=st.none() | st.just(NOW),
)
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Begun, st.sampled_from(Deed), WIRINGS),
    st.builds(Done, WIRINGS, st.just(NOW)),
    st.builds(
        Waiting,
        id=TEXTS,
        time=st.just(NOW),
        kind=TEXTS,
        subject=TEXTS,
        scope=TEXTS,
        detail=TEXTS,
        given=st.booleans(),
        revokes=st.none() | st.integers(1, 9),
    ),
    st.builds(Carried, TEXTS),
)


@given(ENTRIES)
def test_an_entry_is_one_line_and_reads_back(entry: Entry) -> None:
    line = line_of(entry)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert entry_of(line) == entry


@given(WIRINGS)
def test_a_record_reads_back(wiring: Wiring) -> None:
    assert wiring_of(record_of(wiring)) == wiring


@given(ENTRIES, st.integers(0, 200))
def test_half_a_line_is_no_line(entry: Entry, place: int) -> None:
    line = line_of(entry).rstrip(b"\n")
    assert entry_of(line[: min(place, len(line) - 1)]) is None


@pytest.mark.parametrize("line", [b"", b"{}", b"null", b"\xff", b'{"type":"begun"}'])
def test_what_is_not_understood_is_nothing(line: bytes) -> None:
    assert entry_of(line) is None
    assert wiring_of(line) is None


def test_what_was_run_is_not_kept() -> None:
    command = ClientCommand(("client", "tnt_canary"), ("client", "unset"), Path("/f"))
    wiring = Wiring(1, "c", "p", NOW, 1, Choice("c"), (), (command,))
    assert b"canary" not in record_of(wiring)
    back = wiring_of(record_of(wiring))
    assert back is not None
    assert back.commands == (ClientCommand((), ("client", "unset"), Path("/f")),)
