"""The guides to the first run, the way back, wiring and servers say what is so."""

from __future__ import annotations

import io
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from app.cli import parse
from app.commands import COMMANDS
from app.found import AGAIN_SECONDS, EVERY_SECONDS
from app.settings.fields import OnQuit
from discovery.findings import ServerKind
from discovery.scan import SECONDS
from discovery.server_words import LITTLE_ROOM, PROVIDERS
from wizard.answers import Answers, ClientAnswers, read_answers, written
from wizard.autostart import VALUE_NAME

_ROOT = Path(__file__).resolve().parents[2]
_FOLDER = _ROOT / "docs" / "guide"
_FIRST_RUN = (_FOLDER / "first-run.md").read_text(encoding="utf-8")
_WORDS = " ".join(_FIRST_RUN.split())
_SERVERS = " ".join((_FOLDER / "local-servers.md").read_text(encoding="utf-8").split())
_WIRING = (_FOLDER / "wiring.md").read_text(encoding="utf-8")
_FENCE = re.compile(r"^```(\w+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_ANSWERS = [text for mark, text in _FENCE.findall(_FIRST_RUN) if mark == "toml"]
_TYPED = re.compile(
    r"^\.venv/bin/turnout (.+)$|`(?:\.venv/bin/)?turnout\s([^`]+)`", re.MULTILINE
)
_STANDS_FOR = {
    "answers.toml": "FILE",
    "CLIENT": "claude-code",
    "N": "1",
    "NAME": "openai",
}
_PAGES = [*sorted(_FOLDER.glob("*.md")), _ROOT / "README.md"]


def typed(page: Path) -> list[str]:
    found = _TYPED.findall(page.read_text(encoding="utf-8"))
    return [" ".join("".join(words).split()) for words in found]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_every_command_line_is_one(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where a command asks for a key.
    monkeypatch.setattr("sys.stdin", io.StringIO("canary-not-a-secret\n"))
    file = tmp_path / "answers.toml"
    file.write_text("", encoding="utf-8")
    lines = typed(page)
    assert lines
    for line in lines:
        words = [_STANDS_FOR.get(word, word) for word in shlex.split(line)]
        parse([str(file) if word == "FILE" else word for word in words], COMMANDS)


def test_the_answers_are_answers() -> None:
    assert len(_ANSWERS) == 2
    for text in _ANSWERS:
        answers = read_answers(text)
        assert answers != Answers()
        assert read_answers(written(answers)) == answers


def test_every_word_of_the_answers_is_shown_and_explained() -> None:
    shown = tomllib.loads(_ANSWERS[0])
    alls = {each.name for each in fields(Answers) if each.name.startswith("all_")}
    words = {each.name for each in fields(Answers)} - alls
    assert set(shown) == words
    own = {each.name for each in fields(ClientAnswers)}
    assert {word for table in shown["client"].values() for word in table} == own
    for word in (words | own) - {"client"}:
        assert f"| `{word}` | " in _FIRST_RUN
    assert {f"all_{word}" for word in tomllib.loads(_ANSWERS[1])} == alls


def test_numbers_of_the_look_are_those_in_force() -> None:
    assert f"{SECONDS:g} seconds at most" in _WORDS
    assert (EVERY_SECONDS, "once a minute" in _SERVERS) == (60.0, True)
    assert (AGAIN_SECONDS, "asked every five seconds" in _SERVERS) == (5.0, True)
    assert f"{LITTLE_ROOM:,} tokens" in _SERVERS


def test_every_known_kind_of_server_has_its_row() -> None:
    names = {
        ServerKind.OLLAMA: "Ollama",
        ServerKind.LM_STUDIO: "LM Studio",
        ServerKind.LLAMA_CPP: "llama.cpp",
        ServerKind.VLLM: "vLLM",
        ServerKind.LOCALAI: "LocalAI",
    }
    assert set(names) == set(PROVIDERS)
    assert f"| {', '.join(names.values())} |" in _SERVERS


def test_what_quit_can_do_is_told() -> None:
    for choice in OnQuit:
        assert f"| {choice} |" in _WIRING or f"`{choice}`" in _WIRING
    assert f"`{VALUE_NAME}`" in _WIRING
