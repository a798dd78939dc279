"""Connects clients again from the choices of their last wiring; it asks nobody.

At a start that is for those which Quit took back: their consent stands. It must not do
more than that consent allows, and a client that fails is told of and left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from app.consenting import carry_over, journal_of, standing
from app.drift_watch import client_name
from app.failure import CommandFailed
from proxy.ledger import LedgerError
from proxy.ledger.rows import ConsentKind
from wizard.answers import Answers, ClientAnswers
from wizard.journal import JournalBusy
from wizard.records import Wiring, WiringState
from wizard.view import Applied

if TYPE_CHECKING:
    from app.services import Services
    from wizard.plan import Choice, ClientPlan

_log = logging.getLogger(__name__)

_DONE: Final = frozenset({Applied.APPLIED, Applied.ALREADY})


def answers_of(choice: Choice, *, over_local: bool = False) -> Answers:
    """Return the answers that lead to a choice that was made before.

    `over_local` is a yes of now to replacing another gateway's address.
    """
    own = ClientAnswers(
        login=choice.login,
        always=choice.always,
        free_model=choice.free_model,
        helper=choice.helper,
        over_local=over_local or choice.over_local,
    )
    return Answers(clients=(choice.client,), client={choice.client: own})


async def wire_again(services: Services, failed: Callable[[str, str], None]) -> None:
    """Connect every suspended client again; what a killed process left is settled.

    `failed` is called with a client and the sentence that says why it stays as it is.
    """
    journal = journal_of(services)
    try:
        current = await asyncio.to_thread(journal.current)
    except OSError as error:
        _log.warning("Clients are not connected again: %s", type(error).__name__)
        return
    for wiring in current:
        if wiring.state is not WiringState.SUSPENDED:
            continue
        why = await _wired_again(services, wiring)
        if why:
            failed(wiring.client, why)
            _log.warning(
                "%s was not connected again.",
                client_name(wiring.client),
                extra={"event": "not_rewired", "client": wiring.client},
            )
        else:
            _log.info(
                "%s is connected again.",
                client_name(wiring.client),
                extra={"event": "rewired", "client": wiring.client},
            )


async def _wired_again(services: Services, wiring: Wiring) -> str:
    """Connect one client again; return why that was not done, '' where it was."""
    from app.applying import apply
    from app.wiring import draw

    answers = answers_of(wiring.choice)
    project = wiring.choice.project
    try:
        if not await _agreed(services, wiring.client):
            return "the consent to that was taken back."
        drawn = await draw(services, answers, project=project)
        plan = drawn.client(wiring.client)
        why = "it is not known any more." if plan is None else _hindrance(plan, wiring)
        if why:
            return why
        outcome = await apply(
            services,
            answers,
            drawn.plan.id,
            only=wiring.client,
            project=project,
            test=False,
        )
    except CommandFailed as refused:
        return f"{refused.title}. {refused.message}"
    except LedgerError:
        return "the record of consents cannot be read now."
    except (OSError, JournalBusy) as error:
        return f"its settings cannot be changed now ({type(error).__name__})."
    return "".join(e.sentence for e in outcome.clients if e.state not in _DONE)


async def _agreed(services: Services, client: str) -> bool:
    await carry_over(services)
    entries = await services.ledger.consents()
    return bool(standing(entries, ConsentKind.WIRE_CLIENT, client))


def _hindrance(plan: ClientPlan, wiring: Wiring) -> str:
    """Return what would need a new yes, '' where the old one covers the plan."""
    for refusal in plan.refusals:
        place = f"{refusal.file}, line {refusal.line}" if refusal.line else refusal.file
        return f"{place}: {refusal.why}. {refusal.todo}"
    for question in plan.questions:
        return question.sentence
    agreed_to = {file.path for file in wiring.files}
    for edit in plan.edits:
        if edit.path not in agreed_to:
            return f"{edit.path} would be changed too, which was not agreed to."
    return ""
