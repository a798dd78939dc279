"""The way back of a file: what is kept of it, and what must not be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_plans import KEY, KEYS, URL, json_wish, plan

from wizard.formats import ABSENT, Broken, Format
from wizard.plan import FileEdit, KeyChange, KeyWish
from wizard.records import WiredFile
from wizard.undone import undone
from wizard.wired import SecretThere, wired_file


def edit_of(file: Path, text: str, *keys: KeyWish, over_local: bool = True) -> FileEdit:
    file.write_text(text)
    wanted = plan(json_wish(file, keys or KEYS), over_local=over_local)
    assert wanted.refusals == ()
    return wanted.edits[0]


def saved(record: WiredFile) -> dict[str, object]:
    return {str(key.path[-1]): key.saved for key in record.keys}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def test_the_values_before_are_kept_and_absence_is_one(file: Path) -> None:
    record = wired_file(edit_of(file, '{"model": {"a": [1]}, "env": {}}'), None)
    assert saved(record) == {
        "BASE_URL": ABSENT,
        "HEADERS": ABSENT,
        "model": {"a": [1]},
    }
    assert record.existed
    assert record.found == record.before
    assert {key.parents for key in record.keys} == {1, 0}


def test_no_text_between_our_keys_is_kept(file: Path) -> None:
    between = "canary of theirs"
    edit = edit_of(file, f'{{"env": {{"A": "1"}}, "b": "{between}", "model": "opus"}}')
    record = wired_file(edit, None)
    assert "".join(each.text for each in record.inverse) in {"opus", '"opus"'}
    assert between not in repr(record)


def test_a_local_gateways_address_is_not_kept(file: Path) -> None:
    text = '{"env": {"BASE_URL": "http://localhost:4000", "A": "1"}}'
    edit = edit_of(file, text)
    record = wired_file(edit, None)
    assert saved(record)["BASE_URL"] is ABSENT
    assert record.before != record.found
    back = undone(record, edit.after).data
    assert back == b'{"env": {"A": "1"}}'
    assert "4000" not in "".join(each.text for each in record.inverse)


def test_our_own_older_key_is_not_kept(file: Path) -> None:
    older = f"x-turnout-key: {KEY.replace('canary', 'older0')}"
    text = f'{{"env": {{"BASE_URL": "{URL}", "HEADERS": "{older}"}}}}'
    edit = edit_of(file, text)
    record = wired_file(edit, None)
    assert saved(record)["HEADERS"] is ABSENT
    assert "older0" not in str([each.text for each in record.inverse])
    back = undone(record, edit.after).data
    assert back is not None
    assert b"tnt_" not in back


def test_our_own_address_is_not_kept_where_it_stays_the_same(file: Path) -> None:
    older = f"x-turnout-key: {KEY.replace('canary', 'older0')}"
    edit = edit_of(file, f'{{"env": {{"BASE_URL": "{URL}", "HEADERS": "{older}"}}}}')
    assert edit.changes[0].same
    record = wired_file(edit, None)
    assert saved(record)["BASE_URL"] is ABSENT
    back = undone(record, edit.after).data
    assert back == b'{"env": {}}'


def test_a_secret_is_refused(file: Path) -> None:
    secret = "sk-canary-example-not-a-secret-000000"
    edit = edit_of(file, '{"model": "opus"}')
    data = f'{{"model": "{secret}"}}'.encode()
    with pytest.raises(SecretThere, match=r"^model$") as found:
        wired_file(replace(edit, before=data), None)
    assert secret not in str(found.value)


def test_wired_again_the_first_values_stay(file: Path) -> None:
    first = edit_of(file, '{"model": "opus"}')
    record = wired_file(first, None)
    file.write_bytes(first.after)
    other = KeyWish(("model",), "another-model")
    second = edit_of(file, first.after.decode(), other)
    again = wired_file(second, record)
    assert saved(again)["model"] == "opus"
    assert set(saved(again)) == {"model", "BASE_URL", "HEADERS"}
    assert undone(again, second.after).data == b'{"model": "opus"}'
    assert again.before == record.before


def test_a_way_back_with_a_secret_in_it_is_by_keys_alone(file: Path) -> None:
    """A text beside our keys that changes too: no planner does that, and yet."""
    secret = b"sk-canary-example-not-a-secret-000000"
    edit = edit_of(file, '{"model": "opus"}')
    before = b'{"model": "opus", "x": "%s"}' % secret
    record = wired_file(replace(edit, before=before), None)
    assert (record.before, record.inverse) == ("", ())
    back = undone(record, edit.after).data
    assert back == b'{"model": "opus"}'


def test_what_is_no_text_is_refused(file: Path) -> None:
    edit = edit_of(file, '{"model": "opus"}')
    with pytest.raises(Broken):
        wired_file(replace(edit, before=b"\xff\xfe\x00"), None)


def test_a_whole_file_of_ours_from_before_is_not_kept(file: Path) -> None:
    change = KeyChange((), ABSENT, "#!/bin/sh\n")
    edit = FileEdit(
        path=file,
        real=file,
        format=Format.TEXT,
        before=b"#!/bin/sh\n# an older one of ours\n",
        after=b"#!/bin/sh\n",
        digest="older",
        mode=0o700,
        changes=(change,),
        whole=True,
    )
    record = wired_file(edit, None)
    assert (record.existed, record.before, record.inverse) == (False, "", ())
    empty = wired_file(replace(edit, before=b""), None)
    assert empty.existed
    assert undone(empty, edit.after).data == b""


def test_an_older_line_of_ours_is_dropped(file: Path) -> None:
    older = f"x-turnout-key: {KEY.replace('canary', 'older0')}"
    line = KeyWish(
        ("headers",), f"x-turnout-key: {KEY}", line=True, prefix="x-turnout-key:"
    )
    edit = edit_of(file, json.dumps({"headers": f"a: 1\n{older}"}), line)
    record = wired_file(edit, None)
    assert "older0" not in str([each.text for each in record.inverse])
    back = undone(record, edit.after).data
    assert back is not None
    assert json.loads(back) == {"headers": "a: 1"}


def test_wired_again_the_users_own_address_stays_theirs(file: Path) -> None:
    """The plan's ABSENT is about our older value, not about what was before it."""
    theirs = '{"env": {"BASE_URL": "https://foreign.example/x"}, "t": 1}'
    first = edit_of(file, theirs)
    record = wired_file(first, None)
    moved = tuple(
        replace(key, value="http://127.0.0.1:9999") if "BASE_URL" in key.path else key
        for key in KEYS
    )
    second = edit_of(file, first.after.decode(), *moved)
    assert second.changes[0].before is ABSENT
    again = wired_file(second, record)
    assert saved(again)["BASE_URL"] == "https://foreign.example/x"
    assert again.left_out == ()
    assert undone(again, second.after).data == theirs.encode()


def test_what_stood_beside_another_gateways_address_is_not_kept(file: Path) -> None:
    edit = edit_of(
        file,
        '{"env": {"BASE_URL": "http://127.0.0.1:4000", "HEADERS": "x: PROXY_MANAGED"}}',
    )
    record = wired_file(edit, None)
    assert record.left_out == ("env.BASE_URL", "env.HEADERS")
    assert "MANAGED" not in repr(record.inverse)
    assert undone(record, edit.after).data == b'{"env": {}}'


def test_what_was_left_out_is_known_when_it_is_wired_again(file: Path) -> None:
    first = edit_of(file, '{"env": {"BASE_URL": "http://127.0.0.1:4000"}}')
    record = wired_file(first, None)
    other = KeyWish(("model",), "another-model")
    second = edit_of(file, first.after.decode(), *KEYS[:2], other)
    again = wired_file(second, record)
    assert again.left_out == ("env.BASE_URL",)


def test_a_key_that_goes_with_its_object_is_ours_no_more(file: Path) -> None:
    deep = (KeyWish(("ours", "name"), "x"), KeyWish(("b", "x"), "y"))
    first = edit_of(file, '{"a": 1, "b": {"theirs": 1}}', *deep)
    record = wired_file(first, None)
    second = edit_of(file, first.after.decode(), KeyWish(("ours",), ABSENT))
    again = wired_file(second, record)
    assert {key.path for key in again.keys} == {("ours",), ("b", "x")}
    back = undone(again, second.after).data
    assert back is not None
    assert json.loads(back) == {"a": 1, "b": {"theirs": 1}}
