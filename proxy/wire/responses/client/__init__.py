"""This protocol as its clients: requests are read, answers written; no I/O."""
