"""The page of what is looked for names all that discovery knows."""

from __future__ import annotations

from discovery.findings import ServerKind
from discovery.keys import key_variables
from discovery.known_clients import KNOWN
from discovery.ports import USUAL
from discovery.routers import ROUTERS
from docs.discovery_page import MARKS, discovery_page
from docs.generate import pages

_PAGE = discovery_page("Made.")


def test_every_variable_stands_there() -> None:
    assert key_variables()
    for variable in key_variables():
        assert f"`{variable}`" in _PAGE


def test_every_kind_of_server_has_its_mark() -> None:
    assert set(MARKS) == set(ServerKind)
    for kind, mark in MARKS.items():
        assert f"| {kind} | {mark} |" in _PAGE


def test_every_usual_port_is_named() -> None:
    told = _PAGE.split("on the ports ", 1)[1].split(", on those", 1)[0]
    assert [int(port) for port in told.replace("\n", " ").split(",")] == [*USUAL]


def test_every_client_and_every_other_router_is_named() -> None:
    for client in KNOWN:
        assert f"| {client.name} |" in _PAGE
    for router in ROUTERS:
        assert f"| {router.name} |" in _PAGE


def test_the_page_is_one_of_those_made_together() -> None:
    assert pages()["discovery.md"].startswith("# What is looked for\n")
