"""Every loss is one of the closed list, and every one of the list can happen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import proxy
from proxy.translation.extras import FIELDS
from proxy.wire.losses import LOSSES, Noted, named

_ROOT = Path(proxy.__path__[0])
_HOME = _ROOT / "wire" / "losses.py"
_WAYS = frozenset({"named", "lose", "_lose"})


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(_ROOT.rglob("*.py")):
        if path != _HOME:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _named_by(call: ast.Call) -> str | None:
    """The word a call names a loss by, where it stands in the call itself."""
    match call:
        case ast.Call(func=ast.Name(id=word)) if word in _WAYS:
            pass
        case ast.Call(func=ast.Attribute(attr=word)) if word in _WAYS:
            pass
        case ast.Call(func=ast.Attribute(attr="add", value=ast.Name(id=name))) if (
            name in {"lost", "noted"}
        ):
            pass
        case ast.Call(
            func=ast.Attribute(attr="add", value=ast.Attribute(attr=name))
        ) if name in {"_lost", "_noted"}:
            pass
        case _:
            return None
    match call.args:
        case [ast.Constant(value=str(said)), *_]:
            return said
        case _:
            return None


def test_no_loss_is_made_but_from_the_list() -> None:
    made = [
        path.name
        for path, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Loss"
    ]
    assert made == []


def test_every_name_that_is_said_is_in_the_list() -> None:
    said = {
        word: path.name
        for path, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (word := _named_by(node)) is not None
    }
    assert len(said) > 50
    assert {word: said[word] for word in said if word not in LOSSES} == {}


def test_every_name_of_the_list_can_be_said() -> None:
    words = {
        node.value
        for _, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(LOSSES) - words == set()


def test_every_fate_of_a_field_is_a_loss_or_none() -> None:
    fates = {fate for table in FIELDS.values() for fate in table.values()}
    assert fates - set(LOSSES) == {"carried", "needed"}


@pytest.mark.parametrize("name", LOSSES)
def test_a_name_is_a_word_and_its_meaning_a_sentence(name: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    assert re.fullmatch(r"[A-Z][^\n]*[^ ]\.", LOSSES[name])
    assert len(LOSSES[name]) < 160


def test_names_stand_in_their_order() -> None:
    assert list(LOSSES) == sorted(LOSSES)


def test_a_loss_is_named_once_and_holds_no_content() -> None:
    noted = Noted()
    noted.add("server_tool_offered", ["web_search", "a b\n<c>" + "x" * 90])
    noted.add("server_tool_offered", ["later"])
    (loss,) = noted.losses
    assert "web_search" in loss.detail
    assert "\n" not in loss.detail
    assert len(loss.detail) < 200
    with pytest.raises(KeyError):
        noted.add("unheard_of")


def test_without_words_the_sentence_stands_alone() -> None:
    assert named("seed").detail == LOSSES["seed"]
