"""What Claude's clients need of their vendor, they get of every kind of provider."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from outcome_pages import OutcomePages
from parity.lane import LANES, Lane, lanes
from parity.page import REAL, cell, keys, render
from parity.rows import ROWS, Row

from proxy.model import Protocol

pytestmark = pytest.mark.asyncio(loop_scope="session")
_E2E = Path(__file__).resolve().parents[1] / "e2e"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Mapping[Protocol, Lane]]:
    """All lanes, on one loop."""
    async with lanes(tmp_path_factory.mktemp("parity")) as found:
        yield found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
@pytest.mark.parametrize("protocol", LANES, ids=str)
async def test_row(
    served: Mapping[Protocol, Lane],
    outcome_pages: OutcomePages,
    protocol: Protocol,
    row: Row,
) -> None:
    on = served[protocol]
    on.upstream.requests.clear()
    on.upstream._queue.clear()
    on.gateway.forget_faults()
    outcome = await row.check(on)
    assert on.upstream.refusals == []
    page = outcome_pages.page("parity.md", keys(), render)
    page.note(cell(row, protocol), outcome or "holds")


@pytest.mark.parametrize("name", [name for name, _ in REAL])
async def test_the_tests_of_real_clients_that_are_named_exist(name: str) -> None:
    file, _, function = name.partition("::")
    tree = ast.parse((_E2E / file).read_text(encoding="utf-8"))
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert function in found
