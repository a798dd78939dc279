"""The doctor's report as lines for people; it asks nothing and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator

from app.doctor.report import Check, Level, Mended, Report

_SHOWN = (Level.PROBLEM, Level.WARNING, Level.NOTE)
_INDENT = " " * 9


def report(result: Report) -> tuple[str, ...]:
    """Return the report: what is wrong first, or one line where nothing is."""
    return tuple(_lines(result))


def _lines(result: Report) -> Iterator[str]:
    for each in result.mended:
        yield from _mended(each)
    if result.mended:
        yield ""
    if result.bundle_file:
        size = sum(len(part.text.encode()) for part in result.bundle)
        yield (
            f"The bundle is in {result.bundle_file} ({len(result.bundle)} files, "
            f"{size:,} bytes of text)."
        )
        return
    if result.bundle:
        yield from _preview(result)
        return
    told = [check for level in _SHOWN for check in result.of(level)]
    for check in told:
        yield from _check(check)
    yield _summary(result)


def _check(check: Check) -> Iterator[str]:
    yield f"{check.state.value:<9}{check.name} ({check.code})"
    yield f"{_INDENT}{check.means}"
    if check.action:
        yield f"{_INDENT}{check.action}"
    if check.state is not Level.NOTE:
        yield f"{_INDENT}More: {check.page}"
    yield ""


def _summary(result: Report) -> str:
    fine = len(result.of(Level.OK))
    problems, warnings = len(result.of(Level.PROBLEM)), len(result.of(Level.WARNING))
    if not problems and not warnings:
        return f"No problem was found; {_many(fine, 'thing')} in order."
    told = [
        _many(number, word)
        for number, word in ((problems, "problem"), (warnings, "warning"))
        if number
    ]
    return f"{' and '.join(told)}; {_many(fine, 'thing')} in order."


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _mended(each: Mended) -> Iterator[str]:
    yield f"{'mended' if each.done else 'left':<9}{each.before}"
    yield f"{_INDENT}{each.after}"


def _preview(result: Report) -> Iterator[str]:
    yield (
        "This is everything the support bundle would hold. Nothing was written; name a "
        "file after --bundle to write it."
    )
    for part in result.bundle:
        yield ""
        yield f"=== {part.name} ==="
        yield from part.text.splitlines()
