"""What a command is, by its signature."""

import asyncio
from typing import Annotated, cast

import msgspec
import pytest
from painted_commands import COMMANDS, Colour, Painted, paint

from app.cli import parse
from app.commands import COMMANDS as REAL
from app.commands.command import Command, Effect, Parameter, settle
from app.failure import CommandFailed, Exit
from app.services import Services

PAINT, PEEK = COMMANDS[:2]


def test_the_signature_is_the_interface() -> None:
    name, colour, coats = PAINT.parameters
    assert name == Parameter("name", str, str, True, None, False, "")
    assert (colour.kind, colour.required, colour.default) == (
        Colour,
        False,
        Colour.RED,
    )
    assert (coats.kind, coats.flag, coats.help) == (int, True, "How many")
    assert PAINT.result is Painted
    assert PAINT.summary == "Paint a thing."


def test_names_make_words_and_paths() -> None:
    assert PEEK.words == ("things", "peek")
    assert PEEK.path == "/commands/things/peek"


def test_an_optional_parameter_has_its_inner_kind() -> None:
    (name,) = PEEK.parameters
    assert (name.kind, name.required) == (str, False)


def test_a_parameter_no_shell_can_offer_is_a_fault_of_ours() -> None:
    async def odd(services: Services, both: int | str) -> Painted:
        """Be odd."""
        return await paint(services, str(both))

    with pytest.raises(TypeError, match="no shell"):
        _ = Command("odd", odd, Effect.READ).parameters


def test_words_are_numbers_only_where_words_are_typed() -> None:
    assert PAINT.arguments({"name": "7", "coats": "7"}, lax=True) == {
        "name": "7",
        "coats": 7,
    }
    with pytest.raises(CommandFailed) as caught:
        PAINT.arguments({"name": "7", "coats": "7"})
    assert caught.value.exit == Exit.USAGE


def test_a_wrong_choice_is_answered_with_the_right_ones() -> None:
    with pytest.raises(CommandFailed) as caught:
        PAINT.arguments({"name": "x", "colour": "green"})
    assert "One of red, blue is needed" in caught.value.message


@pytest.mark.parametrize("value", ["\udc80", "a\0b"])
def test_what_is_not_text_is_refused(value: str) -> None:
    with pytest.raises(CommandFailed, match="as it should be"):
        PAINT.arguments({"name": value}, lax=True)


def test_bounds_are_part_of_the_signature() -> None:
    async def bounded(
        services: Services, *, most: Annotated[int, msgspec.Meta(le=3)] | None = None
    ) -> Painted:
        """Be bounded."""
        return await paint(services, str(most))

    command = Command("bounded", bounded, Effect.READ)
    assert command.arguments({"most": 3}) == {"most": 3}
    with pytest.raises(CommandFailed):
        command.arguments({"most": 4})


@pytest.mark.parametrize(
    ("argv", "wish"),
    [
        (
            ["keys", "new", "a b"],
            (
                "name: 1 to 64 lower-case letters, digits, dots, dashes or underscores "
                "are needed, a letter or digit first."
            ),
        ),
        (["events", "--limit", "abc"], "A whole number from 1 to 1000 is needed."),
        (["events", "--limit", "0"], "A whole number from 1 to 1000 is needed."),
        (["mode", "fast"], "name: One of coding-auto, "),
        (["try", ""], "prompt: It must not be empty."),
    ],
)
def test_misuse_is_told_in_our_own_words(
    argv: list[str], wish: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(argv)
    told = " ".join(capsys.readouterr().err.split())
    assert wish in told
    for word in ("Expected", "regex", "`"):
        assert word not in told


def test_wrong_kinds_of_values_are_told_what_is_needed() -> None:
    new = next(each for each in REAL if each.name == "keys new")
    for given, wish in (({"keep": 3}, "true or false"), ({"name": 3}, "lower-case")):
        with pytest.raises(CommandFailed) as caught:
            new.arguments({"name": "x", **given})
        assert wish in caught.value.message
    with pytest.raises(CommandFailed, match="as it should be") as caught:
        PEEK.arguments({"name": 3})
    assert "Text is needed" in caught.value.message


async def test_settling_gives_results_and_refusals_as_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nothing = cast("Services", None)
    assert isinstance(await settle("paint", paint(nothing, "x")), Painted)

    async def fall() -> Painted:
        raise KeyError("canary")

    failed = await settle("fall", fall())
    assert isinstance(failed, CommandFailed)
    assert "KeyError" in failed.message
    assert "canary" not in failed.message + caplog.text
    assert "test_command.py" in caplog.text


async def test_cancellation_is_not_swallowed() -> None:
    async def leave() -> Painted:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await settle("leave", leave())
