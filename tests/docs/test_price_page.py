"""The page of the price document says everything that the document may hold."""

from __future__ import annotations

import json
import re

import msgspec

from docs.price_page import price_snapshot_page
from proxy.prices.document import FIELDS, Document, EntryRow, ModelRow, ProviderRow


def test_every_field_and_price_is_on_the_page() -> None:
    page = price_snapshot_page("Made.")
    assert "Made." in page
    for struct in (Document, ProviderRow, ModelRow, EntryRow):
        for field in msgspec.structs.fields(struct):
            assert f"- `{field.encode_name}`: " in page
    for name in FIELDS:
        assert f"`{name}`" in page


def test_the_schema_on_the_page_is_json() -> None:
    (schema,) = re.findall(r"```json\n(.*?)```", price_snapshot_page(""), re.DOTALL)
    assert {"Document", "EntryRow"} <= json.loads(schema)["$defs"].keys()
