"""What is done to a new wizard window to bring it into each of its states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wizard_scenes import CLIENTS, CODEX_BACK, FOUND, HARD_PLAN, OUTCOME, PLAN

from discovery.findings import Findings
from wizard.pages.window import WizardWindow
from wizard.presets import Group, Offer


def looking(window: WizardWindow) -> None:
    window.begin()
    window.show_found(Group.CLIENTS, CLIENTS)


def found(window: WizardWindow) -> None:
    window.begin()
    for group in Group:
        window.show_found(group, FOUND)


def empty(window: WizardWindow) -> None:
    window.begin()
    for group in Group:
        window.show_found(group, Findings())


def planning(window: WizardWindow) -> None:
    found(window)
    window.accept()


def unplanned(window: WizardWindow) -> None:
    planning(window)
    window.show_plan_failed("No gateway is running.")


def review(window: WizardWindow) -> None:
    planning(window)
    window.show_plan(PLAN)


def hard_review(window: WizardWindow) -> None:
    planning(window)
    window.show_plan(HARD_PLAN)
    window.show()
    window.review.changes.verticalScrollBar().setValue(10_000)


def without(window: WizardWindow) -> None:
    review(window)
    window.review.tabs.setCurrentIndex(1)


def applying(window: WizardWindow) -> None:
    review(window)
    window.accept()


def applied(window: WizardWindow) -> None:
    applying(window)
    window.show_outcome(OUTCOME)


def failed(window: WizardWindow) -> None:
    applying(window)
    window.show_outcome(replace(OUTCOME, clients=(CODEX_BACK,), own=()))


def unknown(window: WizardWindow) -> None:
    applying(window)
    window.show_apply_failed("The gateway went away in the middle.")


def key(window: WizardWindow) -> None:
    found(window)
    window.show()
    window._offer(Offer.KEY)


def options(window: WizardWindow) -> None:
    found(window)
    window.show()
    window._detail("claude-code")


_EACH: tuple[Callable[[WizardWindow], None], ...] = (
    *(looking, found, empty, planning, unplanned, review, hard_review, without),
    *(applying, applied, failed, unknown, key, options),
)

SCENES = {each.__name__.replace("_", "-"): each for each in _EACH}
