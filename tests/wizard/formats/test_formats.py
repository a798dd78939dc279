"""What holds for every format, whatever the text: properties, and the front door."""

from __future__ import annotations

import copy
import string
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from settings_documents import Document, documents

from wizard.formats import (
    ABSENT,
    Absent,
    Broken,
    Edit,
    Format,
    Item,
    Json,
    KeyPath,
    Refused,
    applied,
    decoded,
    encoded,
    inverse,
    parsed,
    splices,
    value_at,
    with_edits,
)
from wizard.formats.values import same

_FORMATS = [one for one in Format if one is not Format.TEXT]
_PATHS: list[KeyPath] = [
    ("k",),
    ("env", "k"),
    ("env", "sub", "k"),
    ("models", Item("name", "Ours"), "url"),
    ("models", Item("name", "Ours")),
    (Item("name", "Ours"), "k"),
    (),
]
_VALUES: list[Json | Absent] = [
    "v",
    "",
    'q"\\$`\n\u2028é\U0001f600',
    True,
    5,
    1.5,
    None,
    ["a", 1],
    {"name": "Ours", "url": "u", "deep": {"x": []}},
    {},
    ABSENT,
]
_PIECES = st.sampled_from(
    [
        *"{}[]:,=#|>-&*!?'\"`\\/.+\n\r\t 01",
        *("\r\n", "  ", "//", "/*", "*/", '"""', "'''", "<<: ", "---\n", "...\n"),
        *("k", "env", "models", "name", "Ours", "true", "null", "NaN", "1e9", "0x1F"),
        *(
            '"k"',
            "'k'",
            "k: ",
            "k = ",
            "K=",
            "export ",
            "env:\n",
            "[env]\n",
            "[[",
            "]]",
        ),
        *("{", "}", "- ", "- name: Ours\n", "&a ", "*a", "!!str ", "\u2028", "\ufeff"),
        *("\0", "\ud800", "\x7f", "é", "2024-01-01", "%YAML 1.1\n", "?", "\x85"),
    ]
)
_TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=string.printable, max_size=60),
    st.lists(_PIECES, max_size=30).map("".join),
)
_EDITS = st.lists(
    st.builds(
        Edit,
        st.sampled_from(_PATHS),
        st.sampled_from(_VALUES),
        line=st.booleans(),
        prefix=st.sampled_from(["", "v", "x: "]),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(list(Format)), _TEXTS, _EDITS)
@example(Format.YAML, "a: &a [*a]", [Edit(("k",), "v")])
@example(Format.YAML, "a: &a {k: *a}\n", [Edit(("a", "k"), "v")])
@example(Format.YAML, "x: 2024-99-99\n", [Edit(("k",), "v")])
@example(Format.JSON, "[" * 100_000, [Edit(("k",), "v")])
@example(Format.JSONC, "[" * 100_000, [Edit(("k",), "v")])
@example(Format.JSON5, "[" * 100_000, [Edit(("k",), "v")])
@example(Format.TOML, "a = " + "[" * 100_000, [Edit(("k",), "v")])
@example(Format.YAML, "[" * 10_000, [Edit(("k",), "v")])
@example(Format.JSON, "1" * 10_000, [Edit(("k",), "v")])
@example(Format.TOML, "a = " + "1" * 10_000, [Edit(("k",), "v")])
def test_any_text_is_edited_or_refused(
    fmt: Format, text: str, edits: Sequence[Edit]
) -> None:
    for edit in edits:
        try:
            value_at(fmt, text, edit.path)
        except Broken as broken:
            most = text.count("\n") + text.count("\r") + text.count("\x85") + 3
            # In a loop over generated edits there is no one to expect.
            assert 0 <= broken.line <= most, broken.why  # noqa: PT017
    try:
        new = with_edits(fmt, text, edits)
    except Broken:
        return
    if not _fight(edits):
        assert with_edits(fmt, new, edits) == new
    change = splices(text, new)
    assert applied(text, change) == new
    assert applied(new, inverse(text, change)) == text


def _fight(edits: Sequence[Edit]) -> bool:
    """Whether one edit may undo another's work: then twice is not once."""
    paths = [edit.path for edit in edits]
    return any(
        one[: len(other)] == other
        for at, one in enumerate(paths)
        for n, other in enumerate(paths)
        if n != at
    )


def test_a_plain_text_is_one_value() -> None:
    assert value_at(Format.TEXT, "", ()) is ABSENT
    assert value_at(Format.TEXT, "a", ()) == parsed(Format.TEXT, "a") == "a"
    assert with_edits(Format.TEXT, "a", [Edit((), "b\n")]) == "b\n"
    assert not with_edits(Format.TEXT, "a", [Edit((), ABSENT)])
    for edit in (Edit((), 5), Edit(("k",), "v")):
        with pytest.raises(Refused):
            with_edits(Format.TEXT, "a", [edit])


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=60) | _TEXTS.map(lambda text: text.encode(errors="ignore")))
@example(b"\xef\xbb\xbf{}")
@example(b"\xff\xfe{\0}\0")
def test_bytes_come_back(data: bytes) -> None:
    try:
        text = decoded(data)
    except Broken:
        return
    assert encoded(text) == data


_FRESH: list[tuple[KeyPath, Json]] = [
    (("ours",), "http://127.0.0.1:8787"),
    (("ours",), {"url": "u", "headers": {"x-key": "canary"}}),
    (("ours", "deep", "er"), "v"),
    (("env", "OURS"), "v"),
    (("models", "ours", "url"), "v"),
]
_ITEM = Item("name", "Ours")


def _documents() -> st.SearchStrategy[Document]:
    return st.sampled_from(_FORMATS).flatmap(documents)


def _fresh(fmt: Format) -> list[tuple[KeyPath, Json]]:
    if fmt is Format.DOTENV:
        return [(("OURS",), "http://127.0.0.1:8787/k/x"), (("OURS",), 'a "b" $c')]
    return _FRESH


def _wanted(data: Json, path: KeyPath, value: Json) -> Json:
    """The data with the value set, by the plainest means."""
    whole = copy.deepcopy(data)
    assert isinstance(whole, dict)
    here = whole
    for step in path[:-1]:
        assert isinstance(step, str)
        below = here.get(step)
        if below is None:
            below = here[step] = {}
        assert isinstance(below, dict)
        here = below
    assert isinstance(path[-1], str)
    here[path[-1]] = value
    return whole


@settings(max_examples=120, deadline=None)
@given(_documents(), st.data())
def test_a_new_key_leaves_everything_else(
    document: Document, data: st.DataObject
) -> None:
    fmt, text = document.fmt, document.text
    before = parsed(fmt, text)
    if fmt in {Format.JSON, Format.JSONC, Format.JSON5}:
        assert same(before, document.data)
    path, value = data.draw(st.sampled_from(_fresh(fmt)))
    if not isinstance(value_at(fmt, text, path), Absent):
        return
    try:
        after = with_edits(fmt, text, [Edit(path, value)])
    except Refused:
        # Something else stands where an object must be, or it is not ours to splice.
        parent = value_at(fmt, text, path[:1])
        assert len(path) > 1 or fmt in {Format.YAML, Format.JSON5}
        assert not isinstance(parent, Absent) or fmt is Format.YAML
        return
    assert same(parsed(fmt, after), _wanted(before, path, value))
    assert with_edits(fmt, after, [Edit(path, value)]) == after
    change = splices(text, after)
    gone = "".join(text[one.start : one.end] for one in change)
    assert not gone.strip() or value_at(fmt, text, path[:1]) is None
    assert applied(after, inverse(text, change)) == text
    if "\r\n" in text:
        assert after.count("\n") == after.count("\r\n")


@settings(max_examples=120, deadline=None)
@given(_documents(), st.data())
def test_a_new_key_taken_away_leaves_the_old_text(
    document: Document, data: st.DataObject
) -> None:
    fmt, text = document.fmt, document.text
    before = parsed(fmt, text)
    path, value = data.draw(st.sampled_from(_fresh(fmt)))
    if (
        not document.regular
        or not before
        or value_at(fmt, text, path[:1]) is not ABSENT
    ):
        return
    try:
        after = with_edits(fmt, text, [Edit(path, value)])
    except Refused:
        assert fmt is Format.YAML
        return
    back = with_edits(fmt, after, [Edit(path[:1], ABSENT)])
    assert back == text


@settings(max_examples=120, deadline=None)
@given(_documents(), st.data())
def test_a_key_that_is_there_is_set_and_taken_away(
    document: Document, data: st.DataObject
) -> None:
    fmt, text = document.fmt, document.text
    before = parsed(fmt, text)
    assert isinstance(before, dict)
    if not before:
        return
    path: KeyPath = (data.draw(st.sampled_from(sorted(before))),)
    below = before[str(path[0])]
    if isinstance(below, dict) and below and data.draw(st.booleans()):
        path = (*path, data.draw(st.sampled_from(sorted(below))))
    values: list[Json] = (
        ["new"] if fmt is Format.DOTENV else ["new", 7, ["x"], {"u": "v"}]
    )
    value: Json = data.draw(st.sampled_from(values))
    for edit in (Edit(path, value), Edit(path, ABSENT)):
        try:
            after = with_edits(fmt, text, [edit])
        except Refused as refused:
            assert fmt in {Format.TOML, Format.YAML}, refused.why  # noqa: PT017
            continue
        if edit.value is ABSENT:
            assert value_at(fmt, after, path) is ABSENT
        else:
            assert same(parsed(fmt, after), _wanted(before, path, value))
        assert with_edits(fmt, after, [edit]) == after
        assert after.count("note") == text.count("note") or isinstance(
            value_at(fmt, text, path), dict | list
        )


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from([Format.JSON, Format.JSONC, Format.JSON5, Format.YAML]).flatmap(
        documents
    )
)
def test_an_element_of_a_list_is_ours_alone(document: Document) -> None:
    fmt, text = document.fmt, document.text
    old = value_at(fmt, text, ("models",))
    if not isinstance(old, Absent | list | None):
        return
    others: list[Json] = old if isinstance(old, list) else []
    element: Json = {"name": "Ours", "url": "u", "list": ["a"]}
    edit = Edit(("models", _ITEM), element)
    try:
        after = with_edits(fmt, text, [edit])
    except Refused:
        assert fmt is Format.YAML
        return
    assert value_at(fmt, after, ("models",)) == [*others, element]
    changed = with_edits(fmt, after, [Edit(("models", _ITEM, "url"), "w")])
    assert value_at(fmt, changed, ("models", _ITEM, "url")) == "w"
    assert with_edits(fmt, changed, [edit]) == after
    back = with_edits(fmt, after, [Edit(("models", _ITEM), ABSENT)])
    assert value_at(fmt, back, ("models",)) == others
    if document.regular and others:
        assert back == text
