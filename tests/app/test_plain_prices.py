"""Prices as lines for people."""

from datetime import UTC, datetime
from decimal import Decimal

from app.commands.prices import PriceChanges, PriceList, PriceRow
from app.plain import plain
from proxy.money import Price
from proxy.prices.conflicts import Conflict
from proxy.prices.difference import Change, Kind
from proxy.prices.freshness import Freshness

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROW = PriceRow(
    route="deepseek/deepseek-v4-pro",
    price=Price(Decimal("0.66"), Decimal("1.98"), Decimal("0.022")),
    conditions=("x2 01:00-04:00 UTC",),
    status=Freshness.TRACKED,
    source="genai-prices 0.2.3 (provider-docs)",
    checked=NOW,
    age_days=3,
    priced_as="",
    conflicts=(),
)
UNKNOWN = PriceRow("mine/b", None, (), Freshness.UNTRACKED, "", None, None, "", ())


def told(*rows: PriceRow, note: str = "", configured: bool = True) -> str:
    return "\n".join(plain(PriceList(rows, "prices 1", note, NOW, configured)))


def test_prices_stand_with_status_age_source_and_conditions() -> None:
    text = told(ROW, UNKNOWN)
    line = next(line for line in text.splitlines() if "deepseek" in line)
    cells = line.split()
    assert cells[1:4] == ["0.66", "1.98", "0.022"]
    for part in ("tracked", "3 d", "provider-docs", "x2 01:00-04:00 UTC"):
        assert part in line
    other = next(line for line in text.splitlines() if "mine/b" in line)
    assert other.split() == ["mine/b", *["unknown"] * 5, "untracked"]
    assert "estimates, not a bill" in text
    assert "differ" not in text


def test_both_sides_of_a_conflict_are_shown() -> None:
    conflict = Conflict("input", Decimal(4), Decimal("1.416"), "an aggregator")
    fields = {name: getattr(ROW, name) for name in ROW.__dataclass_fields__}
    text = told(PriceRow(**fields | {"conflicts": (conflict,)}))
    assert "tracked, conflict" in text
    assert "deepseek-v4-pro: input 4, but 1.416 by an aggregator" in text


def test_a_price_of_another_id_says_so() -> None:
    fields = {name: getattr(ROW, name) for name in ROW.__dataclass_fields__}
    assert "as base-id" in told(PriceRow(**fields | {"priced_as": "base-id"}))


def test_nothing_to_show_is_a_sentence() -> None:
    assert told(configured=False) == (
        "No provider is configured, so nothing has a price."
    )
    assert told() == "No model has such a price."
    assert "It is broken." in told(note="It is broken.")


def changes(**more: object) -> str:
    fields: dict[str, object] = {
        "applied": False,
        "asks": True,
        "before": "old 1",
        "after": "new 2",
        "changes": (
            Change(Kind.CHANGED, "a/b", "input 1 -> 20", jump=True),
            Change(Kind.REMOVED, "a/c", "input 1, output 2"),
        ),
        "same": 7,
    }
    result = PriceChanges(**fields | more)  # type: ignore[arg-type]
    return "\n".join(plain(result, "/opt/turnout"))


def test_a_difference_asks_for_a_yes() -> None:
    text = changes()
    assert "old 1 -> new 2" in text
    assert "Models: 0 added, 1 removed, 1 changed, 7 as before." in text
    assert "!  changed  a/b  input 1 -> 20" in text
    assert text.endswith("Say --yes as well to take these prices.")
    assert "--even-if-smaller" in changes(warning="It has few models.")


def test_a_difference_that_was_taken_names_the_way_back() -> None:
    text = changes(applied=True, asks=False)
    assert "`/opt/turnout prices undo` goes back." in text
    assert "earlier requests keep their cost" in text


def test_a_long_difference_is_cut_and_says_so() -> None:
    many = tuple(Change(Kind.ADDED, f"a/{n}", "input 1") for n in range(45))
    assert "and 5 more; --json shows all." in changes(changes=many)


def test_the_same_document_is_a_sentence() -> None:
    same = changes(before="x", after="x", changes=(), asks=False)
    assert same == "The document has the prices that are in force already."
    assert changes(changes=(), asks=False).endswith("Nothing was changed.")
