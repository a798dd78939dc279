"""Wire protocols as pure codecs: bytes to the neutral language and back, no I/O.

`CLIENT_CODECS` and `PROVIDER_CODECS` list them; nothing registers itself.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from proxy.wire import anthropic, chat, gemini, ollama, responses
from proxy.wire.codec import ClientCodec, ProviderCodec, Target, Writer, Written
from proxy.wire.fields import WireError

CLIENT_CODECS: Final = (
    anthropic.CLIENT,
    responses.CLIENT,
    chat.CLIENT,
    gemini.CLIENT,
)
PROVIDER_CODECS: Final = (
    anthropic.PROVIDER,
    responses.PROVIDER,
    chat.PROVIDER,
    gemini.PROVIDER,
    ollama.PROVIDER,
)

CLIENT_CODEC_OF: Final = MappingProxyType(
    {each.protocol: each for each in CLIENT_CODECS}
)
"""By protocol; those that no client of ours speaks are not in it."""

PROVIDER_CODEC_OF: Final = MappingProxyType(
    {each.protocol: each for each in PROVIDER_CODECS}
)
"""By protocol; all of them."""

__all__ = [
    "CLIENT_CODECS",
    "CLIENT_CODEC_OF",
    "PROVIDER_CODECS",
    "PROVIDER_CODEC_OF",
    "ClientCodec",
    "ProviderCodec",
    "Target",
    "WireError",
    "Writer",
    "Written",
]
