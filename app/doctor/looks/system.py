"""Looks at the machine: disk, clock, open files, web proxies and certificates."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from yarl import URL

from app.doctor.ground import ProxyGround, SystemGround
from proxy.trust_store import FILE, FOLDER, has_system_store, trust
from proxy.web_proxies import WebProxy, proxies_from, proxy_for, shown_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from app.services import Services

_ELSEWHERE = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Variables by which other tools are told of a company's authority."""

_SCHEMES = ("http", "https", "all")


def look_at_system(services: Services, ahead: timedelta | None) -> SystemGround:
    """Return how the machine is; blocks for the disk.

    `ahead` is how far the clock is ahead of the providers', None where none told.
    """
    environ = services.surroundings.environ
    folder = services.paths.database.parent
    trusted = trust(environ)
    return SystemGround(
        free=_free(folder),
        folder=str(folder),
        ahead=ahead,
        future=_future(services),
        files=_files(),
        proxies=tuple(_proxies(services, environ)),
        no_proxy=proxies_from(environ).get("no", ""),
        certificates=tuple(
            name
            for name, used in ((FILE, trusted.file), (FOLDER, trusted.folder))
            if used
        ),
        certificate_problems=trusted.problems,
        elsewhere=tuple(name for name in _ELSEWHERE if environ.get(name)),
        system_store=has_system_store(),
    )


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _future(services: Services) -> timedelta:
    """Return how far the newest of our own files lies ahead of the clock."""
    paths, now = services.paths, services.clock.now()
    ours = (paths.database, paths.config_file, paths.kept_health)
    times = [moment for each in ours if (moment := _changed(each)) is not None]
    return max(max(times, default=now) - now, timedelta(0))


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _files() -> int | None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def _proxies(services: Services, environ: Mapping[str, str]) -> Iterator[ProxyGround]:
    """Yield each proxy that is set, with the providers that are called through it."""
    named = proxies_from(environ)
    used: dict[str, tuple[WebProxy, list[str]]] = {}
    for provider in services.config.current.catalogue.providers:
        chosen = proxy_for(URL(provider.base_url), named)
        if chosen is not None:
            used.setdefault(chosen.variable, (chosen, []))[1].append(provider.id)
    for variable, (chosen, providers) in used.items():
        yield ProxyGround(variable, chosen.shown, tuple(providers), chosen.refused)
    for scheme in _SCHEMES:
        variable = f"{scheme.upper()}_PROXY"
        if scheme in named and variable not in used:
            value = named[scheme]
            whole = value if "://" in value else f"http://{value}"
            yield ProxyGround(variable, shown_address(whole))
