"""What a plan says of itself."""

from pathlib import Path

from wizard.formats import Format
from wizard.plan import (
    Choice,
    ClientCommand,
    ClientPlan,
    FileEdit,
    Question,
    Refusal,
    Step,
)

FILE = Path("/home/ada/.tool/settings.json")


def edit(before: bytes | None, after: bytes) -> FileEdit:
    return FileEdit(FILE, FILE, Format.JSON, before, after, "", 0o600, ())


def plan(**parts: object) -> ClientPlan:
    return ClientPlan("tool", "Tool", Choice("tool"), **parts)  # type: ignore[arg-type]


def test_a_plan_that_leaves_every_byte_changes_nothing() -> None:
    assert not plan().changes_anything
    assert not plan(edits=(edit(b"{}", b"{}"),)).changes_anything
    assert plan(edits=(edit(b"{}", b"{}"), edit(None, b"{}"))).changes_anything
    command = ClientCommand(("tool", "set"), ("tool", "unset"), FILE)
    assert plan(commands=(command,)).changes_anything


def test_what_stands_in_the_way() -> None:
    assert plan().can_be_applied
    assert not plan(refusals=(Refusal("f", "w", "t"),)).can_be_applied
    assert not plan(questions=(Question("k", "s"),)).can_be_applied


def test_nothing_of_a_file_and_no_key_shows_itself() -> None:
    told = repr(
        plan(
            edits=(edit(b"canary", b"canary"),),
            steps=(Step("here", "canary"),),
            commands=(ClientCommand(("tool", "canary"), (), FILE),),
        )
    )
    assert "canary" not in told
