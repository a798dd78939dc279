"""Chooses a shell and hands it what it needs; nothing else."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from app import cli
from app.commands import COMMANDS
from app.commands.command import Effect
from app.door import Door
from app.failure import Exit
from app.identity import command_path, stranger
from app.paths import PathRefused, keep_private, make_folders, paths_for
from app.terminal import folder_here, handed_over

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from app.paths import Paths
    from app.services import Services


def main(argv: Sequence[str] | None = None) -> int:
    """Run Turnout as the arguments say; returns the exit status."""
    keep_private()
    words = list(sys.argv[1:] if argv is None else argv)
    foreign = stranger()
    if foreign:
        return _fail(
            f"The Python package {foreign} that was found is not Turnout's. Install "
            "Turnout into an environment of its own."
        )
    try:
        if words == ["gateway"]:
            from app.child import main as gateway

            return gateway(os.environ)
        return _shell(cli.parse(words))
    except PathRefused as refused:
        return _fail(str(refused))


def tray() -> int:
    """Run the tray, as `turnout` without arguments does where a display is."""
    return main([])


def _shell(asked: cli.Serve | cli.Tray | cli.Init | cli.Call) -> int:
    match asked:
        case cli.Serve(home, port):
            return _serve(_prepared(home), port)
        case cli.Tray():
            return _tray(asked)
        case cli.Init():
            return _first_run(asked)
        case cli.Call():
            terminal = cli.Terminal(sys.stdout, sys.stderr, command_path())
            effect = asked.command.effect
            told = handed_over(asked.command, os.environ, folder_here())
            return cli.run(
                replace(asked, arguments={**asked.arguments, **told}),
                open_door=_door,
                in_process=lambda home: _in_process(home, effect),
                terminal=terminal,
            )


def _serve(paths: Paths, port: int | None) -> int:
    from app.serve import CannotServe, become_keeper, configured_port

    try:
        return become_keeper(paths, port or configured_port(paths))
    except CannotServe as refused:
        return _fail(str(refused))


def _tray(asked: cli.Tray) -> int:
    paths = _prepared(asked.home)
    if not _has_display():
        print("There is no display, so Turnout serves without a tray.", flush=True)
        return _serve(paths, asked.port)
    from app.desktop import run_tray
    from app.serve import CannotServe

    try:
        return run_tray(
            paths,
            os.environ,
            inline=asked.inline,
            hidden=asked.hidden,
            port=asked.port,
        )
    except CannotServe as refused:
        return _fail(str(refused))


def _first_run(asked: cli.Init) -> int:
    from app import first_run

    _prepared(asked.home)
    screen = first_run.Screen(
        sys.stdout, command=command_path(), width=first_run.width_here()
    )
    by_name = {command.name: command for command in COMMANDS}

    async def work(door: first_run.Ask) -> int:
        async def ask(name: str, **arguments: object) -> object:
            told = handed_over(by_name[name], os.environ, folder_here())
            return await door(name, **{**told, **arguments})

        if asked.answers is not None:
            answers, dry_run = asked.answers, asked.dry_run
            return await first_run.scripted(ask, screen, answers, dry_run=dry_run)
        if asked.dry_run:
            return await first_run.looked_at(ask, screen)
        if not first_run.is_terminal():
            await first_run.looked_at(ask, screen)
            print(
                "Nothing was changed: nobody can be asked here. Agree with `init --yes "
                "FILE`.",
                file=sys.stderr,
            )
            return Exit.CONSENT
        return await first_run.asked(ask, screen)

    return cli.first_run(
        asked,
        work,
        open_door=_door,
        in_process=lambda home: _in_process(home, Effect.CHANGE),
    )


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def _prepared(home: Path | None) -> Paths:
    paths = paths_for(os.environ, home)
    make_folders(paths)
    return paths


def _door(home: Path | None) -> Door:
    return Door(paths_for(os.environ, home).control_socket)


def _in_process(
    home: Path | None, effect: Effect
) -> AbstractAsyncContextManager[Services]:
    from app.assemble import in_process

    paths = paths_for(os.environ, home)
    only_look = effect is Effect.READ
    if paths.database.exists() or not only_look or _barred(paths):
        make_folders(paths)
    return in_process(paths, os.environ, only_look=only_look)


def _barred(paths: Paths) -> bool:
    """Tell whether something that is no folder stands where the home would be."""
    home = paths.home
    if home is None:
        return False
    there = (each for each in (home, *home.parents) if os.path.lexists(each))
    return not next(there, home).is_dir()


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
