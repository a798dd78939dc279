"""Keeps cache marks within the API's limit; looks at nothing else of a request.

The prompt is read in the order tools, system, messages; a later mark covers what an
earlier one does, so the last ones are worth the most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from proxy.wire.anthropic.provider.request_blocks import Block
from proxy.wire.losses import Noted

MOST_MARKS: Final = 4
"""Marks that one request may have, the one at its top level among them."""

_KEY: Final = "cache_control"


def limit_marks(groups: Sequence[Sequence[Block]], most: int, lost: Noted) -> None:
    """Take away all but the last `most` marks of these blocks, in the prompt's order.

    Changes the blocks, which nobody else holds yet.
    """
    marked = [block for group in groups for block in _marked(group)]
    over = marked[: max(0, len(marked) - most)]
    for block in over:
        del block[_KEY]
    if over:
        lost.add("cache_marks")


def _marked(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        content, source = block.get("content"), block.get("source")
        if block.get("type") == "tool_result" and isinstance(content, list):
            yield from _marked(content)
        if isinstance(source, dict) and isinstance(source.get("content"), list):
            yield from _marked(source["content"])
        if block.get(_KEY) is not None:
            yield block
