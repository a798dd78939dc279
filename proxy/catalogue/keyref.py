"""Reads where a provider's key is; it never sees or fetches a key.

Whatever could be a key itself is no reference, so that it is refused and not shown.
"""

from __future__ import annotations

import re

from proxy.catalogue.provider import KeyRef

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEYRING_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
# How the keys of well-known vendors, and our own, begin.
_LIKE_A_KEY = re.compile(r"(sk-|tnt_|ghp_|gho_|github_pat_|gsk_|csk-|xai-|hf_|AIza)")


def parse_key(text: str) -> KeyRef | None:
    """Return the reference that `text` spells, None where it is none.

    A reference to something that looks like a key is taken for a slip.
    """
    if text == "none":
        return KeyRef("none")
    if text == "client":
        return KeyRef("client")
    kind, _, name = text.partition(":")
    if _LIKE_A_KEY.match(name):
        return None
    if kind == "env" and _ENV_NAME.fullmatch(name):
        return KeyRef("env", name)
    if kind == "keyring" and _KEYRING_NAME.fullmatch(name):
        return KeyRef("keyring", name)
    return None
