"""This protocol as its providers: requests are written, answers read; no I/O."""
