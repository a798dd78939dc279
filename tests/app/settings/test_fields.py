import tomllib

import pytest

from app.settings import Settings, setting_reference
from app.settings.fields import read_settings
from proxy.catalogue import ConfigProblem
from proxy.catalogue.problems import TableReader
from proxy.routing import Mode


def read(text: str) -> tuple[Settings, list[ConfigProblem]]:
    problems: list[ConfigProblem] = []
    table = tomllib.loads(text)
    return read_settings(TableReader(table, "gateway", problems)), problems


SWITCH = ("false", "true")


def test_nothing_written_is_the_defaults() -> None:
    assert read("") == (Settings(), [])
    assert Settings().port == 8787
    assert Settings().mode is Mode.DIRECT


def test_every_setting_can_be_written_at_both_ends_of_its_range() -> None:
    for one in setting_reference():
        values: list[object] = [one.low, one.high] if one.low is not None else []
        values += [f'"{word}"' for word in one.choices if word not in SWITCH]
        values += [word for word in one.choices if word in SWITCH]
        for value in values:
            settings, problems = read(f"{one.name} = {value}")
            assert problems == []
            read_back = str(getattr(settings, one.name))
            assert read_back.lower() == str(value).strip('"')


def test_every_setting_is_explained_and_its_default_is_allowed() -> None:
    for one in setting_reference():
        assert one.help.endswith(".")
        if one.low is not None and one.high is not None:
            assert one.low <= int(one.default) <= one.high
        elif one.choices:
            assert one.default in one.choices
        else:
            assert read(f"{one.name} = {one.default}") == (Settings(), [])


@pytest.mark.parametrize("amount", ["0", "0.50", "12.000000001", ""])
def test_a_ceiling_is_an_amount_in_quotes(amount: str) -> None:
    settings, problems = read(f'price_ceiling = "{amount}"')
    assert (settings.price_ceiling, problems) == (amount, [])


@pytest.mark.parametrize(
    "wrong",
    ["0.5", "true", '"-1"', '"much"', '"1e9"', '" "', '"nan"', '"Infinity"'],
)
def test_what_is_no_amount_sets_no_ceiling_and_is_said(wrong: str) -> None:
    settings, (problem,) = read(f"price_ceiling = {wrong}")
    assert settings.price_ceiling == ""
    assert 'price_ceiling = "0.50"' in problem.hint


def test_what_is_wrong_keeps_its_default_and_is_listed() -> None:
    settings, problems = read(
        'port = 0\nmode = "ofline"\ndrain_seconds = "10"\nfirst_byte_seconds = true\n'
    )
    assert settings == Settings()
    assert [problem.where for problem in problems] == [
        "gateway.port",
        "gateway.mode",
        "gateway.first_byte_seconds",
        "gateway.drain_seconds",
    ]
    assert "1 to 65535" in problems[0].hint
    assert 'Did you mean "offline"?' in problems[1].hint
