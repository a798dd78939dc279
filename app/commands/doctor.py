"""The command that says what is wrong with this Turnout, and mends what it may."""

from typing import Annotated

from msgspec import Meta

from app.doctor.report import Report
from app.failure import CommandFailed, Exit
from app.services import Services
from app.terminal import taken_in


async def doctor(
    services: Services,
    file: Annotated[
        str | None,
        Meta(
            description="With --bundle: where to write it; a name that ends in .zip "
            "makes a zip, any other a text.",
            extra={"place": True},
        ),
    ] = None,
    *,
    fix: Annotated[
        bool, Meta(description="Mend what is safe: never another program's choice.")
    ] = False,
    bundle: Annotated[
        bool,
        Meta(
            description="Show what a support bundle would hold, file by file; with "
            "FILE, write it."
        ),
    ] = False,
    shell_files: Annotated[
        bool, Meta(description="Also read shells' start-up files, this once.")
    ] = False,
    folder: Annotated[
        str | None,
        Meta(
            description="Also read the settings of this project folder; the one the "
            "terminal stands in if left out.",
            extra={"place": True},
        ),
    ] = None,
    terminal: Annotated[
        str | None,
        Meta(description="What the terminal has.", extra={"hidden": True}),
    ] = None,
) -> Report:
    """Say what is wrong, what each thing means, and the one thing to do about it.

    It works while the gateway is down. Providers are asked one free request each,
    never offline. Without --fix it mends nothing.
    """
    if file is not None and not bundle:
        raise CommandFailed(
            "A file was named without --bundle",
            "Only the support bundle is written to a file. Nothing was done.",
            f"{services.command_path} doctor --bundle FILE writes it.",
            Exit.USAGE,
        )
    from app.doctor.visit import visit

    here = taken_in(services, terminal, folder, stand=True)
    return await visit(here, fix=fix, bundle=bundle, file=file, shell_files=shell_files)
