"""Puts the groups' checks together into what the report shows; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.doctor import clients, desktop, gateway, providers, record, system

if TYPE_CHECKING:
    from app.doctor.ground import Ground
    from app.doctor.report import Check

GROUPS = (gateway, clients, providers, record, system, desktop)
"""The explicit list, in the order in which a person would look."""


def judged(ground: Ground) -> tuple[Check, ...]:
    """Return every check of every group."""
    return tuple(check for group in GROUPS for check in group.checks(ground))
