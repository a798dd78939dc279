"""The container images that Turnout knows, and how an image's name is read.

It must not ask Docker anything. An image is known by its repository: the registry in
front and the tag or digest behind say nothing of what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Image:
    """What an image holds; `port` is where it listens inside, over HTTP or not."""

    what: str
    port: int
    http: bool = True


_OLLAMA = Image("Ollama", 11434)
_LITELLM = Image("LiteLLM", 4000)
_LOCALAI = Image("LocalAI", 8080)
_GITEA = Image("Gitea", 3000)
_POSTGRES = Image("Postgres", 5432, http=False)

KNOWN: Final[Mapping[str, Image]] = MappingProxyType(
    {
        "ollama/ollama": _OLLAMA,
        "berriai/litellm": _LITELLM,
        "berriai/litellm-database": _LITELLM,
        "open-webui/open-webui": Image("Open WebUI", 8080),
        "n8nio/n8n": Image("n8n", 5678),
        "vllm/vllm-openai": Image("vLLM", 8000),
        "localai/localai": _LOCALAI,
        "go-skynet/local-ai": _LOCALAI,
        "ggml-org/llama.cpp": Image("llama.cpp", 8080),
        "qdrant/qdrant": Image("Qdrant", 6333),
        "postgres": _POSTGRES,
        "pgvector/pgvector": _POSTGRES,
        "gitea/gitea": _GITEA,
        "gitea": _GITEA,
        "forgejo/forgejo": Image("Forgejo", 3000),
        "lmsysorg/sglang": Image("SGLang", 30000),
    }
)
"""By repository; source: the projects' own documents as of autumn 2026."""


def repository(image: str) -> str:
    """Return the repository part of an image's name, in small letters.

    `ghcr.io/open-webui/open-webui:main` is `open-webui/open-webui`, as Docker reads
    it: a first part with a dot or a colon, or `localhost`, is a registry.
    """
    plain = image.partition("@")[0].lower()
    first, slash, rest = plain.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        plain = rest
    head, colon, tag = plain.rpartition(":")
    if colon and "/" not in tag:
        plain = head
    return plain.removeprefix("library/")


def known_image(image: str) -> Image | None:
    """Return what is known of an image, None where that is nothing."""
    return KNOWN.get(repository(image))
