"""Tells an error by a result's first words, where a protocol has no mark for it.

It looks at how results begin and end in the tools of coding clients and means to miss
rather than to see errors in what went well.
"""

from __future__ import annotations

import re
from typing import Final

_LOOKED_AT: Final = 400
_STARTS: Final = ("error:", "error ", '{"error"', "<tool_use_error>", "failed to ")
_CODE: Final = re.compile(
    r"(?:exit(?:ed with)? code|exit_code\"?)[: ]{1,2}(?:[1-9]\d{0,3})\b"
)


def tells_of_error(result: str) -> bool:
    """Tell whether a result of a tool says by itself that the tool failed."""
    start = result[:_LOOKED_AT].lstrip().lower()
    return start.startswith(_STARTS) or _CODE.search(start) is not None
