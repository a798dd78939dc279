"""Tells which model servers listen where, by the names of their processes only.

It must not read the command line or environment of any process: those hold keys.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

import psutil

_NAMES: Final = (
    "ollama",
    "lm studio",
    "lm-studio",
    "llmster",
    "llama-server",
    "llama",
    "llamafile",
    "local-ai",
    "vllm",
    "koboldcpp",
    "jan",
    "litellm",
    "open-webui",
)
"""How processes of model servers are called; most of these names may go on."""

_WHOLE: Final = frozenset({"llama", "jan"})
_CHILDREN_OF: Final = "ollama"


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening TCP socket; `program` is its process's name, '' where not known.

    `known` says that this is a name of a model server's. `inner` says that it belongs
    to another server, which is the one to talk to.
    """

    port: int
    ip: str
    program: str = ""
    known: bool = False
    inner: bool = False

    @property
    def open_to_network(self) -> bool:
        """Whether other machines may reach it, as far as this machine has a say."""
        try:
            return not ipaddress.ip_address(self.ip).is_loopback
        except ValueError:
            return False


def listeners() -> tuple[Listener, ...]:
    """Return what listens on this machine, as far as this user may see; may block.

    Where the system forbids the look, nothing is returned.
    """
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError, RuntimeError):
        return ()
    found = []
    for each in connections:
        if each.status != psutil.CONN_LISTEN or not each.laddr:
            continue
        name = _name(each.pid)
        known = is_server_name(name)
        inner = known and _is_inner(each.pid, name)
        found.append(Listener(each.laddr.port, each.laddr.ip, name, known, inner))
    return tuple(found)


def is_server_name(name: str) -> bool:
    """Say whether a process of this name is one of a model server."""
    plain = name.lower().removesuffix(".exe").removesuffix(" app")
    return any(
        plain == each or (each not in _WHOLE and plain.startswith(each))
        for each in _NAMES
    )


def _name(pid: int | None) -> str:
    if not pid:
        return ""
    try:
        return psutil.Process(pid).name()
    except (psutil.Error, OSError):
        return ""


def _is_inner(pid: int | None, name: str) -> bool:
    """Say whether it is a runner that Ollama started for itself."""
    if name.lower().startswith(_CHILDREN_OF) and "server" not in name.lower():
        return False
    try:
        parent = psutil.Process(pid).parent()
        return parent is not None and parent.name().lower().startswith(_CHILDREN_OF)
    except (psutil.Error, OSError):
        return False
