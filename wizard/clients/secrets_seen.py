"""Tells values that look like somebody's secret from plain settings; pure.

When in doubt a value under a secret's name is one: it is then never replaced. It must
not keep or show what it looks at.
"""

from __future__ import annotations

import re
from typing import Final

from wizard.formats import Absent, Json

# How keys of well-known vendors begin, and tokens of the usual kinds.
_SHAPES: Final = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        sk-[A-Za-z0-9_-]{8,} | sk_[A-Za-z0-9_-]{16,} | tnt_[A-Za-z0-9_-]{16,}
      | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_[A-Za-z0-9_]{16,}
      | gsk_[A-Za-z0-9]{16,} | csk-[A-Za-z0-9]{8,} | xai-[A-Za-z0-9_-]{8,}
      | hf_[A-Za-z0-9]{16,} | AIza[A-Za-z0-9_-]{16,} | ya29\.[A-Za-z0-9_-]{8,}
      | AKIA[A-Z0-9]{12,} | xox[a-z]-[A-Za-z0-9-]{8,}
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}
      | [Bb]earer\ +(?![<${])[A-Za-z0-9._~+/=-]{12,}
    )""",
    re.VERBOSE,
)
_LOGIN_IN_ADDRESS: Final = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
# Gateways that know their clients by the path have the key right after this.
_KEY_IN_PATH: Final = re.compile(r"/k/(?![$<{])[^/\s?#\"']{16,}")
_IN_QUERY: Final = re.compile(r"[?&]([\w.-]+)=([^&#\s\"']+)")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS: Final = frozenset(
    {
        *("key", "keys", "apikey", "token", "secret", "secrets", "password", "passwd"),
        *("passphrase", "credential", "credentials", "authorization", "cookie"),
        *("bearer", "authtoken", "accesskey", "sig", "signature"),
    }
)
# What people and programs write where a key is asked for and none is needed.
_NO_SECRETS: Final = frozenset(
    {
        *("", "-", "x", "none", "null", "no", "empty", "dummy", "fake", "test"),
        *("local", "localhost", "ollama", "lm-studio", "lmstudio", "llama", "vllm"),
        *("litellm", "placeholder", "changeme", "not-needed", "not_needed"),
        *("no-key", "nokey", "no-key-required", "sk-dummy", "sk-none", "sk-local"),
        *("proxy_managed", "unused", "any", "anything", "your_turnout_key"),
    }
)
# The value is elsewhere; this is only where.
_REFERENCE: Final = re.compile(
    r"\$\{{0,2} ?[A-Za-z_]|\$\(|\{(?:env|file):|\{\{|[a-z]+://(?![^/\s]*@)|!|env:|keyring:"
    r"|pass:|%[A-Za-z_]+%|<[^>]*>$"
)


def looks_secret(name: str, value: Json | Absent) -> bool:
    """Return whether a value, or anything within it, looks like a secret.

    `name` is the last key on the way to it, such as `ANTHROPIC_API_KEY` or `apiKey`.
    A reference (`$NAME`, `{env:NAME}`, `op://...`) and a usual placeholder are none.
    """
    waiting: list[tuple[str, Json]] = []
    if not isinstance(value, Absent):
        waiting.append((name, value))
    while waiting:
        named, found = waiting.pop()
        match found:
            case str() as text if _is_secret(named, text.strip()):
                return True
            case list() as items:
                waiting += [(named, item) for item in items]
            case dict() as members:
                waiting += list(members.items())
            case _:
                pass
    return False


def _is_secret(name: str, text: str) -> bool:
    if text.lower() in _NO_SECRETS:
        return False
    if _SHAPES.search(text) or _LOGIN_IN_ADDRESS.search(text):
        return True
    if _KEY_IN_PATH.search(text) or any(
        _is_key(named, value) for named, value in _IN_QUERY.findall(text)
    ):
        return True
    return _names_a_secret(name) and not _REFERENCE.match(text)


def _is_key(named: str, value: str) -> bool:
    """Return whether a part of an address such as `key=...` holds a secret."""
    if value.lower() in _NO_SECRETS or _REFERENCE.match(value):
        return False
    return _names_a_secret(named)


def _names_a_secret(name: str) -> bool:
    """Return whether the last word says so: `api_key` does, `key_file` does not.

    `env_key` names a variable that holds one.
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and words[-1] in _SECRET_WORDS and words[0] != "env"
