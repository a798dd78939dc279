"""Looks everything up that the doctor judges, all at once; it changes nothing.

Nothing here may take longer than a few seconds or fail as a whole: what cannot be seen
is told as not seen. Offline nobody beyond this machine is asked.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.doctor.ground import Ground
from app.doctor.looks.clients import look_at_clients
from app.doctor.looks.desktop import look_at_desktop
from app.doctor.looks.gateway import look_at_gateway
from app.doctor.looks.providers import look_at_providers
from app.doctor.looks.record import look_at_record
from app.doctor.looks.system import look_at_system

if TYPE_CHECKING:
    from app.services import Services


async def look(services: Services, *, shell_files: bool = False) -> Ground:
    """Return all that the checks need; `shell_files` is the consent to read those."""
    gateway, (providers, ahead), record, desktop = await asyncio.gather(
        look_at_gateway(services),
        look_at_providers(services, shell_files=shell_files),
        look_at_record(services),
        look_at_desktop(services),
    )
    seen = dict(record.checkup.last)
    clients, system = await asyncio.gather(
        asyncio.to_thread(look_at_clients, services, seen, shell_files=shell_files),
        asyncio.to_thread(look_at_system, services, ahead),
    )
    return Ground(
        now=services.clock.now(),
        command=services.command_path,
        gateway=gateway,
        clients=clients,
        providers=providers,
        record=record,
        system=system,
        desktop=desktop,
    )
