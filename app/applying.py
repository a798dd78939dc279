"""Carries out what a person agreed to: our own file, then client by client, tested.

A client whose test fails is taken back, and only that one. It must not do anything that
was not in the plan that was shown.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.commands import keys
from app.commands.spend import from_ledger
from app.commands.undo import unwire
from app.consenting import BY_HAND, agreed, journal_of
from app.failure import CommandFailed, Exit
from app.login_start import set_login
from app.own_config import OwnChanges, OwnEntry
from app.serve import CannotServe, check_free, runs, start_keeper
from app.serve import answers as somebody_answers
from app.services import Services
from app.turns import TurnTaken, turn_of
from app.wire_check import Checked, check, target_in
from app.wiring import Drawn, draw, port_of
from discovery.files import look_at
from discovery.shell_files import assignments
from proxy.ledger.rows import ConsentKind
from wizard.answers import Answers
from wizard.apply import AppliedClient, NotApplied, apply_client
from wizard.journal import JournalBusy
from wizard.plan import ClientPlan, Login
from wizard.planning import part_of
from wizard.showing import short
from wizard.undo import back_to
from wizard.view import Applied, ClientOutcome, Outcome, StepView, TestStep

if TYPE_CHECKING:
    from proxy.ledger.rows import Event

OWN: Final = "turnout"
"""The part of a plan that is Turnout's own configuration."""

STARTED_WITHIN: Final = 15.0
"""Seconds a gateway that was started for the test may take to answer."""

_ASKED_EVERY: Final = 0.1
_LOCAL: Final = re.compile(rb"http://(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})")


async def apply(
    services: Services,
    answers: Answers,
    plan_id: str,
    *,
    only: str | None = None,
    project: Path | None = None,
    test: bool = True,
) -> Outcome:
    """Do what was shown under `plan_id`, or with `only` one part of it.

    Raises `CommandFailed` where something has changed since, so that what was agreed to
    is not what would be done; then nothing was.
    """
    drawn = await draw(services, answers, project=project)
    _check(services, drawn, plan_id, only)
    await asyncio.to_thread(_check_port, services)
    own: tuple[str, ...] = ()
    if only in {None, OWN}:
        own = await _apply_own(services, drawn.own)
    outcomes = [
        await _Client(services, answers, drawn, plan, plan_id, project).apply(test=test)
        for plan in drawn.plan.clients
        if only in {None, plan.client}
    ]
    return Outcome(tuple(outcomes), own, drawn.view.undo_all)


async def test_client(services: Services, client: str) -> ClientOutcome:
    """Send the test request of a client that is wired; nothing is written or undone.

    Raises `CommandFailed` where it is not wired.
    """
    answers = Answers(clients=(client,))
    drawn = await draw(services, answers)
    (plan,) = drawn.plan.clients
    if client in drawn.fresh or not plan.edits:
        raise CommandFailed(
            f"{plan.name} is not connected to Turnout",
            "Nothing was sent.",
            f"{services.command_path} integrate {client} connects it.",
        )
    return await _Client(services, answers, drawn, plan, "", None).tested()


def _check(services: Services, drawn: Drawn, plan_id: str, only: str | None) -> None:
    names = (OWN, *(plan.client for plan in drawn.plan.clients))
    if only is not None and only not in names:
        raise CommandFailed(
            f"{only[:40]} is not part of this plan",
            "Nothing was changed.",
            f"{services.command_path} integrate {only[:40]} plans it.",
            Exit.USAGE,
        )
    for name in names if only is None else (only,):
        if part_of(plan_id, name) != part_of(drawn.plan.id, name):
            raise CommandFailed(
                "Something changed since you looked",
                "What would be changed now is not what was shown, so nothing was done.",
                "Look at the new plan, then agree to that.",
                Exit.CONSENT,
            )


def _check_port(services: Services) -> None:
    """A client must not be pointed at a port that somebody else holds."""
    if services.gateway is not None or runs(services.paths):
        return
    try:
        check_free(port_of(services), services.paths)
    except CannotServe as taken:
        raise CommandFailed("No client was changed", str(taken)) from None


# --- our own file ---------------------------------------------------------------------


async def _apply_own(services: Services, changes: OwnChanges) -> tuple[str, ...]:
    if not changes.sentences:
        return ()
    for each in changes.entries:
        if each.moves:
            await _moved(services, each)
    if changes.entries or changes.mode is not None:
        await asyncio.to_thread(services.config.save, changes.made)
    for each in changes.entries:
        if each.variable:
            scope = str(each.entry.fields.get("key", ""))
            await agreed(services, ConsentKind.USE_KEY, each.entry.id, scope)
        elif each.address:
            await agreed(services, ConsentKind.USE_SERVER, each.entry.id, each.address)
        elif each.entry.fields.get("key") == "client":
            kind, said = ConsentKind.USE_LOGIN, each.sentence
            await agreed(services, kind, each.entry.id, "client", said)
    if services.gateway is not None:
        await services.gateway.config_changed()
    if changes.login is None:
        return changes.sentences
    try:
        await set_login(services, on=changes.login.on)
    except CommandFailed as failed:
        # It keeps no client from being connected.
        return (*changes.sentences[:-1], f"{failed.title}: {failed.message}")
    return changes.sentences


async def _moved(services: Services, entry: OwnEntry) -> None:
    """Put a found key into the keyring; it stands on where it was found."""
    around, variable = services.surroundings, entry.variable
    value = around.environ.get(variable)
    if not value:
        lines = await asyncio.to_thread(lambda: tuple(assignments(around)))
        value = next((line.value for line in lines if line.name == variable), None)
    name = str(entry.entry.fields.get("key", "")).removeprefix("keyring:")
    await keys.store(services, name, value=value or "")
    await agreed(services, ConsentKind.KEYRING_MOVE, variable, f"keyring:{name}")


# --- one client -----------------------------------------------------------------------


class _Client:
    """One client from the yes to the tested end."""

    def __init__(
        self,
        services: Services,
        answers: Answers,
        drawn: Drawn,
        plan: ClientPlan,
        plan_id: str,
        project: Path | None,
    ) -> None:
        self._services = services
        self._answers = answers
        self._plan = plan
        self._plan_id = plan_id
        self._project = project
        self._fresh = plan.client in drawn.fresh
        self._key = ""

    async def apply(self, *, test: bool) -> ClientOutcome:
        plan = self._plan
        if plan.refusals:
            first = plan.refusals[0]
            place = f"{first.file}, line {first.line}" if first.line else first.file
            return self._ended(Applied.REFUSED, f"{place}: {first.why}.", first.todo)
        if plan.questions:
            first_question = plan.questions[0]
            todo = (
                f"Answer {first_question.key} for {plan.client} with yes, or leave it."
            )
            return self._ended(Applied.REFUSED, first_question.sentence, todo)
        if not plan.edits and not plan.commands:
            return await self._by_hand()
        try:
            async with turn_of(self._services.paths.run, plan.client):
                await self._look_again()
                done = None if self._stands else await self._written()
        except TurnTaken:
            sentence = f"Another Turnout is connecting {plan.name} right now."
            todo = "Nothing was changed by this one. Try again in a moment."
            return self._ended(Applied.FAILED, sentence, todo)
        except CommandFailed as failed:
            sentence = f"{failed.title}. {failed.message}"
            return self._ended(Applied.FAILED, sentence, failed.todo)
        if done is None:
            await self._serve()
            checked = await self._test() if test else None
            sentence = f"{plan.name} was connected already; nothing was changed."
            return self._ended(Applied.ALREADY, sentence, checked=checked)
        if isinstance(done, NotApplied):
            return self._ended(Applied.FAILED, done.why, done.todo)
        return await self._tried(done, test=test)

    @property
    def _stands(self) -> bool:
        """Whether the client is connected just so already."""
        return not self._fresh and not self._plan.changes_anything

    async def _look_again(self) -> None:
        """Take in that another one has connected this client in the meantime."""
        plan = self._plan
        states = await asyncio.to_thread(
            lambda: [(look_at(edit.path).digest, edit.digest) for edit in plan.edits]
        )
        if all(now == shown for now, shown in states):
            return
        drawn = await draw(self._services, self._answers, project=self._project)
        now = drawn.client(plan.client)
        fresh = plan.client in drawn.fresh
        if now is None or fresh or now.changes_anything or not now.can_be_applied:
            raise self._changed()
        self._plan, self._fresh = now, False

    async def tested(self) -> ClientOutcome:
        checked = await self._test()
        if checked is None:
            cause = (
                f"No address and key of this Turnout are in {self._plan.name}'s files."
            )
            todo = f"{self._services.command_path} wirings says how it stands."
            return self._ended(Applied.FAILED, cause, todo)
        failed = checked.failed
        if failed is not None:
            cause = _stopped(failed)
            todo = f"{self._services.command_path} doctor says what to do."
            return self._ended(Applied.FAILED, cause, todo, checked=checked)
        sentence = f"{self._plan.name} gets through."
        return self._ended(Applied.ALREADY, sentence, checked=checked)

    async def _by_hand(self) -> ClientOutcome:
        if not self._plan.steps:
            return self._ended(Applied.REFUSED, " ".join(self._plan.notes))
        made = await self._made_key()
        plan = await self._with_key(made)
        # What has to be taken out by hand again, once it is over; never the key.
        places = "; ".join(step.where for step in plan.steps)
        await agreed(
            self._services, ConsentKind.WIRE_CLIENT, plan.client, BY_HAND, places
        )
        steps = tuple(StepView(step.where, step.text) for step in plan.steps)
        return replace(
            self._ended(Applied.BY_HAND, f"{plan.name} is set up by hand."),
            steps=steps,
        )

    async def _made_key(self) -> str:
        choice = self._plan.choice
        keep = choice.helper or choice.project is not None
        made = await keys.new(self._services, self._plan.client, keep=keep)
        return made.key

    async def _with_key(self, key: str) -> ClientPlan:
        drawn = await draw(
            self._services,
            self._answers,
            project=self._project,
            keys={self._plan.client: key},
        )
        plan = drawn.client(self._plan.client)
        if plan is None or _looked_at(plan) != _looked_at(self._plan):
            raise self._changed()
        return plan

    def _changed(self) -> CommandFailed:
        return CommandFailed(
            f"A file of {self._plan.name} changed just now",
            "It stays as it is.",
            "Look at the plan again, then agree to that.",
            Exit.CONSENT,
        )

    async def _written(self) -> AppliedClient | NotApplied:
        """Write the client's files and record the yes, or leave all as it is."""
        self._key = await self._made_key() if self._fresh else ""
        try:
            if self._key:
                self._plan = await self._with_key(self._key)
            plan = self._plan
            done = await asyncio.to_thread(
                apply_client,
                plan,
                journal_of(self._services),
                now=self._services.clock.now(),
                plan_id=self._plan_id,
                port=port_of(self._services),
            )
        except CommandFailed:
            await self._end_key()
            raise
        if isinstance(done, NotApplied):
            await self._end_key()
            return done
        files = tuple(str(edit.path) for edit in plan.edits)
        await agreed(
            self._services,
            ConsentKind.WIRE_CLIENT,
            plan.client,
            ", ".join(self._short(file) for file in files),
        )
        return done

    async def _tried(self, done: AppliedClient, *, test: bool) -> ClientOutcome:
        """Send the test request; what does not get through is taken back."""
        trouble = await self._serve()
        if trouble:
            return await self._taken_back(done, trouble, None)
        checked = await self._test() if test else None
        failed_step = checked.failed if checked else None
        if checked is not None and failed_step is not None:
            cause = _stopped(failed_step)
            return await self._taken_back(done, cause, checked)
        sentence = f"{self._plan.name} is connected to Turnout."
        return self._ended(Applied.APPLIED, sentence, checked=checked)

    async def _end_key(self) -> None:
        """End the key that was made for this, and no other of this client."""
        if self._key:
            await keys.end(self._services, self._key)

    async def _serve(self) -> str:
        """Make sure that a gateway serves; return why none does, or ''."""
        services = self._services
        if services.gateway is not None:
            return ""
        try:
            if not await asyncio.to_thread(runs, services.paths):
                await asyncio.to_thread(start_keeper, services.paths, port_of(services))
        except (CannotServe, OSError) as refused:
            return str(refused)
        for _ in range(round(STARTED_WITHIN / _ASKED_EVERY)):
            if await asyncio.to_thread(somebody_answers, services.paths.control_socket):
                return ""
            await asyncio.sleep(_ASKED_EVERY)
        return "The gateway did not start in time; its log says why (turnout logs)."

    async def _test(self) -> Checked | None:
        plan, services = self._plan, self._services
        paths = [edit.path for edit in plan.edits]
        states = await asyncio.to_thread(lambda: [look_at(path) for path in paths])
        kept = await keys.kept_key(services, plan.client) or ""
        login = plan.choice.login or Login.KEY
        target = target_in(
            plan.client,
            (_of_gateway(state.data or b"", port_of(services)) for state in states),
            login,
            model_of(plan),
            kept,
        )
        if target is None:
            return None
        return await check(target, services.clock.monotonic, self._event)

    async def _event(self, request: str) -> Event | None:
        async with from_ledger():
            return await self._services.ledger.event(request)

    async def _taken_back(
        self, done: AppliedClient, cause: str, checked: Checked | None
    ) -> ClientOutcome:
        command, name = self._services.command_path, self._plan.name
        todo = f"{command} doctor says what to do."
        if await self._led_back(done):
            await self._end_key()
            sentence = f"{cause} {name} is connected as it was before this."
            return self._ended(Applied.TAKEN_BACK, sentence, todo, checked=checked)
        try:
            undone = await unwire(self._services, (self._plan.client,))
        except CommandFailed as failed:
            sentence = f"{cause} It is not taken back. {failed.title}."
            todo = f"{command} undo {self._plan.client} takes it back."
            return self._ended(Applied.FAILED, sentence, todo, checked=checked)
        if not all(each.complete for each in undone.clients):
            sentence = f"{cause} Not all of it could be taken back."
            todo = f"{self._services.command_path} undo {self._plan.client} says why."
            return self._ended(Applied.FAILED, sentence, todo, checked=checked)
        sentence = f"{cause} {name} is as it was before."
        if done.earlier is not None:
            sentence = f"{cause} {name} was connected before, and is disconnected now."
            todo = f"{todo} {command} integrate {self._plan.client} connects it again."
        return self._ended(Applied.TAKEN_BACK, sentence, todo, checked=checked)

    async def _led_back(self, done: AppliedClient) -> bool:
        """Bring the wiring before this one back; False where none stands again."""
        journal, now = journal_of(self._services), self._services.clock.now()
        try:
            return await asyncio.to_thread(back_to, journal, self._plan, done, now=now)
        except (JournalBusy, OSError):
            return False

    def _short(self, text: str) -> str:
        return short(text, self._services.surroundings.home)

    def _ended(
        self,
        state: Applied,
        sentence: str,
        todo: str = "",
        *,
        checked: Checked | None = None,
    ) -> ClientOutcome:
        return ClientOutcome(
            client=self._plan.client,
            name=self._plan.name,
            state=state,
            sentence=self._short(sentence),
            todo=self._short(todo),
            files=tuple(self._short(str(edit.path)) for edit in self._plan.edits),
            test=checked.steps if checked else (),
            request=checked.request if checked else "",
        )


def _of_gateway(data: bytes, port: int) -> bytes:
    """Return a file without the addresses of other servers on this machine.

    A client's file may name those too; they must not be sent the gateway's key.
    """
    return _LOCAL.sub(lambda at: at[0] if int(at[1]) == port else b"", data)


def _stopped(step: TestStep) -> str:
    return f"The test stopped at {step.name}: {step.text.rstrip('.')}."


def _looked_at(plan: ClientPlan) -> list[tuple[str, str]]:
    return [(str(edit.path), edit.digest) for edit in plan.edits]


_MODEL_KEYS: Final = frozenset({"model", "primary", "OPENAI_MODEL", "ANTHROPIC_MODEL"})
_PREFIXES: Final = ("turnout/", "openai/")
_USUAL_MODELS: Final = {
    "claude-code": "claude-sonnet-5-5",
    "claude-desktop": "claude-sonnet-5-5",
    "gemini-cli": "gemini-3.5-flash-lite",
    "codex": "turnout-code",
}


def model_of(plan: ClientPlan) -> str:
    """Return the model that a client will ask for, as its plan says or as is usual."""
    for name, value in _values(plan):
        if name in _MODEL_KEYS and isinstance(value, str):
            for prefix in _PREFIXES:
                value = value.removeprefix(prefix)  # noqa: PLW2901
            return value
    return _USUAL_MODELS.get(plan.client, "turnout")


def _values(plan: ClientPlan) -> Iterable[tuple[str, object]]:
    for edit in plan.edits:
        for change in edit.changes:
            last = change.path[-1] if change.path else ""
            if isinstance(last, str):
                yield last, change.after
            if isinstance(change.after, dict):
                yield from change.after.items()
