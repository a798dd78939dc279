"""Every sentence of the wizard's pages that is not in a plan; values in, words out.

No Qt here. A finding, a plan and an outcome carry their own sentences, and those are
shown as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from discovery.findings import (
    ClientFound,
    Confidence,
    KeyFound,
    Reach,
    ServerFound,
    ServerState,
    SignIn,
)
from proxy.catalogue import Place
from wizard.flow import Busy, Flow, Step
from wizard.presets import Group, Offer, can_be_ticked, has_to_move
from wizard.view import Applied, ClientOutcome, ClientView, FileView, LineKind

STEPS = {Step.LOOK: "Look", Step.REVIEW: "Review", Step.APPLY: "Apply and test"}
GROUPS = {
    Group.CLIENTS: "Coding tools",
    Group.KEYS: "Keys",
    Group.SERVERS: "Model servers",
}
NONE_FOUND = {
    Group.CLIENTS: "No coding tool was found. One that comes later can be connected "
    "from the menu.",
    Group.KEYS: "No provider's key was found.",
    Group.SERVERS: "No model server answered on this machine.",
}
LOOKING = "Looking only. Nothing has been changed."
UNCHANGED = "Nothing has been changed yet."
PLACES = {
    Place.THIS_MACHINE: "on this machine",
    Place.MY_NETWORK: "in your network",
    Place.PROVIDER: "at a provider",
}
SIGN_INS = {
    SignIn.NONE: "not signed in",
    SignIn.KEY: "uses a key",
    SignIn.SUBSCRIPTION: "signed in with a subscription",
    SignIn.UNKNOWN: "",
}
STATES = {
    ServerState.READY: "ready",
    ServerState.STARTING: "starting",
    ServerState.NEEDS_KEY: "asks for a key",
}
SURE = {
    Confidence.SURE: "",
    Confidence.LIKELY: "likely",
    Confidence.HINT: "a hint only",
}
SERVER_HOW = (
    "A model server on this machine costs nothing: install Ollama "
    "(https://ollama.com/download), run `ollama pull qwen3-coder`, then look again."
)
OFFERS = {
    Offer.PRACTICE: (
        "&Try the practice provider",
        "It answers on any machine: simulated, no model, no network.",
    ),
    Offer.SERVER: (
        "Loo&k again",
        SERVER_HOW,
    ),
    Offer.KEY: (
        "T&ype a key",
        "A provider's key goes into the system keyring and nowhere else.",
    ),
}
NO_WAY = "Nothing here can answer a request yet. There are three ways on:"
APPLIED = {
    Applied.APPLIED: "connected",
    Applied.ALREADY: "was connected already",
    Applied.BY_HAND: "yours to do",
    Applied.REFUSED: "left as it is",
    Applied.TAKEN_BACK: "taken back",
    Applied.FAILED: "failed",
}
GOOD = frozenset({Applied.APPLIED, Applied.ALREADY})


@dataclass(frozen=True, slots=True)
class Row:
    """One finding as a row.

    `id` is what it is ticked by. `text` names it and stands beside its tick, `aside` on
    the right, `lines` below. `can` says that it can be ticked; `warnings` are lines
    that need somebody.
    """

    id: str
    text: str
    aside: str
    lines: tuple[str, ...]
    can: bool
    warnings: tuple[str, ...] = ()


def client_row(found: ClientFound) -> Row:
    """Return a client's row; one that cannot be reached has a sentence and no tick."""
    running = "running now" if found.running else ""
    guided = "set up by hand" if found.reach is Reach.GUIDED else ""
    asides = (guided, running, SIGN_INS[found.sign_in], SURE[found.confidence])
    points = f"Points at {found.gateway} now." if found.gateway else ""
    where = ", ".join((found.where, *found.settings))
    blocks = [
        f"{each.sentence} It stands in {each.where}: {each.line}"
        for each in found.overrides
    ]
    return Row(
        found.id,
        _joined(found.name, found.version),
        _listed(asides),
        _told(where, found.gives, points, *found.notes),
        can_be_ticked(found),
        tuple(blocks),
    )


def key_row(found: KeyFound) -> Row:
    """Return a key's row: its provider and its last characters, never more."""
    ends = f"ends in {found.last4}" if found.last4 else ""
    used = "in use already" if found.used else ""
    move = ""
    if has_to_move(found):
        move = (
            "A program that is started from a menu does not see this place. Ticked, "
            "the key is copied into the system keyring."
        )
    return Row(
        found.variable,
        found.name,
        _listed((ends, used, SURE[found.confidence])),
        _told(f"{found.variable}, {found.where}", found.gives, *found.notes, move),
        can_be_ticked(found),
    )


def server_row(found: ServerFound) -> Row:
    """Return a model server's row."""
    used = "in use already" if found.used else STATES[found.state]
    return Row(
        found.address,
        _joined(found.name, found.version),
        _listed((PLACES[found.place], used, SURE[found.confidence])),
        _told(found.address, found.gives, *found.notes),
        can_be_ticked(found),
    )


def headline(flow: Flow) -> tuple[str, str]:
    """Return a page's title and the sentence under it."""
    if flow.step is Step.LOOK:
        return "What is on this machine", LOOKING
    if flow.step is Step.REVIEW:
        title = "Making the plan" if flow.busy is Busy.PLANNING else "What would change"
        return title, UNCHANGED
    if flow.busy is Busy.APPLYING:
        return "Connecting and testing", "Each client is written, then tested for real."
    return _ending(flow)


def _ending(flow: Flow) -> tuple[str, str]:
    good = [each.name for each in flow.outcomes if each.state in GOOD]
    undone = [each.name for each in flow.outcomes if _is_undone(each)]
    bad = [
        each.name
        for each in flow.outcomes
        if each.state not in GOOD and not _is_undone(each)
    ]
    left = f"{listed(bad)}: see below." if bad else ""
    if good:
        verb = "is" if len(good) == 1 else "are"
        return f"{listed(good)} {verb} using Turnout", left
    if flow.errors:
        return "The end is not known", ""
    if undone and not bad:
        verb = "is as it was" if len(undone) == 1 else "are as they were"
        return f"{listed(undone)} {verb} before Turnout", ""
    return ("No client was connected", left) if bad else ("Turnout is set up", "")


def _is_undone(told: ClientOutcome) -> bool:
    """Tell whether a client was taken back because the person asked for it."""
    return told.state is Applied.TAKEN_BACK and not told.test


def apply_text(flow: Flow, *, repairs: bool = False) -> str:
    """Return what the button of the review does: verb and object.

    `repairs` says that the clients are connected and put right.
    """
    writes = [each.name for each in flow.ready if each.changes]
    others = [each.name for each in flow.ready if not each.changes and not each.steps]
    if repairs:
        return f"&Repair {listed(writes)}" if writes else "&Repair"
    if writes:
        return f"Connec&t {listed(writes)}"
    if others:
        return f"&Test {listed(others)}"
    if flow.ready:
        return "Show what is &yours to do"
    return "Change &Turnout's settings" if flow.plan and flow.plan.own else "Connec&t"


def view_aside(view: ClientView) -> str:
    """Return in a word or two how a client's plan stands."""
    if view.refusals:
        return "cannot be connected as it is"
    if view.questions:
        return "needs your answer"
    if view.steps and not view.changes:
        return "by hand"
    return "" if view.changes else "connected already"


def file_text(file: FileView) -> str:
    """Return a file's line: its path, and that it is made where it is."""
    return f"{file.path} (new file)" if file.new else file.path


def difference(file: FileView) -> tuple[str, ...]:
    """Return a file's difference as lines of text: numbers, sign, our mark, text."""
    numbers = [max(each.before, each.after) for each in file.lines]
    width = len(str(max(numbers, default=0)))
    signs = {LineKind.NEW: "+", LineKind.GONE: "-", LineKind.SAME: " "}
    made = []
    for each in file.lines:
        if each.kind is LineKind.CUT:
            made.append(f"{'':{width}} {'':{width}}   {each.text}")
            continue
        before = str(each.before) if each.before else ""
        after = str(each.after) if each.after else ""
        mark = "|" if each.ours else " "
        sign = signs[each.kind]
        made.append(f"{before:>{width}} {after:>{width}} {sign}{mark} {each.text}")
    return tuple(made)


def outcome_aside(told: ClientOutcome) -> str:
    """Return in a word or two what became of a client."""
    return APPLIED[told.state]


def said(ok: bool | None) -> str:
    """Return a test step's state as a word."""
    return "not reached" if ok is None else "passed" if ok else "failed"


def listed(names: Sequence[str]) -> str:
    """Return `A`, `A and B`, `A, B and C`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def plain(text: str) -> str:
    """Return text for a button or tick: an ampersand of a name is no shortcut."""
    return text.replace("&", "&&")


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(part for part in parts if part)


def _told(*lines: str) -> tuple[str, ...]:
    return tuple(line for line in lines if line)
