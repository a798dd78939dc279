"""Every cell of the fidelity matrix, run through a whole gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fidelity.case import Case, outcome
from fidelity.cases import CASES
from fidelity.lane import Lane, World, world
from fidelity.page import cell_key, keys, render
from fidelity.terms import CLIENTS, PROVIDERS, WORDS
from outcome_pages import OutcomePages

from proxy.model import Protocol

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One gateway and one provider for all cells."""
    async with world(tmp_path_factory.mktemp("fidelity")) as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("provider", PROVIDERS, ids=WORDS.__getitem__)
@pytest.mark.parametrize("client", CLIENTS, ids=WORDS.__getitem__)
async def test_cell(
    served: World,
    outcome_pages: OutcomePages,
    client: Protocol,
    provider: Protocol,
    case: Case,
) -> None:
    page = outcome_pages.page("fidelity.md", keys(CASES), render)
    found = []
    for stream in case.forms:
        served.fresh()
        lane = Lane(served, client, provider, stream)
        found.append(await outcome(case, lane))
    assert found == [case.expected(client, provider)] * len(found)
    page.note(cell_key(case, client, provider), found[0])
