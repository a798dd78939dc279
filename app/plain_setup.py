"""Plans and their outcomes as lines for people; it asks nothing and prints nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.commands.setup import Integration, SavedFirstRun
from wizard.view import (
    Applied,
    ClientOutcome,
    ClientView,
    DiffLine,
    FileView,
    LineKind,
    Outcome,
    PlanView,
    TestStep,
)

_MARKS = {
    LineKind.SAME: "   ",
    LineKind.GONE: " - ",
    LineKind.NEW: " + ",
    LineKind.CUT: " ~ ",
}
_STATES = {
    Applied.APPLIED: "connected",
    Applied.ALREADY: "as it was",
    Applied.BY_HAND: "by hand",
    Applied.REFUSED: "not changed",
    Applied.TAKEN_BACK: "taken back",
    Applied.FAILED: "not changed",
}


def plan_lines(view: PlanView, command_path: str) -> tuple[str, ...]:
    """Return all that would change; the last lines say how to take it back."""
    return tuple(_plan(view, command_path))


def _plan(view: PlanView, command_path: str) -> Iterator[str]:
    for client in view.clients:
        yield from client_lines(client)
        yield ""
    if view.own:
        yield "Turnout's own configuration"
        yield from (f"  {sentence}" for sentence in view.own)
        yield ""
    yield from (f"Mind: {note}" for note in view.notes)
    if not view.clients and not view.own:
        yield "Nothing would change."
        return
    yield f"The way back is kept in {view.backups}."
    yield f"Everything goes back with: {view.undo_all or f'{command_path} undo --all'}"


def client_lines(client: ClientView) -> Iterator[str]:
    """Yield one client's plan."""
    yield _title(client)
    for refusal in client.refusals:
        place = f"{refusal.file}, line {refusal.line}" if refusal.line else refusal.file
        yield f"  Stays as it is. {place}: {refusal.why}."
        yield f"  {refusal.todo}"
    for question in client.questions:
        yield f"  Asks ({question.key}): {question.sentence}"
    for file in client.files:
        yield from _file(file)
    yield from (f"  Runs: {command}" for command in client.commands)
    for step in client.steps:
        yield f"  By hand. {step.where}:"
        yield from (f"    {line}" for line in step.text.splitlines())
    yield from (f"  {sentence}" for sentence in client.means)
    if client.without:
        yield f"  While Turnout does not run: {client.without}"
    yield from (f"  Mind: {note}" for note in client.notes)
    if client.changes:
        yield f"  Back with: {client.undo}"


def _title(client: ClientView) -> str:
    if client.refusals:
        return f"{client.name}: cannot be connected as it is"
    if client.questions:
        return f"{client.name}: has a question first"
    if client.changes:
        return f"{client.name}: would be connected"
    if client.steps:
        return f"{client.name}: is set up by hand"
    return f"{client.name}: is connected already, nothing would change"


def _file(file: FileView) -> Iterator[str]:
    if not file.lines:
        yield f"  {file.path}: has all of it already"
        return
    yield f"  {file.path} ({'new' if file.new else 'changed'})"
    yield from (f"  {_line(line)}" for line in file.lines)


def _line(line: DiffLine) -> str:
    return f"{_MARKS[line.kind]}{line.text}"


def outcome_lines(outcome: Outcome, _: str = "") -> tuple[str, ...]:
    """Return what became of a plan."""
    lines: list[str] = list(outcome.own)
    for client in outcome.clients:
        lines += client_outcome_lines(client)
    done = {Applied.APPLIED, Applied.ALREADY, Applied.BY_HAND}
    if any(client.state in done for client in outcome.clients) and outcome.undo_all:
        lines.append(f"Everything goes back with: {outcome.undo_all}")
    return tuple(lines) or ("Nothing was changed.",)


def client_outcome_lines(client: ClientOutcome, _: str = "") -> tuple[str, ...]:
    """Return what became of one client."""
    lines = [f"{client.name} ({_STATES[client.state]}): {client.sentence}"]
    lines += [f"  {_step(step)}" for step in client.test]
    for step in client.steps:
        lines.append(f"  {step.where}:")
        lines += [f"    {line}" for line in step.text.splitlines()]
    if client.todo:
        lines.append(f"  {client.todo}")
    return tuple(lines)


def _step(step: TestStep) -> str:
    mark = {True: "ok", False: "no", None: "--"}[step.ok]
    return f"{mark}  {step.name}: {step.text} ({step.ms} ms)"


def integration_lines(result: Integration, command_path: str) -> tuple[str, ...]:
    """Return the plan, or what became of it; and how to say yes."""
    if result.outcome is not None:
        return outcome_lines(result.outcome)
    lines = plan_lines(result.plan, command_path)
    if not result.asks:
        return lines
    client = result.plan.clients[0].client
    yes = f"Nothing was changed. Agree with: {command_path} integrate {client} --yes"
    return (*lines, f"{yes} (and the same choices)")


def saved_lines(result: SavedFirstRun, _: str = "") -> Iterable[str]:
    """Say whether a first run is remembered."""
    if not result.begun:
        return ("The first run has not been gone through.",)
    return ("The first run was gone through or put off.",)
