"""What people see of a plan: each change, its place, and no key."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from wizard.formats import ABSENT, Format
from wizard.plan import Choice, ClientPlan, FileEdit, KeyChange, Login, Plan, Question
from wizard.planning import PLACEHOLDER
from wizard.showing import MADE_LATER, difference, file_view, shown
from wizard.view import DiffLine, LineKind

HOME = Path("/home/ada")
OURS = "tnt_" + "a" * 43 + "bcdefg"


def test_changes_stand_between_the_lines_around_them() -> None:
    before = "".join(f"line {n}\n" for n in range(1, 21))
    after = before.replace("line 10\n", "line 10\nnew\n").replace("line 11\n", "")
    lines = list(difference(before, after))
    assert [line.kind for line in lines] == [
        LineKind.CUT,
        *[LineKind.SAME] * 3,
        LineKind.GONE,
        LineKind.NEW,
        *[LineKind.SAME] * 3,
        LineKind.CUT,
    ]
    assert lines[0].text == "7 lines stay as they are"
    assert lines[1] == DiffLine(LineKind.SAME, "line 8", False, 8, 8)
    assert lines[4] == DiffLine(LineKind.GONE, "line 11", True, 11, 0)
    assert lines[5] == DiffLine(LineKind.NEW, "new", True, 0, 11)
    assert lines[6] == DiffLine(LineKind.SAME, "line 12", False, 12, 12)


def test_what_is_the_same_shows_nothing() -> None:
    assert list(difference("a\nb\n", "a\nb\n")) == []


@given(
    st.lists(st.sampled_from("abcd"), max_size=12),
    st.lists(st.sampled_from("abcd"), max_size=12),
)
def test_a_difference_tells_every_line_that_went_or_came(
    old: list[str], new: list[str]
) -> None:
    lines = list(difference("\n".join(old), "\n".join(new)))
    for line in lines:
        if line.before:
            assert old[line.before - 1] == line.text
        if line.after:
            assert new[line.after - 1] == line.text
    gone = sum(line.kind is LineKind.GONE for line in lines)
    came = sum(line.kind is LineKind.NEW for line in lines)
    assert len(old) - gone == len(new) - came


def _edit() -> FileEdit:
    before = (
        b'{\n  "token": "canary-mine-0123456789",\n  "url": "https://x.example"\n}\n'
    )
    after = before.replace(b"https://x.example", b"http://127.0.0.1:8787").replace(
        b'"url"', f'"key": "{PLACEHOLDER}",\n  "url"'.encode()
    )
    return FileEdit(
        path=HOME / ".tool/settings.json",
        real=HOME / ".tool/settings.json",
        format=Format.JSON,
        before=before,
        after=after,
        digest="d",
        mode=0o600,
        changes=(
            KeyChange(("url",), "https://x.example", "http://127.0.0.1:8787", "where"),
            KeyChange(("key",), ABSENT, PLACEHOLDER, "opens", secret=True),
            KeyChange(("old",), "canary-old-0123456789", OURS, "opens", secret=True),
        ),
    )


def test_keys_are_masked_wherever_they_stand() -> None:
    view = file_view(_edit(), HOME)
    assert view.path == "~/.tool/settings.json"
    told = str(view)
    assert "canary" not in told
    assert PLACEHOLDER not in told
    assert OURS not in told
    assert MADE_LATER in told
    assert [key.name for key in view.keys] == ["url", "key", "old"]
    assert view.keys[0].before == "https://x.example"
    assert view.keys[1].before == ""
    assert view.keys[2].after == "tnt_...defg"


def test_a_plan_is_shown_with_its_questions_and_the_way_back() -> None:
    plan = ClientPlan(
        client="tool",
        name="Tool",
        choice=Choice("tool", login=Login.OWN),
        edits=(_edit(),),
        questions=(Question("over_local", f"{HOME}/.tool points at x. Replace it?"),),
        undo="turnout undo tool",
    )
    view = shown(Plan("id", (plan,)), HOME, own=("The mode becomes x.",), undo_all="u")
    (client,) = view.clients
    assert not client.ready
    assert client.changes
    assert client.login is Login.OWN
    assert client.questions[0].sentence == "~/.tool points at x. Replace it?"
    assert (view.own, view.undo_all) == (("The mode becomes x.",), "u")
