"""The command that looks at what of a user's coding tools is on this machine."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from app.failure import CommandFailed, Exit
from app.services import Services
from app.terminal import taken_in
from discovery.findings import Findings
from discovery.parts import Part
from proxy.catalogue import KeyRef
from proxy.catalogue.address import objection
from proxy.ledger.rows import ConsentKind

_ONE_LOOK = "one look at a time"


async def discover(
    services: Services,
    *,
    only: Annotated[
        Part | None, Meta(description="Look for these only; everything if left out.")
    ] = None,
    shell_files: Annotated[
        bool,
        Meta(
            description="Agree that shell start-up files are read, this time: which "
            "keys and addresses they set, never a whole key. No shell is run."
        ),
    ] = False,
    docker: Annotated[
        bool,
        Meta(
            description="Agree that Docker is asked for its running containers, this "
            "time. Its socket is as powerful as an administrator; it is only read."
        ),
    ] = False,
    host: Annotated[
        str | None,
        Meta(description="Also ask this address for a model server, http://HOST:PORT."),
    ] = None,
    folder: Annotated[
        str | None,
        Meta(
            description="Also read the settings and remotes of this project folder.",
            extra={"place": True},
        ),
    ] = None,
    terminal: Annotated[
        str | None,
        Meta(description="What the terminal has.", extra={"hidden": True}),
    ] = None,
) -> Findings:
    """Look for model servers, keys, coding tools and other routers on this machine.

    It takes 3 seconds at most and changes nothing. Of a key only the last four
    characters are shown. Only this machine is asked, and --host if one is given.
    """
    if only is Part.CONTAINERS and not docker:
        raise CommandFailed(
            "Docker was not asked",
            "Its socket is as powerful as an administrator, so it is only asked with "
            "your consent. Nothing was done.",
            f"{services.command_path} discover --only containers --docker agrees.",
            Exit.USAGE,
        )
    from discovery.scan import scan

    around = taken_in(services, terminal, folder, stand=False).surroundings
    await _record(services, shell_files=shell_files, docker=docker)
    return await scan(
        around,
        services.config.current.settings.port,
        catalogue=services.config.current.catalogue,
        only=only,
        shell_files=shell_files,
        docker=docker,
        hosts=(_address(services, host),) if host else (),
        keyring=kept_keys(services),
    )


async def _record(services: Services, *, shell_files: bool, docker: bool) -> None:
    """Record what was agreed to; a look without a gateway leaves no trace at all."""
    if services.gateway is None:
        return
    from app.consenting import agreed

    if shell_files:
        await agreed(services, ConsentKind.SHELL_FILES, "shell-files", _ONE_LOOK)
    if docker:
        await agreed(services, ConsentKind.DOCKER, "docker", _ONE_LOOK)


def kept_keys(services: Services) -> Callable[[str], str | None]:
    """Return a function that looks up our own keyring entry by its name; it blocks.

    It raises `LookupError` where the keyring cannot be asked, so that nobody is asked
    to unlock it for one name after the other.
    """

    def look(name: str) -> str | None:
        ref = KeyRef("keyring", name)
        value = services.secrets.resolve(ref)
        why = "" if value else services.secrets.why_not(ref)
        # Only an entry that is not there lets the look go on.
        if why and not why.endswith((f"has no entry {name}", "is empty")):
            raise LookupError(why)
        return value

    return look


def _address(services: Services, host: str) -> str:
    why = objection(host)
    if why is None:
        return host
    raise CommandFailed(
        "This address cannot be asked",
        f"It {why}. Nothing was done.",
        f"{services.command_path} discover --host http://HOST:PORT is the form.",
        Exit.USAGE,
    )
