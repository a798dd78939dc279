"""Sentences that are true of every client Turnout wires, in one place; pure text."""

from __future__ import annotations


def restart(name: str) -> str:
    """Return when the change is seen."""
    return f"Where {name} runs now, it keeps its old settings until it is started anew."


def with_keys(name: str) -> str:
    """Return what it means to be let in upstream with the providers' keys."""
    return (
        f"{name} sends its requests to Turnout. Which model answers is decided by "
        "Turnout's mode; the providers you set up are called with their keys."
    )


def with_its_login(name: str, vendor: str) -> str:
    """Return what it means that the client stays signed in as it is."""
    return (
        f"{name} stays signed in as it is and sends its requests to Turnout. Turnout "
        f"passes that login on to {vendor} only, and stores nothing of it."
    )


def without(name: str, alone: str) -> str:
    """Return what happens while Turnout is not running.

    `alone` says in a sentence what the client does where nothing listens at all.
    """
    return (
        "Requests wait while the gateway restarts. If it cannot start, "
        f"{name} is told so in words, with what to do. When you quit Turnout, it goes "
        "by your choice: it keeps serving in the background, or it takes these "
        f"settings back until it is started again. {alone}"
    )
