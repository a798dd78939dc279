"""Makes the page of the price document's format from the structs that read it."""

from __future__ import annotations

import inspect
import json

import msgspec

from proxy.prices.document import (
    FIELDS,
    SCHEMA,
    Document,
    EntryRow,
    ModelRow,
    ProviderRow,
    SourceRow,
)
from proxy.prices.snapshot import SHIPPED

_TEXT = f"""A snapshot is one JSON file that says what models cost, under which
conditions, and who says so. The one that ships with Turnout is `resources/{SHIPPED}`;
`turnout prices refresh` takes another of the same form from a file or an address. Any
static web server can host one. The format has a version, `schema`: it is {SCHEMA} now,
and a document of another version is refused.

Prices are estimates. Turnout compiles them from the package genai-prices, whose authors
say themselves that they are not fully accurate; what an answer itself says it cost
beats every price here.

## How a price is found

- A model is found by its exact `id`, by one of its `aliases`, or by one of them with a
  date behind it (`-20261101` or `-2026-11-01`). Never by a name that only looks alike.
- Of a model's `entries` that hold, the **last** one wins. An entry without a condition
  always holds.
- `above`: the whole prompt, tokens from a cache included, has **more** tokens than
  this. Then every token of the request has this entry's prices.
- `starts`: from midnight UTC of this day on.
- `from` and `to`: between these times of day in UTC; `to` is no part of it, and the
  hours may pass midnight.
- `variant`: what the *answer* said about how it was served: `processing` (`batch`),
  `service_tier` (`flex`, `priority`, `fast`), `speed` (`fast`). All words of the entry
  have to be there. A word that no entry knows changes nothing: the ordinary price
  stands in and is marked as uncertain.

## Prices

Decimal texts, never floating-point numbers: dollars per million tokens, `web_search`
dollars per thousand searches. Their names:
{", ".join(f"`{name}`" for name in FIELDS)}.

- `input` is for tokens that no cache gave or took. `cache_write` keeps them for five
  minutes, `cache_write_1h` for an hour. Where an entry has no price for a cache, tokens
  that go through it cost what other input costs.
- `output` includes reasoning; only where `reasoning` has a price of its own, that holds
  for it.
- A price that is missing is unknown, never free. Free is `"0"`.
- Not covered: sound, pictures and video at prices of their own, files searched, storage
  by the hour, taxes, discounts, other currencies, days of the week.
"""


def price_snapshot_page(made: str) -> str:
    """Return the page; `made` is the sentence that says who writes it."""
    parts = ["# The price document", "", made, "", _TEXT, "## Fields", ""]
    for struct in (Document, ProviderRow, ModelRow, EntryRow, SourceRow):
        parts += [f"### {struct.__name__}", "", *_fields(struct), ""]
    (schema,), shapes = msgspec.json.schema_components([Document])
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    text = json.dumps(whole | {"$defs": shapes}, indent=1)
    parts += ["## JSON Schema", "", "```json", text, "```"]
    return "\n".join(parts) + "\n"


def _fields(struct: type[msgspec.Struct]) -> list[str]:
    lines = [inspect.cleandoc(struct.__doc__ or ""), ""]
    for field in msgspec.structs.fields(struct):
        needed = "required" if field.required else "may be left out"
        lines.append(f"- `{field.encode_name}`: {needed}")
    return lines
