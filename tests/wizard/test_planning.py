"""Plans from made wishes: what is kept, what is asked, what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from discovery.files import FileState, Trouble
from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import ABSENT, Format
from wizard.plan import Choice, ClientPlan, FileWish, KeyWish, Login
from wizard.planning import PLACEHOLDER, part_of, plan_client, plan_of

FILE = Path("/home/ada/.tool/settings.json")
OURS = "tnt_" + "a" * 43 + "bbbbbb"
URL = "http://127.0.0.1:8787"


def planned(
    text: str | None,
    *keys: KeyWish,
    trouble: Trouble = Trouble.NONE,
    linked: bool = False,
    whole: bool = False,
    follow_links: bool = True,
    over_local: bool = False,
    mode: int | None = 0o600,
    fmt: Format = Format.JSON,
    older_is_ours: bool = True,
) -> ClientPlan:
    """A plan for one file with that text."""
    wish = FileWish(FILE, fmt, keys or _keys(), whole, follow_links)
    data = None if text is None else text.encode()
    state = FileState(FILE, FILE, data, None if data is None else mode, linked, trouble)
    setup = ClientSetup(
        "tool",
        "Tool",
        Reach.WIRED_BY_FILE,
        lambda _around, _choice: (FILE,),
        lambda _situation: Wanted(files=(wish,)),
    )
    situation = Situation(
        Surroundings(Path("/home/ada"), {}, "linux"),
        Choice("tool", over_local=over_local),
        Login.KEY,
        URL,
        PLACEHOLDER,
        "/opt/turnout",
        Path("/state/keys/tool"),
        (),
        {FILE: state},
        older_is_ours=older_is_ours,
    )
    return plan_client(setup, situation)


def _keys() -> tuple[KeyWish, ...]:
    return (
        KeyWish(("url",), URL, "where requests go"),
        KeyWish(("key",), PLACEHOLDER, "opens the gateway", secret=True),
    )


def test_a_file_that_is_not_there_is_made_for_its_owner_alone() -> None:
    plan = planned(None)
    (edit,) = plan.edits
    assert (edit.before, edit.digest, edit.mode) == (None, "", 0o600)
    assert [change.before for change in edit.changes] == [ABSENT, ABSENT]
    assert plan.can_be_applied
    assert plan.changes_anything
    assert plan.undo == "turnout undo tool"


def test_planning_what_is_there_plans_nothing() -> None:
    after = planned('{"theme": "dark"}').edits[0].after.decode()
    again = planned(after)
    assert not again.changes_anything
    assert again.edits[0].after.decode() == after
    assert all(change.same for change in again.edits[0].changes)


def test_a_value_of_the_users_is_kept() -> None:
    (edit,) = planned('{"url": "https://elsewhere.example"}').edits
    assert edit.changes[0].before == "https://elsewhere.example"


def test_our_older_wiring_is_replaced_without_a_question_and_not_kept() -> None:
    old = f'{{"url": "http://127.0.0.1:9999", "key": "{OURS}"}}'
    plan = planned(old)
    assert not plan.questions
    assert [change.before for change in plan.edits[0].changes] == [ABSENT, ABSENT]


def test_the_wiring_of_another_turnout_is_asked_about() -> None:
    old = f'{{"url": "http://127.0.0.1:9999", "key": "{OURS}"}}'
    plan = planned(old, older_is_ours=False)
    assert [question.key for question in plan.questions] == ["over_local"]
    agreed = planned(old, older_is_ours=False, over_local=True)
    assert [c.before for c in agreed.edits[0].changes] == [ABSENT, ABSENT]
    here = f'{{"url": "{URL}", "key": "{OURS}"}}'
    assert not planned(here, older_is_ours=False).questions


def test_another_local_gateway_is_asked_about_and_never_kept() -> None:
    text = '{"url": "http://localhost:3456"}'
    plan = planned(text)
    (question,) = plan.questions
    assert question.key == "over_local"
    assert "http://localhost:3456" in question.sentence
    assert not plan.can_be_applied
    agreed = planned(text, over_local=True)
    assert agreed.can_be_applied
    assert agreed.edits[0].changes[0].before is ABSENT


def test_a_token_beside_such_an_address_is_not_kept_either() -> None:
    text = '{"url": "http://localhost:3456", "key": "PROXY_MANAGED"}'
    plan = planned(text, over_local=True)
    assert [change.before for change in plan.edits[0].changes] == [ABSENT, ABSENT]


def test_a_secret_is_not_replaced() -> None:
    plan = planned('{"key": "sk-canary-0123456789abcdef"}')
    (refusal,) = plan.refusals
    assert "keeps no copy" in refusal.why
    assert "canary" not in str(plan)


@pytest.mark.parametrize("trouble", [t for t in Trouble if t is not Trouble.NONE])
def test_every_trouble_of_a_file_is_a_refusal_with_a_way_out(trouble: Trouble) -> None:
    plan = planned("{}", trouble=trouble)
    (refusal,) = plan.refusals
    assert refusal.why
    assert refusal.todo
    assert not plan.edits


def test_a_link_is_refused_where_the_client_replaces_it() -> None:
    assert planned("{}", linked=True).can_be_applied
    assert "link" in planned("{}", linked=True, follow_links=False).refusals[0].why


def test_a_broken_file_is_refused_with_its_line() -> None:
    (refusal,) = planned('{\n  "a": 1,\n  oops\n}').refusals
    assert refusal.line == 3
    assert "oops" not in refusal.why


def test_a_whole_file_of_somebody_else_stays() -> None:
    assert planned("mine\n", whole=True, fmt=Format.TOML).refusals
    made = planned(None, whole=True, fmt=Format.TOML)
    text = made.edits[0].after.decode()
    assert not planned(text, whole=True, fmt=Format.TOML).changes_anything


def test_a_plain_text_of_ours_is_written_as_it_is() -> None:
    key = KeyWish((), "#!/bin/sh\nexec turnout\n")
    wish = planned(None, key, whole=True, fmt=Format.TEXT)
    assert wish.edits[0].after == b"#!/bin/sh\nexec turnout\n"


def test_a_file_others_can_read_is_said() -> None:
    assert any("other users" in note for note in planned("{}", mode=0o644).notes)
    assert not planned("{}", mode=0o600).notes
    assert not planned(None).notes


def test_the_id_names_each_part_and_changes_with_what_would_be_done() -> None:
    one, other = planned("{}"), planned('{"a": 1}')
    plan = plan_of([one], b"x")
    assert part_of(plan.id, "tool") == part_of(plan_of([one]).id, "tool")
    assert part_of(plan.id, "turnout") != part_of(plan_of([one]).id, "turnout")
    assert part_of(plan_of([other]).id, "tool") != part_of(plan.id, "tool")
    assert part_of(plan.id, "codex") == ""
    moved = replace(one, refusals=planned("x").refusals)
    assert part_of(plan_of([moved]).id, "tool") != part_of(plan.id, "tool")
