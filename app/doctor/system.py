"""Judges the machine: disk, clock, open files, proxies and certificates; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from app.doctor.ages import size, span
from app.doctor.codes import fine, said
from app.doctor.report import Check, Level

if TYPE_CHECKING:
    from app.doctor.ground import Ground, SystemGround

LITTLE, NEARLY_NONE = 500 * 10**6, 50 * 10**6
"""Bytes of free space below which it is a warning, and a problem."""

OFF = timedelta(minutes=2)
"""How far a clock may be off: certificates and quota windows bear no more."""

FEW_FILES = 512
"""Open files a process should be allowed: two for each request, and some of ours."""


def checks(ground: Ground) -> tuple[Check, ...]:
    """Return what is to be said of the machine."""
    system = ground.system
    return (
        *_disk(system),
        _clock(system),
        *_files(system),
        *_proxies(system),
        *_certificates(system),
    )


def _disk(system: SystemGround) -> Iterator[Check]:
    if system.free is None:
        return
    if system.free >= LITTLE:
        yield fine("disk-low", f"{size(system.free)} are free.")
        return
    yield said(
        Level.PROBLEM if system.free < NEARLY_NONE else Level.WARNING,
        "disk-low",
        f"Only {size(system.free)} are free where Turnout keeps its record; requests "
        "are answered, but soon none can be recorded.",
        f"Make room on the disk of {system.folder}.",
    )


def _clock(system: SystemGround) -> Check:
    if system.ahead is not None and abs(system.ahead) > OFF:
        way = "ahead" if system.ahead > timedelta(0) else "behind"
        return _off(f"This clock is {span(system.ahead)} {way} of a provider's clock")
    if system.future > OFF:
        return _off(
            f"Turnout's newest file is {span(system.future)} ahead of this clock, so "
            "the clock was set back"
        )
    if system.ahead is None:
        return fine("clock-off", "It agrees with the times of Turnout's own files.")
    return fine("clock-off", "It agrees with the clocks of the providers.")


def _off(what: str) -> Check:
    return said(
        Level.WARNING,
        "clock-off",
        f"{what}. Certificates, quotas and days of the record depend on it.",
        "Let the system set the clock from the network.",
    )


def _files(system: SystemGround) -> Iterator[Check]:
    if system.files is None:
        return
    if system.files >= FEW_FILES:
        yield fine("files-limit", f"{system.files:,} files may be open at once.")
        return
    yield said(
        Level.WARNING,
        "files-limit",
        f"Only {system.files} files may be open at once; many requests at a time "
        "would fail.",
        "Raise the limit where Turnout is started, such as `ulimit -n 4096`.",
    )


def _proxies(system: SystemGround) -> Iterator[Check]:
    if not system.proxies:
        yield fine("proxy", "No web proxy is set; providers are called directly.")
    for each in system.proxies:
        if each.refused and each.providers:
            yield said(
                Level.PROBLEM,
                "proxy",
                f"{each.variable} names {each.shown}, which cannot be used: "
                f"{each.refused}. It stands in the way of {', '.join(each.providers)}.",
                "Name an http:// proxy there, or put the providers' hosts into "
                "NO_PROXY; then start Turnout again.",
            )
            continue
        who = ", ".join(each.providers) or "no provider"
        but = f" NO_PROXY leaves out {system.no_proxy}." if system.no_proxy else ""
        means = f"{each.variable} names {each.shown}; through it goes: {who}.{but}"
        yield fine("proxy", means)


def _certificates(system: SystemGround) -> Iterator[Check]:
    for problem in system.certificate_problems:
        yield said(
            Level.PROBLEM,
            "own-ca",
            problem,
            "Correct the variable where Turnout is started, then start it again.",
        )
    if not system.system_store:
        yield said(
            Level.WARNING,
            "own-ca",
            "The system's store of certificates was not found, so secure connections "
            "may all fail.",
            "Install the system's package of certificates (ca-certificates).",
        )
    if system.elsewhere and not system.certificates:
        names = ", ".join(system.elsewhere)
        yield said(
            Level.NOTE,
            "own-ca",
            f"{names} is set for other programs. Turnout reads SSL_CERT_FILE and "
            "SSL_CERT_DIR only.",
            "If providers fail with an unknown issuer, set SSL_CERT_FILE to the same "
            "file where Turnout is started.",
        )
    elif not system.certificate_problems and system.system_store:
        own = " and ".join(system.certificates)
        beside = f", and what {own} names" if own else ""
        yield fine("own-ca", f"The system's store is trusted{beside}.")
