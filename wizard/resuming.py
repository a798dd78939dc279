"""A first run's choices as text, to go on with after a crash; pure.

It must hold no finding and no secret, and a text that is not sound costs choices only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from typing import TypeVar

from proxy.routing import Mode
from wizard.answers import ClientAnswers
from wizard.flow import Busy, Ended, ErrorKey, Flow, Tick, refused
from wizard.plan import Login
from wizard.presets import Group

Word = TypeVar("Word", bound=StrEnum)


def saved(flow: Flow) -> str:
    """Return the choices as text for `restored`; it holds no finding and no secret."""
    told: dict[str, object] = {
        "ended": flow.ended.value,
        "applying": flow.busy is Busy.APPLYING,
        "ticks": [[each.group.value, each.id, each.on] for each in flow.ticks],
        "mode": flow.chosen_mode.value if flow.chosen_mode else "",
        "start_at_login": flow.start_at_login,
        "client": {name: _flat(each) for name, each in flow.client.items()},
    }
    return json.dumps(told, sort_keys=True)


def unfinished(text: str) -> bool:
    """Tell whether `text` is of a run that neither ended nor was cancelled."""
    return bool(text) and _read(text).get("ended") == Ended.NO


def restored(text: str) -> Flow:
    """Return a flow at its beginning with the choices of `text`.

    What is not sound there is left out: a lost choice is asked for again. A run that
    had ended is over, and its choices are not brought back.
    """
    told = _read(text)
    if told.get("ended") in (Ended.FINISHED, Ended.CANCELLED):
        return Flow()
    client = told.get("client")
    flow = Flow(
        ticks=tuple(_ticks(told.get("ticks"))),
        chosen_mode=_one_of(Mode, told.get("mode")),
        start_at_login=told.get("start_at_login") is True,
        client={
            name: _answers(each)
            for name, each in (client if isinstance(client, dict) else {}).items()
        },
    )
    return refused(flow, ErrorKey.INTERRUPTED) if told.get("applying") else flow


def _read(text: str) -> dict[str, object]:
    try:
        told = json.loads(text) if text else {}
    except ValueError:
        told = {}
    return told if isinstance(told, dict) else {}


def _flat(told: ClientAnswers) -> dict[str, object]:
    return {each.name: getattr(told, each.name) for each in fields(told)}


def _answers(told: object) -> ClientAnswers:
    given = told if isinstance(told, dict) else {}
    yes = {
        each.name: given.get(each.name) is True
        for each in fields(ClientAnswers)
        if each.name != "login"
    }
    return ClientAnswers(login=_one_of(Login, given.get("login")), **yes)


def _ticks(told: object) -> Iterable[Tick]:
    for each in told if isinstance(told, list) else ():
        match each:
            case [str(group), str(id_), bool(on)] if group in set(Group):
                yield Tick(Group(group), id_, on)
            case _:
                continue


def _one_of(kind: type[Word], told: object) -> Word | None:
    return next((each for each in kind if each == told), None)
