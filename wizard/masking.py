"""Blots the values of keys out of a line of a settings file; pure.

It leaves at most the last four characters. It must err on the side of blotting out: a
line is shown so that a person knows his place, not so that he can read everything.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "..."
SHOWN: Final = 4
"""Characters of a key that are left, where it is long enough not to be told by them."""

_LONG_ENOUGH: Final = 12
_NAMED: Final = re.compile(
    r"""(?ix)
    ( ["']? [\w.-]*
      (?: key | token | secret | passw(?:or)?d | credential | cookie | headers? | auth )
      [\w.-]* ["']? \s* [:=] \s* )
    ( "(?:[^"\\]|\\.)*"? | '[^']*'? | [^\s,}\]"'\[{](?:(?!\s[#;]|//)[^,}\]])* )"""
)
# Shapes first told by vendors or public rules; see docs/reference for where they are.
_SHAPES: Final = re.compile(
    r"(?<![\w-])(?:"
    r"sk-[\w-]{12,}|gsk_\w{16,}|xai-\w{16,}|csk-\w{16,}|AIza[\w-]{20,}|AQ\.[\w-]{20,}|"
    r"ya29\.[\w.-]+|hf_\w{16,}|tgp_v1_[\w-]{16,}|fw_\w{16,}|gh[pousr]_\w{16,}|"
    r"github_pat_\w{16,}|(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}|ABSK[\w+/=]{16,}|"
    r"bedrock-api-key-[\w+/=%-]+|nvapi-[\w-]{16,}|pplx-\w{16,}|r8_\w{16,}|"
    r"xox[abprs]-[\w-]{8,}|glpat-[\w-]{12,}|cf[ua]t_[\w-]{12,}|"
    r"[0-9a-f]{32}\.[A-Za-z0-9]{16}|"
    r"eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"
    r")(?!\w)"
)
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+([^\s\"',]+)")
_USERINFO: Final = re.compile(r"(://)[^/\s:@\"']*:?[^/\s@\"']*@")
# Other gateways carry keys there, too; ours were masked before.
_IN_PATH: Final = re.compile(r"(/k/)([A-Za-z0-9_-]{16,})")
_IN_QUERY: Final = re.compile(
    r"(?i)([?&][\w.-]*(?:key|token|secret|sig)[\w.-]*=)([^&\s\"'#]{4,})"
)
_WORDS: Final = frozenset({"true", "false", "null", "none", "{", "[", '""', "''"})
_REFERENCE: Final = re.compile(
    r"\$\{?\w+\}?|\{(?:env|file):[^}]*\}|(?:env|keyring):[\w.-]+|client"
)
_OUR_COMMAND: Final = re.compile(r"turnout\W.{0,3}keys show [a-z0-9-]+( --home \S+)?$")
_PARTS: Final = re.compile(r"(\\n)")
_HEADER: Final = re.compile(r"([\w-]+:\s*)(.+)")


def masked_line(line: str) -> str:
    """Return the line with every value that may be a key blotted out."""
    line = _USERINFO.sub(r"\1" + MASK + "@", line)
    line = _IN_PATH.sub(lambda found: found[1] + shown_secret(found[2]), line)
    line = _IN_QUERY.sub(lambda found: found[1] + shown_secret(found[2]), line)
    line = _NAMED.sub(_named, line)
    line = _BEARER.sub(lambda found: f"{found[1]} {shown_secret(found[2])}", line)
    return _SHAPES.sub(lambda found: shown_secret(found[0]), line)


def shown_secret(text: str) -> str:
    """Return what may be shown of a secret: its last characters, or nothing."""
    if len(text) < _LONG_ENOUGH:
        return MASK
    return f"{MASK}{text[-SHOWN:]}"


def _named(found: re.Match[str]) -> str:
    name, value = found[1], found[2].rstrip()
    end = found[2][len(value) :]
    quote = value[0] if value[:1] in "\"'" else ""
    closing = quote if len(value) > 1 and value.endswith(quote) else ""
    bare = value.removeprefix(quote).removesuffix(closing or "\n")
    # A reference names no value; words and numbers are no keys.
    if (
        bare.strip().lower() in _WORDS
        or len(bare) < SHOWN
        or bare.isdigit()
        or _REFERENCE.fullmatch(bare)
        # A command of ours is shown whole: it is what a person agrees to.
        or _OUR_COMMAND.search(bare)
    ):
        return found[0]
    shown = "".join(map(_part, _PARTS.split(bare)))
    return f"{name}{quote}{shown}{closing}{end}"


def _part(text: str) -> str:
    """Blot out one line of a value of several; a gateway key was masked before."""
    if text == "\\n" or f"tnt_{MASK}" in text:
        return text
    header = _HEADER.fullmatch(text)
    if header is not None:
        return header[1] + shown_secret(header[2])
    return shown_secret(text)
