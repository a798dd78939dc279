"""The command that shows the gateway's log."""

import asyncio
from typing import Annotated

from msgspec import Meta

from app.logs import LogPage, read_log
from app.services import Services


async def logs(
    services: Services,
    *,
    lines: Annotated[int, Meta(ge=1, le=10_000, description="The last so many.")] = 50,
    since: Annotated[
        str | None, Meta(description="Only after this cursor of an earlier answer.")
    ] = None,
) -> LogPage:
    """Show the log's newest lines, oldest first."""
    return await asyncio.to_thread(read_log, services.paths.logs, lines, since)
