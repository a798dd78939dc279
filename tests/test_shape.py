"""Measures our own tree against the limits of the house; a limit passed is a failure.

The limits guard the tail: a module or function that grew too long is split by meaning,
not by raising the number here.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_ROOMS = ("app", "proxy", "discovery", "wizard", "resources")
_MIRRORED = ("app", "proxy", "discovery", "wizard")

_MODULE_MEDIAN, _MODULE_P90, _MODULE_MAX = 150, 350, 600
_FUNCTION_MEDIAN, _FUNCTION_P90, _FUNCTION_P99, _FUNCTION_MAX = 8, 30, 60, 80
_PUBLIC_DOCSTRINGS = 0.90
_FORBIDDEN_NAMES = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}

# Modules without a test file of their own name: module -> why.
_TESTED_ELSEWHERE: dict[str, str] = {}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (_ROOT / room).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _functions(*rooms: str) -> Iterator[tuple[str, Function]]:
    for path in _modules(*rooms):
        for node in ast.walk(_tree(path)):
            if isinstance(node, Function):
                yield f"{_name(path)}:{node.lineno} {node.name}", node


def _lines(function: Function) -> int:
    """The length of a function in lines, its docstring not counted."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno:
        length -= first.end_lineno - first.lineno + 1
    return length


def _at(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _module_lines() -> dict[str, int]:
    return {
        _name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in _modules(*_ROOMS)
    }


def test_no_module_is_too_long() -> None:
    long = {name: n for name, n in _module_lines().items() if n > _MODULE_MAX}
    assert not long


def test_modules_are_short_as_a_rule() -> None:
    lines = list(_module_lines().values())
    assert statistics.median(lines) <= _MODULE_MEDIAN
    assert _at(lines, 0.90) <= _MODULE_P90


def test_no_function_is_too_long() -> None:
    functions = _functions(*_ROOMS)
    long = [where for where, node in functions if _lines(node) > _FUNCTION_MAX]
    assert not long


def test_functions_are_short_as_a_rule() -> None:
    lines = [_lines(node) for _, node in _functions(*_ROOMS)]
    assert statistics.median(lines) <= _FUNCTION_MEDIAN
    assert _at(lines, 0.90) <= _FUNCTION_P90
    assert _at(lines, 0.99) <= _FUNCTION_P99


def _unannotated(function: Function) -> list[str]:
    """The parameters of a function without a type, and `return` where that has none."""
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
    missing = [
        parameter.arg
        for parameter in parameters
        if parameter.annotation is None and parameter.arg not in {"self", "cls"}
    ]
    return missing + (["return"] if function.returns is None else [])


def test_every_function_is_typed() -> None:
    untyped = {
        where: missing
        for where, node in _functions(*_ROOMS)
        if (missing := _unannotated(node))
    }
    assert not untyped


def _public(
    node: ast.Module | ast.ClassDef, where: str
) -> Iterator[tuple[str, ast.ClassDef | Function]]:
    """The public classes, functions and methods below `node`; none in functions."""
    for child in node.body:
        if not isinstance(child, ast.ClassDef | Function):
            continue
        if child.name.startswith("_") or _overrides(child):
            continue
        name = f"{where}.{child.name}"
        yield name, child
        if isinstance(child, ast.ClassDef):
            yield from _public(child, name)


def _overrides(node: ast.ClassDef | Function) -> bool:
    """Whether it says the same as what it overrides, so that its text is there."""
    names = {ast.unparse(decorator) for decorator in node.decorator_list}
    return bool(names & {"override", "typing.override", "overload"})


def test_what_is_public_has_a_docstring() -> None:
    public = [
        pair for path in _modules(*_ROOMS) for pair in _public(_tree(path), _name(path))
    ]
    missing = [where for where, node in public if ast.get_docstring(node) is None]
    assert len(missing) <= len(public) * (1 - _PUBLIC_DOCSTRINGS), missing


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        _name(path) for path in _modules(*_ROOMS) if not ast.get_docstring(_tree(path))
    ]
    assert not silent


def test_nothing_is_global() -> None:
    statements = [
        f"{_name(path)}:{node.lineno}"
        for path in _modules(*_ROOMS)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Global)
    ]
    assert not statements


def test_product_code_asserts_nothing() -> None:
    asserts = [
        f"{_name(path)}:{node.lineno}"
        for path in _modules(*_ROOMS)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Assert)
    ]
    assert not asserts


def test_modules_have_true_names() -> None:
    vague = [
        _name(path)
        for path in _modules(*_ROOMS)
        if _FORBIDDEN_NAMES & set(path.relative_to(_ROOT).with_suffix("").parts)
    ]
    assert not vague


def _has_code(path: Path) -> bool:
    """Whether there is anything to test: a function, a class with a method."""
    return any(isinstance(node, Function) for node in ast.walk(_tree(path)))


def _places(path: Path) -> list[Path]:
    """Where the tests of a module may be: its own file, or its package's."""
    inner = path.relative_to(_ROOT)
    tests = _ROOT / "tests" / inner.parent
    own = inner.parent.name if inner.stem == "__init__" else inner.stem.strip("_")
    found = [tests / f"test_{own}.py"]
    # A package tests its parts through its public names in one file.
    while len(inner.parts) > 2:
        inner = inner.parent
        package = f"test_{inner.name}.py"
        found += [_ROOT / "tests" / inner / package]
        found += [_ROOT / "tests" / inner.parent / package]
    return found


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=_name(path)) for path in _modules(*_MIRRORED)]
)
def test_every_module_has_its_tests(path: Path) -> None:
    if _name(path) in _TESTED_ELSEWHERE or not _has_code(path):
        return
    assert any(place.exists() for place in _places(path)), (
        f"{_name(path)} has no {_name(_places(path)[0])}"
    )


def test_exceptions_to_the_mirror_are_still_needed() -> None:
    needless = [
        name
        for name in _TESTED_ELSEWHERE
        if not (_ROOT / name).exists()
        or any(place.exists() for place in _places(_ROOT / name))
    ]
    assert not needless
