"""What the ledger raises can be caught without a database."""

import subprocess
import sys

from proxy.ledger import LedgerError
from proxy.ledger.refusing import TooNewError


def test_a_newer_ledger_is_a_ledger_error() -> None:
    assert issubclass(TooNewError, LedgerError)


def test_catching_it_loads_no_database() -> None:
    program = (
        "import sys, proxy.ledger\n"
        "proxy.ledger.LedgerError\n"
        "print([n for n in ('peewee', 'sqlite3') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n"
