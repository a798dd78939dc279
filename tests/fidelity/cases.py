"""All cases of the matrix, in the order of the page."""

from __future__ import annotations

from fidelity import (
    cases_choices,
    cases_content,
    cases_errors,
    cases_limits,
    cases_results,
    cases_state,
    cases_streams,
    cases_thinking,
    cases_tools,
    cases_usage,
)

THEMES = {
    "Limits, stop sequences, dice": cases_limits.CASES,
    "Tools and calls": cases_tools.CASES,
    "Choices of tools": cases_choices.CASES,
    "Results of calls": cases_results.CASES,
    "Reasoning": cases_thinking.CASES,
    "Content": cases_content.CASES,
    "Streams and transport": cases_streams.CASES,
    "Errors": cases_errors.CASES,
    "Counts": cases_usage.CASES,
    "State and standby routes": cases_state.CASES,
}
CASES = tuple(case for cases in THEMES.values() for case in cases)
