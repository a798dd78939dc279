"""The parts of a look at the machine; a light module, so that a shell can name them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Part(StrEnum):
    """What can be looked at by itself."""

    SERVERS = "servers"
    KEYS = "keys"
    CLIENTS = "clients"
    ROUTERS = "routers"
    CONTAINERS = "containers"
    FORGES = "forges"


SPOKEN: Final = {
    Part.SERVERS: "local servers",
    Part.KEYS: "keys",
    Part.CLIENTS: "clients",
    Part.ROUTERS: "other routers",
    Part.CONTAINERS: "containers",
    Part.FORGES: "code forges",
}
"""The parts as people call them."""
