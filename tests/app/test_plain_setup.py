"""Plans and outcomes as lines for people."""

from app.commands.setup import Integration, SavedFirstRun
from app.plain import plain
from wizard.plan import Login
from wizard.view import (
    Applied,
    ClientOutcome,
    ClientView,
    DiffLine,
    FileView,
    LineKind,
    Outcome,
    PlanView,
    QuestionView,
    RefusalView,
    StepView,
    TestStep,
)

VIEW = ClientView(
    client="codex",
    name="Codex",
    login=Login.KEY,
    ready=True,
    changes=True,
    files=(
        FileView("~/a.toml", True, (), (DiffLine(LineKind.NEW, "x = 1", True, 0, 1),)),
        FileView("~/b.toml", False, (), ()),
    ),
    commands=("codex x",),
    means=("Means.",),
    without="Without.",
    notes=("Note.",),
    undo="turnout undo codex",
)
PLAN = PlanView("id", (VIEW,), ("Own.",), "/b", "turnout undo --all", ("Left.",))


def test_a_plan_says_what_changes_and_how_it_goes_back() -> None:
    assert plain(PLAN) == (
        "Codex: would be connected",
        "  ~/a.toml (new)",
        "   + x = 1",
        "  ~/b.toml: has all of it already",
        "  Runs: codex x",
        "  Means.",
        "  While Turnout does not run: Without.",
        "  Mind: Note.",
        "  Back with: turnout undo codex",
        "",
        "Turnout's own configuration",
        "  Own.",
        "",
        "Mind: Left.",
        "The way back is kept in /b.",
        "Everything goes back with: turnout undo --all",
    )


def test_what_stands_in_the_way_is_said_first() -> None:
    refused = ClientView(
        client="aider",
        name="Aider",
        login=Login.KEY,
        ready=False,
        changes=False,
        refusals=(RefusalView("~/x", "it is broken", "Mend it.", 3),),
    )
    asked = ClientView(
        client="aider",
        name="Aider",
        login=Login.KEY,
        ready=False,
        changes=True,
        questions=(QuestionView("over_local", "Replace it?"),),
        steps=(StepView("Here", "one\ntwo"),),
    )
    assert plain(PlanView("i", (refused,)))[:3] == (
        "Aider: cannot be connected as it is",
        "  Stays as it is. ~/x, line 3: it is broken.",
        "  Mend it.",
    )
    lines = plain(PlanView("i", (asked,)))
    assert lines[0] == "Aider: has a question first"
    assert "  Asks (over_local): Replace it?" in lines
    assert lines[2:5] == ("  By hand. Here:", "    one", "    two")


def test_nothing_to_do_is_said() -> None:
    assert plain(PlanView("i", ())) == ("Nothing would change.",)
    assert plain(Outcome(())) == ("Nothing was changed.",)


OUTCOME = ClientOutcome(
    client="codex",
    name="Codex",
    state=Applied.TAKEN_BACK,
    sentence="The test stopped.",
    todo="Do this.",
    test=(
        TestStep("port", True, "answers", 3),
        TestStep("key", False, "refused", 4),
        TestStep("cost", None, "unknown", 5),
    ),
    steps=(StepView("Here", "one"),),
)


def test_an_outcome_is_told_step_by_step() -> None:
    assert plain(OUTCOME) == (
        "Codex (taken back): The test stopped.",
        "  ok  port: answers (3 ms)",
        "  no  key: refused (4 ms)",
        "  --  cost: unknown (5 ms)",
        "  Here:",
        "    one",
        "  Do this.",
    )


def test_the_way_back_is_told_where_something_was_done() -> None:
    done = ClientOutcome("codex", "Codex", Applied.APPLIED, "Connected.")
    lines = plain(Outcome((done,), ("Own.",), "turnout undo --all"))
    assert lines[0] == "Own."
    assert lines[-1] == "Everything goes back with: turnout undo --all"
    assert "undo" not in str(plain(Outcome((OUTCOME,), (), "turnout undo --all")))


def test_an_integration_asks_or_tells() -> None:
    asked = plain(Integration(PLAN, asks=True), "turnout")
    assert "turnout integrate codex --yes" in asked[-1]
    assert plain(Integration(PLAN, asks=False)) == plain(PLAN)
    outcome = Outcome((OUTCOME,))
    assert plain(Integration(PLAN, asks=False, outcome=outcome)) == plain(outcome)


def test_a_remembered_first_run_is_told() -> None:
    assert "not been" in plain(SavedFirstRun("", begun=False))[0]
    assert "gone through" in plain(SavedFirstRun("x", begun=True))[0]
