"""One visit of the doctor: look, judge, mend and pack a bundle where that is wished."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.bundle import LOG_LINES, Material, Redaction, parts, write_bundle
from app.doctor.judging import judged
from app.doctor.looks import look
from app.doctor.looks.clients import journal_of
from app.doctor.mending import mend
from app.doctor.report import BundlePart, Check, Mended, Report
from app.failure import CommandFailed
from app.logs import read_log
from discovery.settings_text import paths_shown

if TYPE_CHECKING:
    from app.doctor.ground import Ground
    from app.services import Services


async def visit(
    services: Services,
    *,
    fix: bool = False,
    bundle: bool = False,
    file: str | None = None,
    shell_files: bool = False,
) -> Report:
    """Return the report; see the command `doctor` for the wishes.

    Raises `CommandFailed` where the bundle cannot be written.
    """
    ground = await look(services, shell_files=shell_files)
    report = Report(_checks(services, ground), services.clock.now())
    if fix:
        mended = tuple(await mend(services, ground, report.checks))
        if any(each.done for each in mended):
            ground = await look(services, shell_files=shell_files)
        report = Report(
            _checks(services, ground),
            services.clock.now(),
            mended=tuple(_homely(services, each) for each in mended),
            asks=bool(ground.clients.drifts),
        )
    if not bundle:
        return report
    files = await asyncio.to_thread(_parts, services, report.checks, ground)
    if file is not None:
        await asyncio.to_thread(_write, Path(file), files)
    return replace(report, bundle=files, bundle_file=file or "")


def _checks(services: Services, ground: Ground) -> tuple[Check, ...]:
    """Return the checks with paths as people write them; commands stay as typed."""
    around = services.surroundings
    return tuple(
        replace(
            each,
            means=paths_shown(each.means, around),
            action=each.action if each.command else paths_shown(each.action, around),
        )
        for each in judged(ground)
    )


def _homely(services: Services, mended: Mended) -> Mended:
    around = services.surroundings
    return replace(
        mended,
        before=paths_shown(mended.before, around),
        after=paths_shown(mended.after, around),
    )


def _parts(
    services: Services, checks: tuple[Check, ...], ground: Ground
) -> tuple[BundlePart, ...]:
    paths = services.paths
    try:
        config = paths.config_file.read_bytes()
    except OSError:
        config = b""
    try:
        wirings = journal_of(paths).history()
    except (OSError, ValueError):
        wirings = ()
    material = Material(
        checks=checks,
        version=services.version,
        config=config,
        log=read_log(paths.logs, LOG_LINES).lines,
        wirings=wirings,
        checkup=ground.record.checkup,
        sqlite=ground.record.sqlite,
    )
    redact = Redaction(services.surroundings.home, services.secrets.redact)
    return parts(material, redact)


def _write(path: Path, files: tuple[BundlePart, ...]) -> None:
    try:
        write_bundle(path, files)
    except FileExistsError:
        raise CommandFailed(
            "There is a file of that name already",
            f"{path} is left as it is. Nothing was written.",
            "Name another file.",
        ) from None
    except OSError as error:
        raise CommandFailed(
            "The bundle cannot be written",
            f"{path}: {error.strerror}. Nothing was written.",
            "Name a file in a folder of yours.",
        ) from None
