"""Gives the codecs' tests their golden files."""

from golden_files import (
    golden,
    pytest_addoption,
    pytest_terminal_summary,
)

__all__ = ["golden", "pytest_addoption", "pytest_terminal_summary"]
