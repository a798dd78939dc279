"""Says where model servers may be knocked at; who answers there is not known by that.

It must not ask anything. Besides the usual ports there are those that a server's own
variables and settings name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from discovery.answers import decoded
from discovery.files import look_at
from discovery.surroundings import Surroundings
from proxy.catalogue.address import objection

USUAL: Final = (
    11434,  # Ollama
    1234,  # LM Studio
    8080,  # llama.cpp before autumn 2026, LocalAI, Open WebUI
    9931,  # llama.cpp
    8000,  # vLLM
    1337,  # Jan
    5001,  # KoboldCpp
    5000,  # text-generation-webui, TabbyAPI
    4000,  # LiteLLM
    3456,  # claude-code-router
    3000,  # Open WebUI as its container is mapped
    30000,  # SGLang
    4891,  # GPT4All
)
"""Ports that model servers take where nothing else is said, by their documents."""

LOOPBACK: Final = ("127.0.0.1", "[::1]")
"""This machine, never by name: a name may be resolved elsewhere, and slowly."""

_STUDIO_FILE: Final = ".lmstudio/.internal/http-server-config.json"
_OLLAMA_PORT: Final = 11434
_MOST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Target:
    """One address to knock at, without a slash at its end.

    `port` is its port; `named` says that it is not on this machine, and the user gave
    it.
    """

    base: str
    port: int
    named: bool = False


class _StudioServer(msgspec.Struct):
    port: int = 0


def local_targets(port: int) -> tuple[Target, ...]:
    """Return both addresses of this machine with `port`."""
    return tuple(Target(f"http://{host}:{port}", port) for host in LOOPBACK)


def named_targets(url: str) -> tuple[Target, ...]:
    """Return what to knock at for an address that the user gave.

    Without a port in it these are the usual ports of that host. Nothing is returned for
    what `proxy.catalogue.address.objection` refuses, and for this machine, which is
    `named_port`'s.
    """
    if objection(url) is not None or named_port(url):
        return ()
    parts = urlsplit(url)
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    if parts.port or parts.scheme == "https" or path:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return (Target(f"{parts.scheme}://{parts.netloc}{path}", port, named=True),)
    ports = (80, *USUAL)
    return tuple(Target(f"http://{parts.netloc}:{at}", at, named=True) for at in ports)


def named_port(url: str) -> int:
    """Return the port of an address on this machine that the user gave, else 0."""
    if objection(url) is not None:
        return 0
    parts = urlsplit(url)
    here = parts.scheme == "http" and _is_here(parts.hostname or "")
    return (parts.port or 80) if here else 0


def told_ports(surroundings: Surroundings) -> tuple[int, ...]:
    """Return the ports on this machine that servers' own settings name."""
    environ = surroundings.environ
    places = (
        ollama_port(environ.get("OLLAMA_HOST", "")),
        _number(environ.get("LLAMA_ARG_PORT", "")),
        _of_address(environ.get("LOCALAI_ADDRESS", "")),
        _number(environ.get("OPENEDAI_PORT", "")),
        _studio_port(surroundings.home),
    )
    return tuple(port for port in places if port)


def every_port(told: Iterable[int], own_port: int) -> tuple[int, ...]:
    """Return the usual and the `told` ports once each, without our own."""
    ports = dict.fromkeys((*USUAL, *told))
    ports.pop(own_port, None)
    return tuple(ports)


def ollama_port(value: str) -> int:
    """Return the port of an `OLLAMA_HOST`, 0 where it is not on this machine.

    It may be quoted and may lack each part. A scheme decides the port that is meant
    where none is given, as in Ollama's own reading (envconfig/config.go).
    """
    plain = value.strip().strip("\"'").strip()
    if not plain:
        return 0
    scheme, found, rest = plain.partition("://")
    if not found:
        scheme, rest = "", plain
    if scheme not in {"", "http"}:
        return 0
    otherwise = 80 if scheme else _OLLAMA_PORT
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return 0
    if host and not _is_here(host):
        return 0
    return otherwise if port is None else port


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # What listens on every address of this machine is reached by its loopback.
    return address.is_loopback or address.is_unspecified


def _of_address(value: str) -> int:
    host, _, port = value.strip().rpartition(":")
    here = not host or _is_here(host.strip("[]"))
    return _number(port) if here else 0


def _number(text: str) -> int:
    plain = text.strip().strip("\"'")
    if not plain.isascii() or not plain.isdigit() or len(plain) > len("65535"):
        return 0
    return int(plain) if int(plain) <= _MOST_PORT else 0


def _studio_port(home: Path) -> int:
    told = decoded(look_at(home / _STUDIO_FILE).data or b"", _StudioServer)
    return told.port if told and 0 < told.port <= _MOST_PORT else 0
