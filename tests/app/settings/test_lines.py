import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings.lines import line_of, with_lines
from proxy.catalogue import ConfigProblem

TEXT = '''# first
top = 1
[gateway]
port = 8787


mode = """
direct
"""
[[providers]]
id = "a"
protocols = [
  "x",

  "y",
]
"odd key" = 1
models = [{ id = "m" }, { id = "n" }]
[[providers]]
id = "b"
[[providers.models]]
id = "q"
[[providers.models]]
id = "r"
price.input = "1"
'''


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("top", 2),
        ("gateway", 3),
        ("gateway.port", 4),
        ("gateway.mode", 7),
        ("providers", 10),
        ("providers[0].id", 11),
        ("providers[0].protocols", 12),
        ('providers[0]."odd key"', 17),
        ("providers[0].models[1].id", 18),
        ("providers[1]", 19),
        ("providers[1].id", 20),
        ("providers[1].models[0].id", 22),
        ("providers[1].models[1].id", 24),
        ("providers[1].models[1].price.input", 25),
        ("providers[1].base_url", 19),
        ("providers[7].key", 10),
        ("nowhere", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_where_a_value_begins(where: str, line: int | None, end: str) -> None:
    problem = ConfigProblem(None, where, "m.", "h")
    (found,) = with_lines(TEXT.replace("\n", end), [problem])
    assert found == ConfigProblem(line, where, "m.", "h")


def test_problems_come_in_the_order_of_their_lines() -> None:
    places = ["providers[1].id", "gateway.port", "nowhere"]
    found = with_lines(TEXT, [ConfigProblem(None, one, "", "") for one in places])
    assert [one.line for one in found] == [None, 4, 20]


_values = st.sampled_from(
    ["1", '"x"', "[1,\n\n2]", '"""\n[gateway]\n"""', "{ a = 1 }", "'''\n'''"]
)
_lines = st.one_of(
    st.sampled_from(["", "# [a]", "[other]", "[[list]]"]),
    st.tuples(st.integers(0, 99), _values).map(lambda pair: f"k{pair[0]} = {pair[1]}"),
)


@given(st.lists(_lines, max_size=12), st.lists(_lines, max_size=12), _values)
def test_any_file_around_it(before: list[str], after: list[str], value: str) -> None:
    start = "\n".join([*before, "[mine]", ""])
    text = f"{start}wanted = {value}\n" + "\n".join(after)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert line_of(text, "mine", "wanted") == start.count("\n") + 1
