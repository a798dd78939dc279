"""The record's rows are light; what opens a database comes when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from proxy import ledger
from proxy.ledger import refusing, store

_ROOT = Path(__file__).resolve().parents[3]


def test_every_name_that_is_offered_is_there() -> None:
    for name in ledger.__all__:
        assert getattr(ledger, name) is not None
    assert ledger.Ledger is store.Ledger
    assert ledger.LedgerError is refusing.LedgerError
    with pytest.raises(AttributeError, match="no attribute 'Ledgr'"):
        getattr(ledger, "Ledgr")  # noqa: B009 - mypy knows it is not there


def test_the_database_is_loaded_by_who_asks_for_it() -> None:
    program = (
        "import sys\n"
        "from proxy.ledger import Event, KeyRow, Status\n"
        "print('peewee' in sys.modules, 'sqlite3' in sys.modules)\n"
        "from proxy.ledger import Ledger\n"
        "print('peewee' in sys.modules, 'sqlite3' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        cwd=_ROOT,
        text=True,
    )
    assert done.stdout.split() == ["False", "False", "True", "True"]
