"""The first run in a terminal: the same steps, plan and yes as the wizard's pages.

It asks commands for everything and writes nothing itself. With a file of answers it
asks nobody.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Thread
from typing import TextIO

from app.columns import harmless
from app.failure import CommandFailed, Exit
from app.plain_setup import client_outcome_lines, plan_lines
from discovery.findings import ClientFound, Findings, KeyFound, ServerFound
from wizard import flow as steps
from wizard.answers import written
from wizard.flow import ERRORS, Flow, id_of
from wizard.presets import Group, Offer, can_be_ticked
from wizard.resuming import restored, saved
from wizard.view import Applied, ClientOutcome, Outcome, PlanView

Ask = Callable[..., Awaitable[object]]
"""Runs a command by its name with its parameters; raises `CommandFailed`."""

LOOKING = "Looking only. Nothing has been changed."
LEFT = "Nothing was changed. `{command} init` goes on where you left."

STOPPED = (
    "Stopped while changes were made. `{command} undo --list` shows what was done."
)

_SENTENCES = 2  # blanks before a line that is a sentence, at most
_LONGEST_NUMBER = 5  # digits
_DONE = frozenset({Applied.APPLIED, Applied.ALREADY, Applied.BY_HAND})
_GROUPS = {
    Group.CLIENTS: "Coding tools",
    Group.KEYS: "Keys",
    Group.SERVERS: "Model servers",
}
_OFFERS = {
    Offer.PRACTICE: "Go on without: the practice provider answers. It is simulated, no "
    "model runs and nothing leaves this machine.",
    Offer.SERVER: "Start a local server, such as Ollama or LM Studio, then look again "
    "(l).",
    Offer.KEY: "Have a key: `{command} keys store anthropic --value` asks for"
    " it, then look again (l).",
}


Reader = Callable[[], str]
"""Gives the next line a person types, without its end; raises `EOFError`."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The terminal: where lines go and come from, and how Turnout is typed."""

    out: TextIO
    read: Reader = input
    command: str = "turnout"
    width: int = 0
    applying: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, lines: Sequence[str]) -> None:
        """Print lines from which nothing can steer the terminal, whole words a line.

        Where `width` is 0 nothing is broken: a program reads it. Lines of a difference
        stay whole, too: their blanks have a meaning.
        """
        shown = (each for line in lines for each in self._broken(harmless(line)))
        print("\n".join(shown), file=self.out, flush=True)

    def _broken(self, line: str) -> Sequence[str]:
        indent = len(line) - len(line.lstrip())
        if not self.width or len(line) <= self.width or indent > _SENTENCES:
            return (line,)
        return textwrap.wrap(
            line,
            self.width,
            subsequent_indent=" " * (indent + _SENTENCES),
            break_long_words=False,
            break_on_hyphens=False,
        )


async def scripted(ask: Ask, screen: Screen, answers: str, *, dry_run: bool) -> int:
    """Plan by a file of answers and, unless it is a dry run, carry that out."""
    plan = await _plan(ask, answers)
    screen.show(plan_lines(plan, screen.command))
    if dry_run:
        return Exit.OK
    screen.show(("",))
    outcome = await _apply(ask, screen, answers, plan)
    return _exit(outcome)


async def looked_at(ask: Ask, screen: Screen) -> int:
    """Show what is here and what the usual choices would change; asks nothing."""
    flow = await _look(ask, Flow())
    screen.show(tuple(_look_lines(flow, screen.command)))
    flow = steps.continue_(flow)
    if flow.errors:
        screen.show(_errors(flow))
        return Exit.OK
    plan = await _plan(ask, written(flow.answers()))
    screen.show(("", *plan_lines(plan, screen.command)))
    return Exit.OK


async def asked(ask: Ask, screen: Screen) -> int:
    """Go through the three steps with a person; nothing is written before the yes."""
    remembered = await ask("setup resume")
    flow = await _look(ask, restored(getattr(remembered, "text", "")))
    try:
        while not flow.finished:
            flow, going = await _step(ask, screen, flow)
            if not going:
                screen.show((LEFT.format(command=screen.command),))
                return Exit.OK
    except EOFError:
        screen.show(("", LEFT.format(command=screen.command)))
        return Exit.OK
    except asyncio.CancelledError:
        # Ctrl-C: while a part is being applied the flow still stands in Review.
        said = STOPPED if screen.applying.is_set() else LEFT
        screen.show(("", said.format(command=screen.command)))
        raise
    await ask("setup save", text=saved(flow))
    outcomes = Outcome(flow.outcomes, flow.own, flow.undo_all)
    return _exit(outcomes)


async def _step(ask: Ask, screen: Screen, flow: Flow) -> tuple[Flow, bool]:
    if flow.step is steps.Step.LOOK:
        return await _look_step(ask, screen, flow)
    if flow.plan is None:
        try:
            plan = await _plan(ask, written(flow.answers()))
        except CommandFailed as failed:
            screen.show((f"{failed.title}. {failed.message}", failed.todo))
            return steps.back(steps.plan_failed(flow, failed.message)), True
        flow = steps.plan_ready(flow, plan)
    return await _review_step(ask, screen, flow)


# --- Look -----------------------------------------------------------------------------


async def _look(ask: Ask, flow: Flow) -> Flow:
    async def group(each: Group) -> tuple[Group, Findings | CommandFailed]:
        try:
            found = await ask("discover", only=each.value)
        except CommandFailed as failed:
            return each, failed
        return each, found if isinstance(found, Findings) else Findings()

    for each, found in await asyncio.gather(*map(group, Group)):
        if isinstance(found, CommandFailed):
            flow = steps.not_found(flow, each, f"{found.title}. {found.message}")
        else:
            flow = steps.found(flow, each, found)
    return flow


async def _look_step(ask: Ask, screen: Screen, flow: Flow) -> tuple[Flow, bool]:
    screen.show(tuple(_look_lines(flow, screen.command)))
    prompt = (
        "\nNumbers tick or untick, m changes the mode, l looks again, "
        "Enter shows what would change, q quits: "
    )
    word = (await _line(screen, prompt)).strip().lower()
    if word == "q":
        return flow, False
    if word == "l":
        return await _look(ask, steps.look_again(flow)), True
    if word == "m":
        return await _mode_step(screen, flow), True
    if word:
        return _ticked(screen, flow, word), True
    flow = steps.continue_(flow)
    screen.show(_errors(flow))
    await ask("setup save", text=saved(flow))
    return flow, True


async def _mode_step(screen: Screen, flow: Flow) -> Flow:
    lines = [
        f"  {number}  {name}: {meaning}"
        for number, (_, name, meaning) in enumerate(steps.MODES, 1)
    ]
    screen.show(("", *lines))
    word = (await _line(screen, "The mode's number: ")).strip()
    if word in {str(number) for number in range(1, len(steps.MODES) + 1)}:
        return steps.set_mode(flow, steps.MODES[int(word) - 1][0])
    screen.show(("The mode stays as it is.",))
    return flow


def _ticked(screen: Screen, flow: Flow, word: str) -> Flow:
    rows = dict(enumerate(_rows(flow), 1))
    chosen = [_numbered(rows, each) for each in word.replace(",", " ").split()]
    if None in chosen:
        known = f"1 to {len(rows)}" if rows else "none here"
        screen.show((f"Type numbers with blanks between them ({known}).",))
        return flow
    for group, found in filter(None, chosen):
        id_ = id_of(found)
        flow = steps.tick(flow, group, id_, on=id_ not in flow.ticked(group))
    return flow


_Row = tuple[Group, ClientFound | KeyFound | ServerFound]


def _numbered(rows: Mapping[int, _Row], word: str) -> _Row | None:
    is_number = word.isascii() and word.isdigit() and len(word) < _LONGEST_NUMBER
    return rows.get(int(word)) if is_number else None


def _rows(
    flow: Flow,
) -> Iterator[_Row]:
    findings = flow.findings
    for group, found in (
        (Group.CLIENTS, findings.clients),
        (Group.KEYS, findings.keys),
        (Group.SERVERS, findings.servers),
    ):
        yield from ((group, each) for each in found if can_be_ticked(each))


def _look_lines(flow: Flow, command: str) -> Iterator[str]:
    yield LOOKING
    numbers = {id(each): number for number, (_, each) in enumerate(_rows(flow), 1)}
    for group, title in _GROUPS.items():
        found = _found_of(flow, group)
        if found:
            yield ""
            yield title
        ticked = set(flow.ticked(group))
        for each in found:
            number = numbers.get(id(each))
            mark = "x" if id_of(each) in ticked else " "
            head = f"  [{mark}] {number:>2}  " if number else "           "
            yield f"{head}{_said(each)}"
            yield from (f"             {note}" for note in each.notes)
    for router in flow.findings.routers:
        yield f"Mind: {router.sentence}"
    yield from (f"Mind: {problem}" for problem in flow.findings.problems)
    if flow.offers:
        yield ""
        yield "Nothing that could answer was found. You can:"
        yield from (
            f"  - {_OFFERS[each].format(command=command)}" for each in flow.offers
        )
    yield ""
    yield f"Mode: {flow.mode}"


def _found_of(
    flow: Flow, group: Group
) -> Sequence[ClientFound | KeyFound | ServerFound]:
    findings = flow.findings
    if group is Group.CLIENTS:
        return findings.clients
    return findings.keys if group is Group.KEYS else findings.servers


def _said(found: ClientFound | KeyFound | ServerFound) -> str:
    if isinstance(found, KeyFound):
        ending = f", ends in {found.last4}" if found.last4 else ""
        words = f"{found.name}: {found.variable}{ending}, {found.where}"
    elif isinstance(found, ClientFound):
        words = f"{found.name} {found.version}".rstrip() + f", {found.where}"
    else:
        words = f"{found.name} {found.version}".rstrip() + f", {found.address}"
        words += f", {len(found.models)} models" if found.models else ""
    used = getattr(found, "used", False)
    return f"{words} (in use)" if used else words


# --- Review and apply -----------------------------------------------------------------


async def _plan(ask: Ask, answers: str) -> PlanView:
    plan = await ask("setup plan", answers=answers)
    if not isinstance(plan, PlanView):
        raise TypeError(type(plan).__name__)
    return plan


async def _review_step(ask: Ask, screen: Screen, flow: Flow) -> tuple[Flow, bool]:
    plan = flow.plan
    if plan is None:
        return flow, True
    screen.show(("", *plan_lines(plan, screen.command), ""))
    questions = [(c.client, q) for c in plan.clients for q in c.questions]
    for client, question in questions:
        screen.show((question.sentence,))
        if (await _line(screen, "Type yes to replace it: ")).strip() == "yes":
            return steps.say_yes(flow, client, question.key), True
    prompt = "Type yes to make these changes, b to go back, q to quit: "
    word = (await _line(screen, prompt)).strip().lower()
    if word == "q":
        return flow, False
    if word != "yes":
        return steps.back(flow), True
    flow = steps.apply(flow)
    if flow.errors:
        screen.show(_errors(flow))
        return steps.back(flow), True
    await ask("setup save", text=saved(flow))
    outcome = await _apply(ask, screen, written(flow.answers()), plan)
    return steps.applied(flow, outcome), True


async def _apply(ask: Ask, screen: Screen, answers: str, plan: PlanView) -> Outcome:
    """Apply part by part, so that each is told as it is done."""
    screen.applying.set()
    own = await _part(ask, answers, plan, "turnout")
    screen.show(own.own)
    clients: list[ClientOutcome] = []
    for client in plan.clients:
        screen.show((f"{client.name} ...",))
        told = await _part(ask, answers, plan, client.client)
        for each in told.clients:
            screen.show(client_outcome_lines(each))
        clients += told.clients
    if any(client.state in _DONE for client in clients):
        screen.show((f"Everything goes back with: {plan.undo_all}",))
    return Outcome(tuple(clients), own.own, plan.undo_all)


async def _part(ask: Ask, answers: str, plan: PlanView, name: str) -> Outcome:
    told = await ask("setup apply", answers=answers, plan=plan.id, client=name)
    if not isinstance(told, Outcome):
        raise TypeError(type(told).__name__)
    return told


def _exit(outcome: Outcome) -> int:
    return Exit.FAILED if outcome.failed else Exit.OK


def _errors(flow: Flow) -> tuple[str, ...]:
    return tuple(ERRORS[error] for error in flow.errors)


async def _line(screen: Screen, prompt: str) -> str:
    *before, last = textwrap.wrap(prompt, screen.width) if screen.width else [prompt]
    screen.out.write("".join(f"{line}\n" for line in before))
    screen.out.write(f"{last.rstrip()} ")
    screen.out.flush()
    typed: Future[str] = Future()
    # No thread of the loop's: its end would wait for a person who typed Ctrl-C.
    Thread(target=_read, args=(screen.read, typed), daemon=True).start()
    return await asyncio.wrap_future(typed)


def _read(read: Reader, typed: Future[str]) -> None:
    if not typed.set_running_or_notify_cancel():
        return
    try:
        typed.set_result(read())
    except (EOFError, OSError, ValueError) as ended:
        typed.set_exception(ended)


def is_terminal() -> bool:
    """Tell whether a person can be asked here."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def width_here() -> int:
    """Return how wide the terminal is, 0 where a program reads."""
    return shutil.get_terminal_size().columns if is_terminal() else 0
