"""Brings a price document from a file or an address; it does not look into it.

An address is `https`, or `http` on this very machine. It is asked once, with a size
and a time limit, follows no redirect, and is not kept: it may hold a password.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.failure import CommandFailed
from app.prices import MOST_BYTES
from app.settings.files import read_whole
from proxy.catalogue.address import is_loopback, objection

SECONDS: Final = 20.0
"""How long a download may take in all."""

_UNCHANGED = "The prices were not changed."


async def fetch_document(place: str, *, offline: bool) -> bytes:
    """Return the bytes at `place`, an address or the path of a file.

    `offline` refuses every address but those of this machine. Raises `CommandFailed`
    where there is nothing to be had or it is larger than `MOST_BYTES`.
    """
    if "://" in place:
        _check_address(place, offline=offline)
        return await _download(place, offline=offline)
    return await asyncio.to_thread(_read, place)


def _check_address(url: str, *, offline: bool) -> None:
    # A query is fine in the address of a document; the rest is as for a provider.
    wrong = objection(url.partition("?")[0])
    if wrong:
        raise _refused(f"The address {wrong}. {_UNCHANGED}")
    here = is_loopback(url)
    if not here and not url.lower().startswith("https://"):
        raise _refused(
            f"The address is not https, so anybody on the way could change the prices."
            f" {_UNCHANGED}"
        )
    if offline and not here:
        raise CommandFailed(
            "The prices cannot be downloaded offline",
            f"The mode is offline: nothing leaves this machine. {_UNCHANGED}",
            "Download the document elsewhere and name the file, or change the mode.",
        )


def _refused(message: str) -> CommandFailed:
    return CommandFailed(
        "The address was refused", message, "Name a file, or an https address."
    )


def _read(place: str) -> bytes:
    path = Path(place).expanduser()
    try:
        data, _ = read_whole(path, MOST_BYTES)
    except OSError as error:
        raise CommandFailed(
            "The price document cannot be read",
            f"{path}: {error.strerror}. {_UNCHANGED}",
            "Look at the file's name and whose it is.",
        ) from None
    return _bounded(data)


def _bounded(data: bytes) -> bytes:
    if len(data) > MOST_BYTES:
        raise CommandFailed(
            "The price document is too large",
            f"It has more than {MOST_BYTES // 1_000_000} MB. {_UNCHANGED}",
            "Look whether it is a price document at all.",
        )
    return data


async def _download(url: str, *, offline: bool) -> bytes:
    from proxy.upstream import Limits, Outgoing, Upstream, UpstreamError

    upstream = Upstream({}, Limits(first_byte=SECONDS, silence=SECONDS))
    host = urlsplit(url).hostname or "the address"
    headers = (("Accept", "application/json"), ("Accept-Encoding", "identity"))
    call = Outgoing("GET", url, headers, b"", host)
    try:
        async with (
            asyncio.timeout(SECONDS),
            upstream.send(call, offline=offline) as answer,
        ):
            if answer.status != 200:
                raise _not_fetched(f"{host} answered with status {answer.status}.")
            return _bounded(await answer.read(MOST_BYTES + 1))
    except UpstreamError as error:
        raise _not_fetched(error.failure.message) from None
    except TimeoutError:
        raise _not_fetched(f"{host} took more than {SECONDS:.0f} seconds.") from None
    finally:
        await upstream.close()


def _not_fetched(why: str) -> CommandFailed:
    return CommandFailed(
        "The price document could not be downloaded",
        f"{why} {_UNCHANGED}",
        "Try again, or download it yourself and name the file.",
    )
