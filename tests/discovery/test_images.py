"""An image is known by its repository, whoever serves it and however it is tagged."""

import pytest

from discovery.images import KNOWN, known_image, repository


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("ollama/ollama", "ollama/ollama"),
        ("ollama/ollama:0.40.2", "ollama/ollama"),
        ("ghcr.io/open-webui/open-webui:main", "open-webui/open-webui"),
        ("localhost/ollama/ollama:latest", "ollama/ollama"),
        ("registry:5000/vllm/vllm-openai:v1", "vllm/vllm-openai"),
        ("docker.io/library/postgres:17", "postgres"),
        ("postgres@sha256:0123", "postgres"),
        ("qdrant/qdrant:v1@sha256:0123", "qdrant/qdrant"),
        ("Ollama/Ollama", "ollama/ollama"),
        ("sha256:0123", "sha256"),
        ("", ""),
    ],
)
def test_only_the_repository_counts(image: str, name: str) -> None:
    assert repository(image) == name


@pytest.mark.parametrize("image", ["mara/ollama", "ollama/ollama-extra", "nginx", ""])
def test_what_only_sounds_alike_is_unknown(image: str) -> None:
    assert known_image(image) is None


def test_every_known_one_is_found_by_its_own_name() -> None:
    for name, image in KNOWN.items():
        assert known_image(f"example.com/{name}:latest") is image
        assert 0 < image.port < 65_536
