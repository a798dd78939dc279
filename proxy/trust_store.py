"""Whose certificates providers may show: the system's, and those the user named.

It turns no check off and downloads nothing. A file that cannot be read is told, and the
system's own store acts alone.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep their store, for a Python that was built on another one."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the connections of one process trust.

    `context` is None where the store that the HTTP library opens by itself will do.
    `file` and `folder` are what the user named and what is used beside the system's
    store, '' for none; `problems` are sentences about what was named and cannot be.
    """

    context: ssl.SSLContext | None = field(default=None, repr=False)
    file: str = ""
    folder: str = ""
    problems: tuple[str, ...] = ()


def trust(environ: Mapping[str, str]) -> Trust:
    """Return the trust for this environment; never raises for what is named there.

    What `SSL_CERT_FILE` and `SSL_CERT_DIR` name is added to the system's store: a
    company's own authority seldom stands in for all others.
    """
    file, folder = environ.get(FILE, ""), environ.get(FOLDER, "")
    spare = "" if has_system_store() else _bundle()
    if not (file or folder or spare):
        return Trust()
    context = ssl.create_default_context()
    if spare:
        context.load_verify_locations(cafile=spare)
    told = [_added_file(context, file), _added_folder(context, folder)]
    return Trust(
        context=context,
        file="" if told[0] else file,
        folder="" if told[1] else folder,
        problems=tuple(filter(None, told)),
    )


def has_system_store() -> bool:
    """Say whether the places this Python's TLS library looks into are there."""
    paths = ssl.get_default_verify_paths()
    places = (paths.openssl_cafile, paths.openssl_capath)
    # Windows and macOS answer from their own stores, not from files.
    return os.name == "nt" or any(Path(place).exists() for place in places if place)


def _bundle() -> str:
    return next((each for each in _BUNDLES if Path(each).is_file()), "")


def _added_file(context: ssl.SSLContext, file: str) -> str:
    """Add a file's certificates; return the sentence that says why not, '' if so."""
    if not file:
        return ""
    try:
        context.load_verify_locations(cafile=file)
    except ssl.SSLError:
        return _not_used(FILE, "a file that holds no certificate in PEM form")
    except (OSError, ValueError):
        return _not_used(FILE, "a file that cannot be read")
    return ""


def _added_folder(context: ssl.SSLContext, folder: str) -> str:
    # As OpenSSL has it, several folders stand in one variable like in PATH.
    for each in filter(None, folder.split(os.pathsep)):
        if not Path(each).is_dir():
            return _not_used(FOLDER, "a folder that is not there")
        context.load_verify_locations(capath=each)
    return ""


def _not_used(name: str, what: str) -> str:
    return f"{name} names {what}, so only the system's own store is used."


class Distrust(StrEnum):
    """Why a certificate was not accepted, as far as people can act on it."""

    UNKNOWN_ISSUER = "unknown-issuer"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    OTHER_NAME = "other-name"
    OTHER = "other"


_CODES = {
    **dict.fromkeys((2, 18, 19, 20, 21), Distrust.UNKNOWN_ISSUER),
    9: Distrust.NOT_YET_VALID,
    10: Distrust.EXPIRED,
    **dict.fromkeys((62, 63, 64), Distrust.OTHER_NAME),
}
"""OpenSSL's X509_V_ERR_* numbers (x509_vfy.h), which `verify_code` hands on."""

_SAID = {
    Distrust.UNKNOWN_ISSUER: "its certificate comes from an issuer this machine does "
    "not know. Where a company's network opens connections, name the file with its CA "
    f"in {FILE} and start Turnout again",
    Distrust.EXPIRED: "its certificate has expired. Check this machine's clock; else "
    "the provider has to renew it",
    Distrust.NOT_YET_VALID: "its certificate is not valid yet. Check this machine's "
    "clock",
    Distrust.OTHER_NAME: "its certificate is for another name. Check base_url in "
    "config.toml",
    Distrust.OTHER: "its certificate was not accepted",
}


def distrust(error: BaseException) -> Distrust | None:
    """Return why a certificate was refused, None where that was not the trouble."""
    inner = getattr(error, "certificate_error", error)
    if not isinstance(inner, ssl.SSLCertVerificationError):
        return None
    return _CODES.get(getattr(inner, "verify_code", 0), Distrust.OTHER)


def distrust_sentence(provider: str, why: Distrust) -> str:
    """Say what was wrong with a provider's certificate and what to do now."""
    return (
        f"The secure connection to {provider} failed: {_SAID[why]}. Turnout sent "
        "nothing; `turnout doctor` looks at proxies and certificates."
    )
