"""The first run as a machine of three steps: Look, Review, Apply and test; pure.

Pages draw a `Flow` and hand back what a person did; each function here returns the
next `Flow`. It must not look at anything, write anything or know any window: what is
to be done outside (looking, planning, applying) is said by `Flow.busy`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from discovery.findings import ClientFound, Findings, KeyFound, ServerFound
from proxy.routing.modes import MEANINGS, Mode
from wizard.answers import Answers, ClientAnswers
from wizard.presets import (
    Group,
    Offer,
    can_be_ticked,
    has_to_move,
    is_ticked,
    offers,
    preset_mode,
    usual_login,
)
from wizard.view import ClientOutcome, ClientView, Outcome, PlanView

MODES: Final = tuple(
    (mode, name, MEANINGS[mode])
    for mode, name in (
        (Mode.CODING_AUTO, "Coding auto"),
        (Mode.CODING_FAST, "Coding fast"),
        (Mode.CODING_PREMIUM, "Coding premium"),
        (Mode.OFFLINE, "Offline"),
        (Mode.DIRECT, "Direct"),
    )
)
"""The modes a person chooses from: mode, name, and what it does as a clause."""


class Step(StrEnum):
    """The steps in their order."""

    LOOK = "look"
    REVIEW = "review"
    APPLY = "apply"


class Busy(StrEnum):
    """What is being done outside for the flow."""

    NO = "no"
    PLANNING = "planning"
    APPLYING = "applying"


class Ended(StrEnum):
    """How the flow came to its end."""

    NO = "no"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class ErrorKey(StrEnum):
    """What stands in the way of what was asked; `ERRORS` has the sentences."""

    STILL_LOOKING = "still-looking"
    NOTHING_CHOSEN = "nothing-chosen"
    NO_PLAN = "no-plan"
    PLAN_FAILED = "plan-failed"
    NOTHING_TO_APPLY = "nothing-to-apply"
    APPLY_FAILED = "apply-failed"
    APPLYING = "applying"
    INTERRUPTED = "interrupted"


ERRORS: Final[Mapping[ErrorKey, str]] = MappingProxyType(
    {
        ErrorKey.STILL_LOOKING: "Turnout is still looking. Go on in a moment.",
        ErrorKey.NOTHING_CHOSEN: (
            "Nothing is chosen, so there is nothing to review. Tick a client, a key or "
            "a server."
        ),
        ErrorKey.NO_PLAN: "The plan is still being made. Nothing has been changed.",
        ErrorKey.PLAN_FAILED: "The plan could not be made. Nothing has been changed.",
        ErrorKey.NOTHING_TO_APPLY: (
            "Nothing of this plan can be applied as it is. Each client says why and "
            "what to do. Nothing has been changed."
        ),
        ErrorKey.APPLY_FAILED: (
            "Turnout could not tell how applying ended. What was written is in the "
            "undo list, and looking again shows what is set up."
        ),
        ErrorKey.APPLYING: (
            "The plan is being applied. It takes a few seconds; each client can be "
            "undone afterwards."
        ),
        ErrorKey.INTERRUPTED: (
            "The last run ended while the plan was being applied. Your choices are "
            "kept; what is set up already shows as such in the review."
        ),
    }
)
"""What a person is told for each error: what is so, and what to do now."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What a person said of one finding: client id, variable or server address."""

    group: Group
    id: str
    on: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the first run stands.

    `loading` are the groups that are still looked for. `ticks` are what the person
    said; what was not said is as `wizard.presets` has it. `aim` is the one client that
    is to be connected and nothing else, '' mostly. `chosen_mode` is None until the
    person chose one. `reason` tells more of an error, in the words of whoever
    refused.
    """

    step: Step = Step.LOOK
    findings: Findings = Findings()
    loading: frozenset[Group] = frozenset(Group)
    ticks: tuple[Tick, ...] = ()
    aim: str = ""
    chosen_mode: Mode | None = None
    client: Mapping[str, ClientAnswers] = field(default_factory=dict)
    start_at_login: bool = False
    plan: PlanView | None = None
    outcomes: tuple[ClientOutcome, ...] = ()
    own: tuple[str, ...] = ()
    undo_all: str = ""
    busy: Busy = Busy.NO
    ended: Ended = Ended.NO
    errors: tuple[ErrorKey, ...] = ()
    reason: str = ""

    def ticked(self, group: Group) -> tuple[str, ...]:
        """Return the ids that are chosen of a group, each once, as they were found."""
        said = {each.id: each.on for each in self.ticks if each.group is group}
        # A key may stand in two places; the better one decides what is usual.
        usual: dict[str, bool] = {}
        for found in _of(self.findings, group):
            if can_be_ticked(found):
                id_ = id_of(found)
                usual[id_] = usual.get(id_, False) or is_ticked(found)
        return tuple(id_ for id_, on in usual.items() if said.get(id_, on))

    @property
    def mode(self) -> Mode:
        """The chosen mode, or the one that fits what was found."""
        return self.chosen_mode or preset_mode(self.findings)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What to offer where everything was looked for and nothing could answer."""
        return () if self.loading else offers(self.findings)

    @property
    def ready(self) -> tuple[ClientView, ...]:
        """The planned clients that nothing stands in the way of."""
        return tuple(
            each for each in (self.plan.clients if self.plan else ()) if each.ready
        )

    @property
    def can_apply(self) -> bool:
        """Whether there is a plan of which something can be done."""
        own = bool(self.plan and self.plan.own)
        return self.busy is Busy.NO and (bool(self.ready) or own)

    @property
    def finished(self) -> bool:
        """Whether everything was done that could be."""
        return self.step is Step.APPLY and self.busy is Busy.NO

    def answers(self) -> Answers:
        """Return what was chosen, as it is planned and applied."""
        if self.aim:
            return Answers(clients=(self.aim,), client=self._told((self.aim,)))
        keys = self.ticked(Group.KEYS)
        moved = {each.variable for each in self.findings.keys if has_to_move(each)}
        moved -= {each.variable for each in self.findings.keys if each.reference}
        clients = self.ticked(Group.CLIENTS)
        return Answers(
            mode=self.mode,
            clients=clients,
            keys=keys,
            servers=self.ticked(Group.SERVERS),
            keyring=tuple(each for each in keys if each in moved),
            # Unticked leaves it as it is: an earlier yes is not taken back in passing.
            start_at_login=True if self.start_at_login else None,
            client=self._told(clients),
        )

    def _told(self, clients: tuple[str, ...]) -> dict[str, ClientAnswers]:
        told = {each: self.client_answers(each) for each in clients}
        return {name: each for name, each in told.items() if each != ClientAnswers()}

    def client_answers(self, id_: str) -> ClientAnswers:
        """Return what was answered for a client, with its usual login."""
        told = self.client.get(id_, ClientAnswers())
        found = next((each for each in self.findings.clients if each.id == id_), None)
        if told.login is None and found is not None:
            return replace(told, login=usual_login(found))
        return told


def id_of(found: ClientFound | KeyFound | ServerFound) -> str:
    """Return what a finding is ticked by: client id, variable or address."""
    if isinstance(found, ClientFound):
        return found.id
    return found.variable if isinstance(found, KeyFound) else found.address


# --- Look -----------------------------------------------------------------------------


def look_again(flow: Flow) -> Flow:
    """Look for everything anew; what was chosen stays."""
    return replace(
        flow,
        step=Step.LOOK,
        aim="",
        findings=Findings(),
        loading=frozenset(Group),
        plan=None,
        busy=Busy.NO,
        errors=(),
        reason="",
    )


def look_at(flow: Flow, groups: Collection[Group]) -> Flow:
    """Look for some groups anew; what was found of them stays until then."""
    return replace(flow, loading=flow.loading | frozenset(groups))


def found(flow: Flow, group: Group, findings: Findings) -> Flow:
    """Take in what was seen of one group; its other fields are left alone."""
    before = flow.findings
    # One look may repeat what another said.
    problems = tuple(dict.fromkeys((*before.problems, *findings.problems)))
    if group is Group.CLIENTS:
        taken = replace(before, clients=findings.clients, routers=findings.routers)
    elif group is Group.KEYS:
        taken = replace(before, keys=findings.keys)
    else:
        seen = findings.containers
        taken = replace(before, servers=findings.servers, containers=seen)
    taken = replace(taken, problems=problems)
    return replace(flow, findings=taken, loading=flow.loading - {group})


def not_found(flow: Flow, group: Group, why: str) -> Flow:
    """Note that a group could not be looked for; `why` is a sentence."""
    return found(flow, group, Findings(problems=(why,)))


def tick(flow: Flow, group: Group, id_: str, *, on: bool) -> Flow:
    """Choose a finding, or not."""
    kept = tuple(each for each in flow.ticks if (each.group, each.id) != (group, id_))
    return _settled(replace(flow, ticks=(*kept, Tick(group, id_, on))))


def set_mode(flow: Flow, mode: Mode) -> Flow:
    """Choose a mode."""
    return _settled(replace(flow, chosen_mode=mode))


def set_start_at_login(flow: Flow, *, on: bool) -> Flow:
    """Choose whether Turnout is started at login."""
    return _settled(replace(flow, start_at_login=on))


def answer(flow: Flow, client: str, told: ClientAnswers) -> Flow:
    """Set what is answered for one client; a plan in review has to be made anew."""
    made = replace(flow, client={**flow.client, client: told})
    return _settled(made)


def say_yes(flow: Flow, client: str, key: str) -> Flow:
    """Answer a plan's question for a client with yes; unknown keys change nothing."""
    told = flow.client.get(client, ClientAnswers())
    if key not in {each.name for each in fields(told)} - {"login"}:
        return flow
    return answer(flow, client, replace(told, **{key: True}))  # type: ignore[arg-type]


def _settled(flow: Flow) -> Flow:
    """Return the flow after a choice: errors are over, and so is a plan made before."""
    settled = replace(flow, errors=(), reason="")
    if flow.step is not Step.REVIEW:
        return settled
    return replace(settled, plan=None, busy=Busy.PLANNING)


# --- Review ---------------------------------------------------------------------------


def continue_(flow: Flow) -> Flow:
    """Go from Look to Review: a plan is asked for."""
    if flow.loading:
        return refused(flow, ErrorKey.STILL_LOOKING)
    if not any(flow.ticked(group) for group in Group) and not flow.start_at_login:
        return refused(flow, ErrorKey.NOTHING_CHOSEN)
    return replace(
        flow,
        step=Step.REVIEW,
        plan=None,
        busy=Busy.PLANNING,
        errors=(),
        reason="",
    )


def only(flow: Flow, client: str) -> Flow:
    """Go to Review for one client and nothing else, whatever is ticked."""
    if Group.CLIENTS in flow.loading:
        return refused(flow, ErrorKey.STILL_LOOKING)
    return plan_again(replace(flow, aim=client))


def plan_ready(flow: Flow, view: PlanView) -> Flow:
    """Show a plan; one that nobody waits for any more is dropped."""
    if flow.busy is not Busy.PLANNING:
        return flow
    return replace(flow, plan=view, busy=Busy.NO, errors=(), reason="")


def plan_failed(flow: Flow, reason: str) -> Flow:
    """Note that no plan could be made."""
    if flow.busy is not Busy.PLANNING:
        return flow
    return refused(replace(flow, busy=Busy.NO), ErrorKey.PLAN_FAILED, reason)


def plan_again(flow: Flow) -> Flow:
    """Ask for the plan once more, for the same choices."""
    return replace(_settled(replace(flow, step=Step.REVIEW)), outcomes=(), own=())


def back(flow: Flow) -> Flow:
    """Go from Review to Look; nothing was written."""
    if flow.step is not Step.REVIEW:
        return flow
    over = replace(flow, step=Step.LOOK, aim="", plan=None, busy=Busy.NO)
    return replace(over, errors=(), reason="")


# --- Apply ----------------------------------------------------------------------------


def apply(flow: Flow) -> Flow:
    """Go from Review to Apply: the plan that is shown is carried out."""
    if flow.plan is None:
        return refused(flow, ErrorKey.NO_PLAN)
    if not flow.can_apply:
        return refused(flow, ErrorKey.NOTHING_TO_APPLY)
    return replace(
        flow, step=Step.APPLY, busy=Busy.APPLYING, outcomes=(), errors=(), reason=""
    )


def outcome(flow: Flow, told: ClientOutcome) -> Flow:
    """Take in what became of one client; a later word of it stands for the earlier."""
    if told.client in {each.client for each in flow.outcomes}:
        outcomes = tuple(
            told if each.client == told.client else each for each in flow.outcomes
        )
    else:
        outcomes = (*flow.outcomes, told)
    return replace(flow, outcomes=outcomes)


def applied(flow: Flow, told: Outcome) -> Flow:
    """Take in what became of the whole plan."""
    for each in told.clients:
        flow = outcome(flow, each)
    return replace(
        flow,
        busy=Busy.NO,
        ended=Ended.FINISHED,
        own=told.own,
        undo_all=told.undo_all,
    )


def apply_failed(flow: Flow, reason: str) -> Flow:
    """Note that the end of applying is not known, or that it was refused."""
    return refused(replace(flow, busy=Busy.NO), ErrorKey.APPLY_FAILED, reason)


def cancel(flow: Flow) -> Flow:
    """End the flow; refused while files are being written."""
    if flow.busy is Busy.APPLYING:
        return refused(flow, ErrorKey.APPLYING)
    if flow.ended is Ended.FINISHED:
        return flow
    return replace(flow, ended=Ended.CANCELLED, busy=Busy.NO)


def refused(flow: Flow, key: ErrorKey, reason: str = "") -> Flow:
    """Note what stands in the way, and nothing else; `reason` tells more of it."""
    return replace(flow, errors=(key,), reason=reason)


def _of(
    findings: Findings, group: Group
) -> Iterable[ClientFound | KeyFound | ServerFound]:
    if group is Group.CLIENTS:
        return findings.clients
    return findings.keys if group is Group.KEYS else findings.servers
