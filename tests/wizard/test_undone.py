"""Undo over every format: the very bytes, or our keys alone and every foreign edit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from made_plans import KEY, URL

from wizard.formats import (
    ABSENT,
    Edit,
    Format,
    Item,
    Json,
    KeyPath,
    Splice,
    decoded,
    encoded,
    parsed,
    value_at,
    with_edits,
)
from wizard.plan import FileEdit, KeyChange
from wizard.records import WiredFile, digest_of_bytes
from wizard.undone import KeyFate, Way, undone
from wizard.wired import SecretThere, wired_file

PATH = Path("/home/somebody/settings")

# Ours, in each format: nested where the format nests.
OURS: dict[KeyPath, Json] = {
    ("env", "BASE_URL"): URL,
    ("env", "deep", "KEY"): KEY,
    ("model",): "canary-sonnet",
}
FLAT: dict[KeyPath, Json] = {("BASE_URL",): URL, ("TURNOUT_KEY",): KEY}


def ours_for(format_: Format) -> dict[KeyPath, Json]:
    return FLAT if format_ is Format.DOTENV else OURS


def text_of(data: bytes) -> str:
    return decoded(data).text


def edited_by(format_: Format, data: bytes, *edits: Edit) -> bytes:
    """The file as somebody leaves it who sets these keys."""
    held = decoded(data)
    return encoded(replace(held, text=with_edits(format_, held.text, edits)))


def wired(
    format_: Format,
    before: bytes | None,
    ours: dict[KeyPath, Json] | None = None,
    **more: Any,
) -> tuple[WiredFile, bytes]:
    """Wire a file as the planner does; return its record and its bytes then."""
    ours = ours_for(format_) if ours is None else ours
    text = text_of(before or b"")
    changes = tuple(
        KeyChange(path, value_at(format_, text, path), value)
        for path, value in ours.items()
    )
    edits = [Edit(path, value) for path, value in ours.items()]
    after = edited_by(format_, before or b"", *edits)
    edit = FileEdit(
        path=PATH,
        real=PATH,
        format=format_,
        before=before,
        after=after,
        digest=digest_of_bytes(before),
        mode=0o600,
        changes=changes,
        **more,
    )
    return wired_file(edit, None), after


# --- files that somebody could have ---------------------------------------------------

NAMES = st.text("abcdefXYZ_", min_size=1, max_size=6).map(lambda name: f"t_{name}")
PLAIN = st.booleans() | st.integers(-9, 9) | st.text("abc é#:'\\", max_size=8)
TREES = st.dictionaries(
    NAMES,
    PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(NAMES, PLAIN, max_size=3),
    max_size=4,
)
# Where ours go there may be something of theirs already.
THEIRS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["opus", "haiku"]),
        "env": st.dictionaries(NAMES, st.text("abc", max_size=4), max_size=2),
    },
)
ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def documents(draw: st.DrawFn, format_: Format) -> bytes:
    tree: dict[str, Any] = {**draw(TREES), **draw(THEIRS)}
    match format_:
        case Format.JSON | Format.JSONC | Format.JSON5:
            indent = draw(st.sampled_from([None, 2, 4, "\t"]))
            text = json.dumps(tree, indent=indent, ensure_ascii=draw(st.booleans()))
            if format_ is not Format.JSON and draw(st.booleans()):
                text = f"// theirs\n{text} /* theirs */"
        case Format.TOML:
            text = f"# theirs\n{tomlkit.dumps(tree)}"
        case Format.YAML:
            text = f"# theirs\n{json_as_yaml(tree)}"
        case _:
            flat = {name: value for name, value in tree.items() if name != "env"}
            text = "".join(
                f"{name}={json.dumps(str(value))}  # theirs\n"
                for name, value in flat.items()
                if isinstance(value, str) and "\\" not in value
            )
    end = draw(ENDS)
    text = text.rstrip("\n") + draw(st.sampled_from(["", "\n"]))
    bom = "\ufeff" if draw(st.booleans()) and format_ is not Format.DOTENV else ""
    return (bom + text.replace("\n", end)).encode()


def json_as_yaml(tree: dict[str, Any]) -> str:
    lines = []
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            lines.append(f"{name}:  # theirs\n")
            lines += [f"    {k}: {json.dumps(v)}\n" for k, v in value.items()]
        else:
            lines.append(f"{name}: {json.dumps(value)}\n")
    return "".join(lines)


FORMATS = [format_ for format_ in Format if format_ is not Format.TEXT]
CASES = st.sampled_from(FORMATS).flatmap(
    lambda format_: st.tuples(st.just(format_), documents(format_))
)


@given(CASES)
def test_the_very_bytes_come_back(case: tuple[Format, bytes]) -> None:
    format_, before = case
    record, after = wired(format_, before)
    if after == before:
        return
    back = undone(record, after)
    assert (back.way, back.data) == (Way.EXACT, before)


@given(CASES, st.text("abc", min_size=1, max_size=5))
def test_a_foreign_edit_is_kept(case: tuple[Format, bytes], value: str) -> None:
    format_, before = case
    record, after = wired(format_, before)
    edit = Edit(("t_foreign",), value)
    back = undone(record, edited_by(format_, after, edit))
    assert back.way is Way.PER_KEY
    assert back.data is not None
    wanted = edited_by(format_, before, edit)
    assert read(format_, back.data) == read(format_, wanted)
    assert KEY.encode() not in back.data
    assert all(key.fate is not KeyFate.LEFT for key in back.keys)


def read(format_: Format, data: bytes) -> Json:
    return parsed(format_, text_of(data))


@given(CASES)
def test_a_line_that_is_put_before_is_kept(case: tuple[Format, bytes]) -> None:
    format_, before = case
    comment = b"// mine\n" if format_ in {Format.JSONC, Format.JSON5} else b"# mine\n"
    if format_ is Format.JSON:
        comment = b"\n \n"
    record, after = wired(format_, before)
    bom = b"\xef\xbb\xbf" if after.startswith(b"\xef\xbb\xbf") else b""
    back = undone(record, bom + comment + after.removeprefix(bom))
    assert back.data is not None
    assert back.data.startswith(bom + comment)
    assert read(format_, back.data) == read(format_, before)


@given(CASES)
def test_what_somebody_else_set_is_left_and_named(case: tuple[Format, bytes]) -> None:
    format_, before = case
    first, *others = ours_for(format_)
    record, after = wired(format_, before)
    edited = edited_by(format_, after, Edit(first, "http://elsewhere"))
    back = undone(record, edited)
    assert back.data is not None
    text = text_of(back.data)
    assert value_at(format_, text, first) == "http://elsewhere"
    for path in others:
        before_us = value_at(format_, text_of(before), path)
        assert value_at(format_, text, path) == before_us
    (left,) = [key for key in back.keys if key.fate is KeyFate.LEFT]
    assert "http://elsewhere" in left.sentence
    assert str(PATH) in left.sentence
    forced = undone(record, edited, force=True)
    assert read(format_, forced.data or b"") == read(format_, before)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_that_was_made_goes(format_: Format) -> None:
    record, after = wired(format_, None)
    assert undone(record, after).data is None
    gone = Edit(next(iter(ours_for(format_))), ABSENT)
    back = undone(record, edited_by(format_, after, gone))
    assert (back.way, back.data) == (Way.PER_KEY, None)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_that_was_made_stays_with_what_others_wrote(format_: Format) -> None:
    record, after = wired(format_, None)
    back = undone(record, edited_by(format_, after, Edit(("theirs",), "1")))
    assert back.data is not None
    assert parsed(format_, back.data.decode()) == {"theirs": "1"}


def test_an_empty_object_of_theirs_stays() -> None:
    before = b'{"env": {}, "a": 1}'
    record, after = wired(Format.JSON, before)
    edited = after.replace(b'"a": 1', b'"a": 2')
    back = undone(record, edited)
    assert back.data is not None
    assert json.loads(back.data) == {"env": {}, "a": 2}


def test_twice_undone_is_once() -> None:
    before = b'{"model": "opus"}'
    record, after = wired(Format.JSON, before)
    again = undone(record, undone(record, after).data)
    assert (again.way, again.data) == (Way.ALREADY, before)
    assert {key.fate for key in again.keys} == {KeyFate.ALREADY}


def test_back_by_hand_is_already() -> None:
    record, after = wired(Format.JSON, b'{"model": "opus"}')
    by_hand = b'{\n"model": "opus"}'
    assert undone(record, by_hand).way is Way.ALREADY
    assert after != by_hand


def test_a_file_that_is_gone_is_said() -> None:
    record, _ = wired(Format.JSON, b"{}")
    back = undone(record, None)
    assert (back.way, back.data) == (Way.ALREADY, None)
    assert "not there any more" in back.sentence


def test_a_broken_file_is_left_with_its_line() -> None:
    record, after = wired(Format.JSON, b'{\n"a": 1\n}')
    broken = after.replace(b'"a": 1', b'"a": 1 oops')
    back = undone(record, broken)
    assert (back.way, back.data) == (Way.STUCK, broken)
    assert back.line == 2
    assert f"{PATH}, line 2 cannot be understood" in back.sentence


def test_an_element_of_a_list_is_ours_alone() -> None:
    before = b"models:\n  - name: theirs\n    model: x\n"
    path: KeyPath = ("models", Item("name", "turnout"))
    ours: dict[KeyPath, Json] = {path: {"name": "turnout", "model": "auto"}}
    record, after = wired(Format.YAML, before, ours)
    assert undone(record, after).data == before
    edited = after.replace(b"model: x", b"model: y")
    back = undone(record, edited)
    assert back.data == before.replace(b"model: x", b"model: y")


def test_one_line_of_a_text_is_ours() -> None:
    before = b'{"headers": "x-mine: 1"}'
    line, prefix = f"x-turnout-key: {KEY}", "x-turnout-key:"
    change = KeyChange(("headers",), "x-mine: 1", line, line=True, prefix=prefix)
    edit = Edit(("headers",), line, line=True, prefix=prefix)
    after = with_edits(Format.JSON, before.decode(), [edit]).encode()
    record = wired_file(
        FileEdit(
            path=PATH,
            real=PATH,
            format=Format.JSON,
            before=before,
            after=after,
            digest=digest_of_bytes(before),
            mode=0o600,
            changes=(change,),
        ),
        None,
    )
    assert undone(record, after).data == before
    back = undone(record, after.replace(b"x-mine: 1", b"x-mine: 2"))
    assert back.data is not None
    assert json.loads(back.data) == {"headers": "x-mine: 2"}
    other = after.replace(KEY.encode(), b"tnt_somebody_elses_not_a_secret")
    left = undone(record, other)
    assert (left.way, left.data) == (Way.LEFT, other)
    assert "somebody_elses" not in left.keys[0].sentence


def test_a_whole_file_that_was_changed_is_left() -> None:
    change = KeyChange((), ABSENT, "#!/bin/sh\n")
    record = wired_file(
        FileEdit(
            path=PATH,
            real=PATH,
            format=Format.TEXT,
            before=None,
            after=b"#!/bin/sh\n",
            digest="",
            mode=0o700,
            changes=(change,),
            whole=True,
        ),
        None,
    )
    assert undone(record, b"#!/bin/sh\n").data is None
    left = undone(record, b"#!/bin/sh\nmine\n")
    assert (left.way, left.data) == (Way.LEFT, b"#!/bin/sh\nmine\n")
    assert undone(record, b"#!/bin/sh\nmine\n", force=True).data is None


def test_a_secret_is_never_named() -> None:
    secret = "sk-canary-example-not-a-secret-000000"
    record, after = wired(Format.JSON, b"{}")
    stolen = Edit(("env", "BASE_URL"), secret)
    back = undone(record, edited_by(Format.JSON, after, stolen))
    told = " ".join(key.sentence for key in back.keys)
    assert secret not in told
    assert "holds ...0000" in told


def test_a_record_that_does_not_fit_goes_key_by_key() -> None:
    before = b'{"model": "opus"}'
    record, after = wired(Format.JSON, before)
    wrong = replace(record, before=digest_of_bytes(b"something else"))
    back = undone(wrong, after)
    assert back.way is Way.PER_KEY
    assert back.data is not None
    assert json.loads(back.data) == {"model": "opus"}


def test_a_secret_is_no_value_to_keep() -> None:
    secret = b'{"model": "sk-canary-example-not-a-secret-000000"}'
    with pytest.raises(SecretThere, match="model"):
        wired(Format.JSON, secret)


def test_splices_that_do_not_fit_go_key_by_key() -> None:
    record, after = wired(Format.JSON, b'{"model": "opus"}')
    wrong = replace(record, inverse=(Splice(10**6, 10**6, "x"),))
    assert undone(wrong, after).way is Way.PER_KEY


# --- what absence was before us -------------------------------------------------------

LINE = f"x-turnout-key: {KEY}"


def wired_by_line(before: bytes | None) -> tuple[WiredFile, bytes]:
    """Wire a file by one line of a value, as Claude Code's own login is."""
    text = text_of(before or b"")
    path: KeyPath = ("env", "HEADERS")
    prefix = "x-turnout-key:"
    after = edited_by(Format.JSON, before or b"", Edit(path, LINE, True, prefix))
    change = KeyChange(
        path, value_at(Format.JSON, text, path), LINE, line=True, prefix=prefix
    )
    edit = FileEdit(
        path=PATH,
        real=PATH,
        format=Format.JSON,
        before=before,
        after=after,
        digest=digest_of_bytes(before),
        mode=0o600,
        changes=(change,),
    )
    return wired_file(edit, None), after


def rewritten(data: bytes, **more: Any) -> bytes:
    """The file as its own program writes it anew."""
    return json.dumps(json.loads(data) | more, indent=2).encode()


def test_a_line_of_ours_in_a_file_of_ours_leaves_nothing() -> None:
    record, after = wired_by_line(None)
    assert undone(record, rewritten(after)).data is None
    kept = undone(record, rewritten(after, theirs=1)).data
    assert kept is not None
    assert json.loads(kept) == {"theirs": 1}


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ({"env": {"HEADERS": ""}}, {"env": {"HEADERS": ""}}),
        ({"env": {"HEADERS": "a: 1"}}, {"env": {"HEADERS": "a: 1"}}),
        ({"env": {}}, {"env": {}}),
        ({"env": {"A": "1"}}, {"env": {"A": "1"}}),
        ({"env": None}, {"env": None}),
        ({}, {}),
    ],
)
def test_what_was_there_before_a_line_of_ours(before: Json, left: Json) -> None:
    record, after = wired_by_line(json.dumps(before).encode())
    back = undone(record, rewritten(after)).data
    assert back is not None
    assert json.loads(back) == left


def test_a_line_of_theirs_beside_ours_stays() -> None:
    record, after = wired_by_line(None)
    more = json.loads(after)
    more["env"]["HEADERS"] += "\nabsent"
    back = undone(record, json.dumps(more).encode()).data
    assert back is not None
    assert json.loads(back) == {"env": {"HEADERS": "absent"}}


@pytest.mark.parametrize("format_", [Format.JSON, Format.YAML])
def test_null_comes_back(format_: Format) -> None:
    before = b'{"env": null, "a": 1}' if format_ is Format.JSON else b"env:\na: 1\n"
    record, after = wired(format_, before)
    drifted = edited_by(format_, after, Edit(("b",), 2))
    back = undone(record, drifted).data
    assert back is not None
    assert parsed(format_, text_of(back)) == {"env": None, "a": 1, "b": 2}
    assert undone(record, after).data == before


def test_an_older_record_leaves_an_emptied_value() -> None:
    record, after = wired_by_line(None)
    keys = tuple(replace(key, there=True, null=False) for key in record.keys)
    back = undone(replace(record, keys=keys), rewritten(after)).data
    assert back is not None
    assert json.loads(back) == {"env": {"HEADERS": ""}}


def test_what_was_left_out_is_said() -> None:
    before = b'{"env": {"BASE_URL": "http://localhost:4000"}}'
    record, after = wired(Format.JSON, before)
    told = undone(record, after)
    assert (told.way, told.recorded) == (Way.PER_KEY, True)
    assert told.data == b'{"env": {}}'
    assert told.sentence == (
        "It is as it was before but for env.BASE_URL. What stood there was a local"
        " gateway's and was not kept."
    )
    drifted = undone(record, edited_by(Format.JSON, after, Edit(("b",), 2)))
    assert not drifted.recorded
    assert drifted.sentence == (
        "It has been changed since, so only Turnout's own keys go back. Not given"
        " back: env.BASE_URL. What stood there was a local gateway's and was not kept."
    )
