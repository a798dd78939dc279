"""Finds keys by the names of variables, and sign-ins by the files that stand for them.

It must not keep, show or log a key beyond its last four characters, and reads no
token: of a sign-in it tells only that it is there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlsplit

import msgspec

import resources
from discovery.findings import Confidence, KeyFound, KeySource
from discovery.key_shapes import (
    SHORTEST_SHOWN,
    Shape,
    is_elsewhere,
    is_on_this_machine,
    is_ours,
    last4,
    origin_of,
    shape_of,
)
from discovery.shell_files import assignments
from discovery.surroundings import Surroundings
from discovery.terminal import keys_of_terminal
from proxy.catalogue import known_providers

Look = Callable[[str], str | None]
"""Returns our own keyring entry of that name; may wait for a person.

Raises `LookupError`, with the clause that says why, where the keyring cannot be asked.
"""

_ROUTABLE = "Turnout can call {name} with it."
_PRESENT = (
    "A credential is present. It has many uses and is not taken for a provider's."
)
_OF_THIS = "the environment"
_MANAGED = "It is managed elsewhere: the value only says where the key is."
_IN_SHELL = (
    "Only programs started from that shell see it. Move it to the system keyring so "
    "that Turnout finds it wherever it was started."
)

_AT_LOGIN = (
    "The login session reads it: programs started from the desktop see it after your "
    "next login. In the system keyring Turnout finds it at once."
)


class _Row(msgspec.Struct, frozen=True):
    """One group of variables as `resources/discovery/keys.toml` has it."""

    provider: str
    name: str
    variables: tuple[str, ...]
    address: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    present: bool = False
    login: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    """A variable that is set, and where; its value shows itself nowhere.

    `hidden` says that it is set where this process does not see it, `at_login` that
    the login session reads it, `worked_out` that a shell has to work the value out.
    """

    variable: str
    source: KeySource
    where: str
    reference: str
    hidden: bool = False
    at_login: bool = False
    worked_out: bool = False


@cache
def _rows() -> Mapping[str, _Row]:
    """Return variable -> row, in the order of the table."""
    table = tomllib.loads(resources.text("discovery/keys.toml"))
    rows = msgspec.convert(table["keys"], tuple[_Row, ...])
    return {variable: row for row in rows for variable in row.variables}


def key_variables() -> tuple[str, ...]:
    """Return the names of all variables that are known to hold a key."""
    return tuple(_rows())


def keys_in_environment(surroundings: Surroundings) -> tuple[KeyFound, ...]:
    """Return the keys in the environment of this process.

    A gateway key of Turnout is none of them, nor is a key for a program on this
    machine, unless its form is that of a provider. Keys that only the terminal has
    which asks come last.
    """
    environ = surroundings.environ
    found = []
    for variable, row in _rows().items():
        seen = _Seen(variable, KeySource.ENVIRONMENT, _OF_THIS, f"env:{variable}")
        found.append(_found(row, seen, environ.get(variable, ""), environ))
    here = tuple(key for key in found if key)
    return (*here, *keys_of_terminal(surroundings.terminal, here))


def keys_in_shell_files(surroundings: Surroundings) -> tuple[KeyFound, ...]:
    """Return the keys that shell start-up files set; the caller has the consent.

    The shell is never run. A key that this process has in its environment as well is
    told by its file all the same: its line is what a user would move.
    """
    rows = _rows()
    lines = [line for line in assignments(surroundings) if line.exported]
    together = {line.name: line.value for line in lines}
    found = []
    for line in lines:
        row = rows.get(line.name)
        if row is not None:
            hidden = surroundings.environ.get(line.name) != line.value
            reference = "" if hidden else f"env:{line.name}"
            place = KeySource.SHELL_FILE
            seen = _Seen(
                line.name,
                place,
                line.where,
                reference,
                hidden,
                at_login=line.at_login,
                worked_out=line.worked_out,
            )
            found.append(_found(row, seen, line.value, together))
    return tuple(key for key in found if key)


def keys_in_keyring(names: Iterable[str], look: Look) -> Iterator[KeyFound]:
    """Yield our own entries of the system keyring among `names`; blocks.

    A name is that of a provider, or what `config.toml` calls the entry. Ends at the
    first `LookupError`, which is raised on: a keyring that refused is not asked again.
    """
    providers = {row.provider: row for row in _rows().values() if row.provider}
    for name in dict.fromkeys(names):
        value = look(name)
        if value and not is_ours(value):
            shape = shape_of(value)
            row = providers.get(name) or _row_of(shape, providers)
            yield KeyFound(
                provider=row.provider if row else "",
                name=row.name if row else name,
                variable=name,
                source=KeySource.KEYRING,
                where="system keyring",
                last4=last4(value),
                reference=f"keyring:{name}",
                confidence=Confidence.SURE if row else Confidence.HINT,
                gives=_ROUTABLE.format(name=row.name) if row else "",
            )


def keyring_names() -> tuple[str, ...]:
    """Return the names of our keyring entries: the ids of the providers."""
    return tuple(
        dict.fromkeys(row.provider for row in _rows().values() if row.provider)
    )


def _row_of(shape: Shape | None, providers: Mapping[str, _Row]) -> _Row | None:
    return providers.get(shape.provider) if shape else None


def _found(
    row: _Row, seen: _Seen, value: str, around: Mapping[str, str]
) -> KeyFound | None:
    """Judge one variable; `around` are the variables that are set beside it."""
    value = value.strip()
    if not value or is_ours(value):
        return None
    if row.present:
        return _key(row, seen, "", Confidence.HINT, gives=_PRESENT, reference="")
    if seen.worked_out or is_elsewhere(value):
        return _key(row, seen, "", Confidence.LIKELY, notes=(_MANAGED,), reference="")
    if seen.source is KeySource.SHELL_FILE and len(value) < SHORTEST_SHOWN:
        return None
    shape = shape_of(value)
    address = next((name for name in row.address if around.get(name)), "")
    if shape is None or not shape.provider:
        named = around.get(address, "")
        if is_on_this_machine(named):
            return None
        if named and _owner(named) != row.provider:
            return _sent_elsewhere(row, seen, value, address, named)
    return _judged(row, seen, value, shape, _notes(row, seen, around, address))


def _sent_elsewhere(
    row: _Row, seen: _Seen, value: str, variable: str, address: str
) -> KeyFound:
    """Return a key that an address beside it sends to somebody else.

    It must never be sent to whom its name tells: it is another's.
    """
    owner = _owner(address)
    note = f"{variable} sends it to {origin_of(address)}, so it is no {row.name} key."
    found = _key(row, seen, last4(value), Confidence.HINT, notes=(note,), reference="")
    if not owner:
        return replace(found, provider="", name="Another service")
    return _belonging(found, owner, seen)


def _belonging(found: KeyFound, owner: str, seen: _Seen) -> KeyFound:
    """Return a key as that of the known provider `owner`, whatever its name tells."""
    name = known_providers()[owner].name
    return replace(
        found,
        provider=owner,
        name=name,
        reference=seen.reference,
        gives=_ROUTABLE.format(name=name),
    )


def _owner(address: str) -> str:
    """Return the id of the known provider at this address, '' for none."""
    host = urlsplit(origin_of(address)).hostname
    for provider in known_providers().values():
        if host and urlsplit(origin_of(provider.base_url)).hostname == host:
            return provider.id
    return ""


def _judged(
    row: _Row, seen: _Seen, value: str, shape: Shape | None, notes: tuple[str, ...]
) -> KeyFound:
    """Return the finding for a value that may be a provider's key."""
    end = last4(value)
    if row.login or (shape and shape.login):
        note = "A subscription's sign-in. It stays with the program that fetched it."
        return _key(row, seen, end, Confidence.SURE, notes=(note,), reference="")
    if not shape or not shape.provider or shape.provider == row.provider:
        sure = Confidence.SURE if shape and shape.provider else Confidence.LIKELY
        return _key(row, seen, end, sure, notes=notes)
    note = f"It has the form of a key of {shape.name}, not of {row.name}."
    found = _key(row, seen, end, Confidence.HINT, notes=(note, *notes))
    return _belonging(found, shape.provider, seen)


def _key(
    row: _Row,
    seen: _Seen,
    end: str,
    confidence: Confidence,
    *,
    gives: str | None = None,
    notes: tuple[str, ...] = (),
    reference: str | None = None,
) -> KeyFound:
    usable = row.provider and reference is None
    return KeyFound(
        provider=row.provider,
        name=row.name,
        variable=seen.variable,
        source=seen.source,
        where=seen.where,
        last4=end,
        reference=seen.reference if reference is None else reference,
        confidence=confidence,
        gives=gives or (_ROUTABLE.format(name=row.name) if usable else ""),
        notes=notes,
    )


def _notes(
    row: _Row, seen: _Seen, around: Mapping[str, str], address: str
) -> tuple[str, ...]:
    notes = []
    if seen.hidden:
        notes.append(_AT_LOGIN if seen.at_login else _IN_SHELL)
    named = around.get(address, "")
    if named and _owner(named) != row.provider:
        notes.append(f"{address} names {origin_of(named)}, which may get it.")
    missing = [name for name in row.also if not around.get(name)]
    if missing:
        notes.append(f"{row.name} also needs {' and '.join(missing)}.")
    return tuple(notes)
