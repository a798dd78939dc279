"""The first run in a terminal, word by word, on a real gateway."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from loopback import Serving, serving
from upstream import ScriptedUpstream

from app import first_run
from app.commands import COMMANDS
from app.failure import Exit

MINE = '{"theme": "dark"}\n'


@pytest.fixture
def person(tmp_path: Path) -> Path:
    folder = tmp_path / "person" / ".claude"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(MINE)
    return folder.parent


@pytest.fixture
async def gateway(tmp_path: Path, person: Path) -> AsyncIterator[Serving]:
    async with ScriptedUpstream() as upstream:
        config = f'[[providers]]\nid = "anthropic"\nbase_url = "{upstream.url}"\n'
        environ = {
            "HOME": str(person),
            "ANTHROPIC_API_KEY": "sk-canary-0123456789wxyz",
            "PATH": "/nowhere",
        }
        async with serving(tmp_path / "t", config, environ) as gateway:
            yield gateway


class Typed:
    """A person's words, and what the terminal showed."""

    def __init__(self, *words: str) -> None:
        self._words = list(words)
        self.out = io.StringIO()
        self.screen = first_run.Screen(self.out, self._read, "turnout")

    def _read(self) -> str:
        if not self._words:
            raise EOFError
        return self._words.pop(0)

    @property
    def shown(self) -> str:
        return self.out.getvalue()


def asking(gateway: Serving) -> first_run.Ask:
    by_name = {command.name: command for command in COMMANDS}

    async def ask(name: str, **arguments: object) -> object:
        return await gateway.door.patient(60).call(
            name, by_name[name].result, **arguments
        )

    return ask


def settings(person: Path) -> str:
    return (person / ".claude" / "settings.json").read_text()


async def test_enter_then_yes_connects_and_tests(
    gateway: Serving, person: Path
) -> None:
    typed = Typed("", "yes")
    assert await first_run.asked(asking(gateway), typed.screen) == Exit.OK
    assert first_run.LOOKING in typed.shown
    assert "Claude Code is connected to Turnout." in typed.shown
    assert "ok  stream" in typed.shown
    assert "canary" not in typed.shown
    assert gateway.url in settings(person)


@pytest.mark.parametrize("words", [("q",), ("", "q"), ("", "b", "q"), ("",), ()])
async def test_leaving_writes_nothing(
    gateway: Serving, person: Path, words: tuple[str, ...]
) -> None:
    typed = Typed(*words)
    assert await first_run.asked(asking(gateway), typed.screen) == Exit.OK
    assert "Nothing was changed" in typed.shown
    assert settings(person) == MINE


async def test_numbers_untick_and_nothing_left_is_said(
    gateway: Serving, person: Path
) -> None:
    typed = Typed("1,2", "99", "", "q")
    await first_run.asked(asking(gateway), typed.screen)
    assert "[ ]  1" in typed.shown
    assert "Type numbers with blanks between them (1 to " in typed.shown
    assert "Nothing is chosen" in typed.shown
    assert settings(person) == MINE


@pytest.mark.parametrize("word", ["1 x", "abc; 1", "3-5", "\u0661", "-1", "9" * 9])
async def test_a_line_with_a_mistake_ticks_nothing(gateway: Serving, word: str) -> None:
    typed = Typed(word, "q")
    await first_run.asked(asking(gateway), typed.screen)
    assert "[ ]  1" not in typed.shown


async def test_ctrl_c_says_that_nothing_was_changed(
    gateway: Serving, person: Path
) -> None:
    typed, asked_for, never = Typed(), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def read() -> str:
        loop.call_soon_threadsafe(asked_for.set)
        never.wait()
        return ""

    screen = first_run.Screen(typed.out, read, "turnout")
    running = asyncio.ensure_future(first_run.asked(asking(gateway), screen))
    await asked_for.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    never.set()
    assert "Nothing was changed" in typed.shown
    assert settings(person) == MINE


def test_sentences_are_broken_between_words_and_differences_are_not() -> None:
    out = io.StringIO()
    screen = first_run.Screen(out, width=20)
    screen.show(("  one two three four five six", "   +   kept as it is, however long"))
    assert out.getvalue() == (
        "  one two three four\n    five six\n   +   kept as it is, however long\n"
    )


async def test_the_mode_is_chosen_by_its_number(gateway: Serving) -> None:
    typed = Typed("m", "4", "m", "x", "q")
    await first_run.asked(asking(gateway), typed.screen)
    assert "Mode: offline" in typed.shown
    assert "The mode stays as it is." in typed.shown


async def test_a_question_is_asked_before_anything(
    gateway: Serving, person: Path
) -> None:
    file = person / ".claude" / "settings.json"
    file.write_text('{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:3456"}}')
    before = settings(person)
    typed = Typed("", "no", "q")
    await first_run.asked(asking(gateway), typed.screen)
    assert "http://127.0.0.1:3456" in typed.shown
    assert settings(person) == before
    typed = Typed("", "yes", "yes")
    assert await first_run.asked(asking(gateway), typed.screen) == Exit.OK
    assert gateway.url in settings(person)


async def test_a_file_of_answers_asks_nobody(gateway: Serving, person: Path) -> None:
    answers = 'clients = "all"\nkeys = "all"\n'
    typed = Typed()
    ask = asking(gateway)
    dry = await first_run.scripted(ask, typed.screen, answers, dry_run=True)
    assert dry == Exit.OK
    assert settings(person) == MINE
    assert (
        await first_run.scripted(ask, typed.screen, answers, dry_run=False) == Exit.OK
    )
    assert gateway.url in settings(person)


async def test_a_dry_run_shows_the_usual_choices(
    gateway: Serving, person: Path
) -> None:
    typed = Typed()
    assert await first_run.looked_at(asking(gateway), typed.screen) == Exit.OK
    assert "~/.claude/settings.json" in typed.shown
    assert settings(person) == MINE


async def test_an_empty_machine_is_no_dead_end(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path / "nobody"), "PATH": "/nowhere"}
    async with serving(tmp_path / "t", "", environ) as gateway:
        typed = Typed("", "q")
        await first_run.asked(asking(gateway), typed.screen)
    assert "the practice provider answers" in typed.shown
    assert "keys store anthropic" in typed.shown


async def test_a_client_that_is_taken_back_is_a_failure(
    tmp_path: Path, person: Path
) -> None:
    config = '[[providers]]\nid = "anthropic"\nbase_url = "http://127.0.0.1:9"\n'
    environ = {
        "HOME": str(person),
        "ANTHROPIC_API_KEY": "sk-canary-0123456789wxyz",
        "PATH": "/nowhere",
    }
    async with serving(tmp_path / "t", config, environ) as gateway:
        typed = Typed("", "yes")
        assert await first_run.asked(asking(gateway), typed.screen) == Exit.FAILED
    assert "taken back" in typed.shown
    assert settings(person) == MINE
