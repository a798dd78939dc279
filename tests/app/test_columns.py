"""Lines and columns for a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from app.columns import Column, facts, harmless, table, width

COLUMNS = (Column("NAME"), Column("COST", right=True, least=6), Column("WHY"))


def test_columns_line_up_and_lines_do_not_trail() -> None:
    rows = [("a", "1", ""), ("longer", "1234567", "so")]
    assert table(COLUMNS, rows) == (
        "NAME       COST  WHY",
        "a             1",
        "longer  1234567  so",
    )


def test_without_titles_their_width_still_counts() -> None:
    assert table(COLUMNS, [("a", "1", "x")], head=False) == ("a          1  x",)


def test_wide_and_combining_characters_take_the_room_they_take() -> None:
    assert width("日本") == 4
    assert width("e\u0301") == 1
    first, second = table((Column("", least=6), Column("")), [("日本", "x")] * 2)[1:]
    assert first == second == "日本    x"


def test_facts_align_their_values() -> None:
    assert facts([("mode", "direct"), ("today", "0 $")]) == (
        "mode   direct",
        "today  0 $",
    )
    assert facts([]) == ()


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    assert harmless(text).isprintable()
    assert len(harmless(text)) == len(text)


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), max_size=5))
def test_any_cells_make_one_line_a_row(rows: list[tuple[str, str, str]]) -> None:
    lines = table(COLUMNS, rows)
    assert len(lines) == len(rows) + 1
    assert all(line.isprintable() for line in lines)
