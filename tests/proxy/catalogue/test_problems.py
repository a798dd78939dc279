from datetime import date

import pytest

from proxy.catalogue import ConfigProblem, Place
from proxy.catalogue.problems import TableReader, closest, join, kind_of


def test_a_problem_reads_as_one_line() -> None:
    problem = ConfigProblem(3, "gateway.port", "`port` is out of range.", "Mend it.")
    assert str(problem) == "line 3: `port` is out of range. Mend it."
    nowhere = ConfigProblem(None, "", "It is gone.", "")
    assert str(nowhere) == "It is gone."
    unplaced = ConfigProblem(None, "providers[0]", "No id.", "")
    assert str(unplaced) == "providers[0]: No id."


@pytest.mark.parametrize(
    ("where", "key", "path"),
    [
        ("", "gateway", "gateway"),
        ("providers[1]", "key", "providers[1].key"),
        ("a", "b.c", 'a."b.c"'),
        ("", "x" * 50, f'"{"x" * 40}..."'),
    ],
)
def test_places(where: str, key: str, path: str) -> None:
    assert join(where, key) == path


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "true or false"),
        (1, "a whole number"),
        (1.5, "a number with a point"),
        ("x", "text"),
        ([], "a list"),
        ({}, "a table"),
        (date(2026, 1, 1), "a date or time"),
    ],
)
def test_kinds(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_the_closest_word() -> None:
    assert closest("plase", ["place", "port"]) == "place"
    assert closest("PLACE", ["place"]) == "place"
    assert closest("xyzzy", ["place", "port"]) is None


def test_only_short_plain_words_are_quoted() -> None:
    problems: list[ConfigProblem] = []
    reader = TableReader({"a": "provide", "b": "SECRET/value"}, "", problems)
    assert reader.word("a", Place) is None
    assert reader.word("b", Place) is None
    assert '"provide"' in problems[0].message
    assert 'Did you mean "provider"?' in problems[0].hint
    assert "SECRET" not in str(problems[1])
    assert not reader.sound
