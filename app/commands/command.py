"""What a command is and how it is called from words or JSON; it contains none.

A command is an `async` function `(services, typed parameters) -> frozen dataclass`
with a docstring. Its signature is the interface: the command line, the control
socket and the reference pages are derived from it, nothing is declared twice.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from app.failure import CommandFailed, Exit

_log = logging.getLogger(__name__)


class Effect(StrEnum):
    """What running a command can do: look, change something, or cost money."""

    READ = "read"
    CHANGE = "change"
    SPEND = "spend"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command as its signature tells it.

    `hint` is the whole annotation, `kind` its core without `None` and constraints;
    `flag` is True for keyword-only parameters, which are `--name` on a command line.
    `help` and the bounds come from `msgspec.Meta` in the annotation, and so do four
    marks in its `extra`: `place` for the path of a file or an address; `content` for
    the text of a file, which a command line names by its path; `secret` for what must
    not stand on a command line, which asks for it instead; `hidden` for what a command
    line tells of its terminal by itself, and nobody types.
    """

    name: str
    hint: object
    kind: type
    required: bool
    default: object
    flag: bool
    help: str
    place: bool = False
    content: bool = False
    secret: bool = False
    hidden: bool = False

    @property
    def word(self) -> str:
        """The name as typed: `prompt_file` is `prompt-file`, `from_` is `from`."""
        return self.name.removesuffix("_").replace("_", "-")


Run = Callable[..., Coroutine[object, None, object]]


@dataclass(frozen=True)
class Command:
    """One capability.

    `name` is what is typed: a word, or noun and verb ("keys new"). `rows` names the
    result's field that `--json` prints as a bare array. `follow` names the parameter
    that takes the result's `cursor`, so that a shell can ask for what is new since;
    `newest_first` says in which order the rows come. `asks` names the result's field
    that is True where nothing was done because the user has to agree first: then the
    exit code is 3. `fails` names the one that is True where what was looked at is not
    in order: then the exit code is 1.
    """

    name: str
    run: Run
    effect: Effect
    rows: str | None = None
    follow: str | None = None
    newest_first: bool = False
    asks: str | None = None
    fails: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The name as separate words: noun, or noun and verb."""
        return tuple(self.name.split())

    @property
    def path(self) -> str:
        """The command's path on the control socket."""
        return "/commands/" + "/".join(self.words)

    @cached_property
    def help(self) -> str:
        """The docstring: the first line is the summary."""
        return inspect.getdoc(self.run) or ""

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.help.partition("\n")[0]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters after `services`, in order."""
        hints = get_type_hints(self.run, include_extras=True)
        own = list(inspect.signature(self.run).parameters.values())[1:]
        return tuple(_parameter(item, hints[item.name]) for item in own)

    @cached_property
    def result(self) -> type:
        """The frozen dataclass the command returns."""
        found: type = get_type_hints(self.run)["return"]
        return found

    def arguments(
        self, given: Mapping[str, object], *, lax: bool = False
    ) -> dict[str, object]:
        """Return `given` as typed arguments, checked against the signature.

        `lax` takes words for numbers, as a command line needs. Raises `CommandFailed`
        with exit code 2 for an unknown, missing or wrong parameter.
        """
        known = {item.name: item for item in self.parameters}
        for name in given:
            if name not in known:
                raise self._misused(f"It has no parameter {name[:40]!r}.")
        for item in self.parameters:
            if item.required and item.name not in given:
                raise self._misused(f"It needs {item.word}.")
        return {
            name: self._convert(known[name], value, lax=lax)
            for name, value in given.items()
        }

    def _convert(self, item: Parameter, value: object, *, lax: bool) -> object:
        if isinstance(value, str) and not _is_text(value):
            raise self._misused(f"{item.word}: this is not readable text.")
        # Only numbers are read from words: a prompt of "null" is text, not nothing.
        strict = not (lax and issubclass(item.kind, int | float))
        try:
            return msgspec.convert(value, item.hint, strict=strict)
        except msgspec.ValidationError:
            raise self._misused(f"{item.word}: {_wish(item)}.") from None

    def _misused(self, message: str) -> CommandFailed:
        return CommandFailed(
            f"{self.name} was not called as it should be",
            f"{message} Nothing was done.",
            f"See {self.name} --help for what it takes.",
            Exit.USAGE,
        )


def _wish(item: Parameter) -> str:
    """Say in our own words what a parameter takes, from its kind and bounds."""
    meta = _meta(item.hint)
    if issubclass(item.kind, StrEnum):
        return f"One of {', '.join(item.kind)} is needed"
    if item.kind is bool:
        return "It is either true or false"
    if issubclass(item.kind, int):
        low, high = (meta.ge, meta.le) if meta else (None, None)
        bounds = ("" if low is None else f" from {low}") + (
            "" if high is None else f" to {high}"
        )
        return f"A whole number{bounds} is needed"
    if meta and meta.extra and "wish" in meta.extra:
        return str(meta.extra["wish"])
    return "It must not be empty" if meta and meta.min_length else "Text is needed"


def _is_text(value: str) -> bool:
    """Say whether a string can be written as UTF-8 and holds no NUL."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _parameter(item: inspect.Parameter, hint: object) -> Parameter:
    required = item.default is inspect.Parameter.empty
    return Parameter(
        name=item.name,
        hint=hint,
        kind=_kind(hint),
        required=required,
        default=None if required else item.default,
        flag=item.kind is inspect.Parameter.KEYWORD_ONLY,
        help=_help(hint),
        place=_marked(hint, "place"),
        content=_marked(hint, "content"),
        secret=_marked(hint, "secret"),
        hidden=_marked(hint, "hidden"),
    )


def _kind(hint: object) -> type:
    """Return the one plain type inside `Annotated` and `X | None`."""
    if get_origin(hint) is Annotated:
        return _kind(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        inner = [part for part in get_args(hint) if part is not NoneType]
        if len(inner) == 1:
            return _kind(inner[0])
    if isinstance(hint, type):
        return hint
    raise TypeError(f"no shell can offer a parameter of type {hint!r}")


def _help(hint: object) -> str:
    meta = _meta(hint)
    return (meta.description or "") if meta else ""


def _marked(hint: object, mark: str) -> bool:
    meta = _meta(hint)
    return bool(meta and meta.extra and meta.extra.get(mark))


def _meta(hint: object) -> msgspec.Meta | None:
    """Return the description and the bounds in an annotation."""
    for part in get_args(hint):
        found = part if isinstance(part, msgspec.Meta) else _meta(part)
        if found is not None:
            return found
    return None


Result = TypeVar("Result")


async def settle(
    name: str, work: Coroutine[object, None, Result]
) -> Result | CommandFailed:
    """Finish a command's work and return its result, or why it failed, as a value.

    A fault inside a command is told by its kind only: the text of an exception may
    quote what it was handed. Only cancellation is raised.
    """
    # gather() hands an exception back as a value, so nothing has to be caught here.
    (outcome,) = await asyncio.gather(work, return_exceptions=True)
    if isinstance(outcome, CommandFailed) or not isinstance(outcome, BaseException):
        return outcome
    if not isinstance(outcome, Exception):
        raise outcome
    _log.error("command %s failed: %s at %s", name, *_place(outcome))
    return CommandFailed(
        f"{name} failed",
        f"Something unexpected happened inside Turnout ({type(outcome).__name__}).",
        "The log names the place. Please report it if it happens again.",
    )


def _place(fault: Exception) -> tuple[str, str]:
    """Return a fault's kind and where it happened, without its text."""
    frames = traceback.extract_tb(fault.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return type(fault).__name__, where
