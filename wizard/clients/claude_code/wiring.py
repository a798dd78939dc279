"""Puts together what Claude Code needs, for all projects or for one; pure."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients import telling
from wizard.clients.claude_code.conflicts import clouds, foreign, overriding, winning
from wizard.clients.claude_code.keys import helper_command, keys_of
from wizard.clients.claude_code.present import (
    HELPER,
    ID,
    NAME,
    URL,
    managed_file,
    present_in,
    project_files,
    user_file,
)
from wizard.clients.claude_code.words import WITHOUT, means, notes
from wizard.clients.seen import shown_path
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import Format
from wizard.plan import Choice, FileWish, KeyWish, Login, Refusal


def places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    """Return the user's file, then those that win over it."""
    return (
        user_file(surroundings),
        managed_file(surroundings.platform),
        *project_files(surroundings, choice),
    )


def settled_login(situation: Situation) -> Login:
    """Return what Claude Code will sign in with.

    A credential that stands in its file already makes it the client's own, unless the
    user said otherwise.
    """
    present = present_in(situation.files, user_file(situation.surroundings))
    if situation.choice.login is None and present.credentials:
        return Login.OWN
    return situation.login


def wanted(situation: Situation) -> Wanted:
    """Return the keys for the user's own file, or for one project's."""
    if situation.choice.project is not None:
        return for_project(situation, situation.choice.project)
    path = user_file(situation.surroundings)
    present = present_in(situation.files, path)
    login = settled_login(situation)
    refusals = (
        *winning(situation, login),
        *clouds(situation, path),
        *foreign(situation, present, path, login),
    )
    if refusals:
        return Wanted(refusals=refusals)
    keys = tuple(keys_of(situation, present, login))
    return Wanted(
        files=(FileWish(path, Format.JSON, keys),),
        means=means(login),
        without=WITHOUT,
        notes=tuple(notes(situation, present, login)),
    )


def for_project(situation: Situation, project: Path) -> Wanted:
    """Return what one project needs; no key ever stands in its file."""
    path = project / ".claude" / "settings.local.json"
    managed = managed_file(situation.surroundings.platform)
    todo = "Ask whoever manages this machine to take it out or to name Turnout there."
    what = "an administrator's file"
    refusals = [*overriding(situation, managed, Login.KEY, what, todo)]
    refusals += clouds(situation, user_file(situation.surroundings))
    if situation.choice.login is Login.OWN:
        why = (
            "beside Claude Code's own login its key has to stand in the file, and "
            "Turnout puts no key into a project's file"
        )
        todo = 'Choose the login "key", or wire Claude Code for all projects.'
        refusals.append(Refusal(str(path), why, todo))
    if refusals:
        return Wanted(refusals=tuple(refusals))
    keys = (
        KeyWish(("env", URL), situation.url, "this project's requests come to Turnout"),
        KeyWish(
            (HELPER,),
            helper_command(situation),
            "the key is asked for by a command, so none stands in a project's file",
        ),
    )
    folder = shown_path(situation.surroundings, project)
    return Wanted(
        files=(FileWish(path, Format.JSON, keys),),
        means=(
            f"In {folder} and below, {telling.with_keys(NAME)}",
            "Everywhere else Claude Code stays as it is.",
        ),
        without=WITHOUT,
        notes=(
            (
                f"{shown_path(situation.surroundings, path)} is for this machine only: "
                "keep it out of version control."
            ),
            telling.restart(NAME),
        ),
    )


SETUP: Final = ClientSetup(ID, NAME, Reach.WIRED_BY_FILE, places, wanted)
