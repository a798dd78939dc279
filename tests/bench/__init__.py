"""Measures direct calls, nginx and Turnout side by side; see `docs/bench.md`."""
