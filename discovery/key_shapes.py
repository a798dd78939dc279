"""Tells keys by their form and takes them out of what people are shown; pure.

It must not look anywhere for keys and keeps none: it judges texts that it is handed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

SHORTEST_SHOWN: Final = 12
"""A key with fewer characters shows no part of itself."""

HIDDEN: Final = "[hidden]"

_SHOWN = 4  # characters at a key's end
_LONGEST_STEP = 12  # characters of one part of an address's path; longer may be a key


@dataclass(frozen=True, slots=True)
class Shape:
    """A form that keys of one owner have.

    `provider` is a known provider's id, '' where the form belongs to none. `login` is
    True for tokens of a sign-in, which belong to the program that fetched them.
    """

    name: str
    provider: str
    pattern: re.Pattern[str]
    login: bool = False


def _shape(name: str, provider: str, form: str, *, login: bool = False) -> Shape:
    return Shape(name, provider, re.compile(rf"(?<![\w-])(?:{form})(?!\w)"), login)


# The specific ones stand before those that begin with `sk-` only. Sources: gitleaks,
# the vendors' documents, public redaction rules.
SHAPES: Final = (
    _shape("Turnout", "", r"tnt_[\w-]{16,}"),
    _shape("Anthropic", "anthropic", r"sk-ant-(?:api|admin)\d{2}-[\w-]{80,}"),
    _shape("Anthropic", "anthropic", r"sk-ant-(?:oat|ort)\d{2}-[\w-]{40,}", login=True),
    _shape("OpenAI", "openai", r"sk-(?:proj|svcacct|admin)-[\w-]{40,}"),
    _shape("OpenAI", "openai", r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
    _shape("OpenRouter", "openrouter", r"sk-or-v1-[0-9a-f]{64}"),
    _shape("Groq", "groq", r"gsk_[A-Za-z0-9]{52}"),
    _shape("xAI", "xai", r"xai-[A-Za-z0-9]{80}"),
    _shape("Cerebras", "cerebras", r"csk-[a-z0-9]{40,64}"),
    _shape("Google", "gemini", r"AIza[\w-]{35}|AQ\.[\w-]{40,}"),
    _shape("Google sign-in", "", r"ya29\.[\w.-]+", login=True),
    _shape("Hugging Face", "", r"hf_[A-Za-z]{34}"),
    _shape("Together", "together", r"tgp_v1_[\w-]{43}"),
    _shape("Fireworks", "fireworks", r"fw_[A-Za-z0-9]{22,}"),
    _shape("GitHub", "", r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{82}"),
    _shape("AWS", "", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),
    _shape("Amazon Bedrock", "bedrock", r"ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
    _shape("Z.ai", "zai", r"[0-9a-f]{32}\.[A-Za-z0-9]{16}"),
    _shape("NVIDIA", "", r"nvapi-[\w-]{60,}"),
    _shape("Perplexity", "", r"pplx-[A-Za-z0-9]{48}"),
    _shape("Replicate", "", r"r8_[A-Za-z0-9]{37}"),
    # DeepSeek, Moonshot, Qwen and others cannot be told from each other.
    _shape("a provider", "", r"sk-[\w-]{20,}"),
    _shape("a sign-in", "", r"eyJ[\w-]+\.[\w-]+\.[\w-]+", login=True),
)
"""The forms in the order in which they are tried."""

_LOOPBACK = re.compile(r"127(?:\.\d{1,3}){3}|::1|0\.0\.0\.0")
_SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|HEADER|AUTH|BEARER|COOKIE",
    re.IGNORECASE,
)
# Names of models, folders and the like; no quotes or braces, which may hold anything.
_PLAIN = re.compile(r"[\w./\\:@~+ -]{1,60}")
_RUN = re.compile(r"[\w-]{32,}")  # more often a key than a word
_ELSEWHERE = re.compile(
    r"\A(?:op|pass|vault|bw|keyring|keychain|doppler|infisical|secret|aws-sm|gcp-sm"
    r"|secretmanager|env|file|ref\+\w+):|\$\(|`|\A\$\{?\w+\}?\Z|\A\{(?:env|file):"
)


def shape_of(value: str) -> Shape | None:
    """Return the form that the whole of `value` has, None for no known one."""
    return next((one for one in SHAPES if one.pattern.fullmatch(value)), None)


def last4(value: str) -> str:
    """Return the last four characters of a key, '' where it is too short for that."""
    return value[-_SHOWN:] if len(value) >= SHORTEST_SHOWN else ""


def is_ours(value: str) -> bool:
    """Say whether a value is a key of Turnout's own gateway."""
    return value.startswith("tnt_")


def is_elsewhere(value: str) -> bool:
    """Say whether a value only names where the key is: `op://...`, `$(pass ...)`."""
    return bool(_ELSEWHERE.search(value))


def is_secret_name(name: str) -> bool:
    """Say whether a variable or setting of this name may hold something secret."""
    return bool(_SECRET_NAME.search(name))


def shown(name: str, value: str) -> str:
    """Return what people may see of a setting's value.

    An address keeps its scheme, host, port and the short parts of its path. Anything
    else that may be secret, by name or by form, is `HIDDEN`.
    """
    if "://" in value:
        return address_shown(value) or HIDDEN
    if is_secret_name(name) or any(one.pattern.search(value) for one in SHAPES):
        return HIDDEN
    return value if _PLAIN.fullmatch(value) and not _RUN.search(value) else HIDDEN


def address_shown(value: str) -> str:
    """Return an http(s) address without user name, query or long parts of its path.

    '' for what is no such address.
    """
    origin = origin_of(value)
    if not origin:
        return ""
    steps = urlsplit(value.strip()).path.split("/")
    kept = [step if len(step) < _LONGEST_STEP else HIDDEN for step in steps]
    return origin + "/".join(kept).rstrip("/")


def origin_of(value: str) -> str:
    """Return `http://HOST:PORT` of an address, '' for what is no http(s) address."""
    try:
        parts = urlsplit(value.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host or len(host) > 253:
        return ""
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")


def is_on_this_machine(value: str) -> bool:
    """Say whether an address names this machine by a loopback name."""
    host = urlsplit(origin_of(value)).hostname or ""
    return host == "localhost" or bool(_LOOPBACK.fullmatch(host))


def is_gateway(value: str, port: int | None) -> bool:
    """Say whether an address is that of our own gateway, which listens on `port`."""
    found = urlsplit(origin_of(value)).port
    return port is not None and found == port and is_on_this_machine(value)
