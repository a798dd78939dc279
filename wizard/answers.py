"""A person's answers in the first run as one value and as a TOML file; pure.

It is what `turnout init --yes FILE` reads and what the wizard's pages fill in. It must
not decide anything: what is not answered stays undone.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from proxy.routing import Mode
from wizard.plan import Choice, Login

ALL = "all"
"""In the place of a list: everything that was found and can be used."""


@dataclass(frozen=True, slots=True)
class ClientAnswers:
    """What was answered for one client beside the yes; see `wizard.plan.Choice`."""

    login: Login | None = None
    always: bool = False
    free_model: bool = False
    helper: bool = False
    over_local: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers; an absent one changes nothing.

    `clients` are client ids, `keys` names of variables whose keys may be used,
    `servers` addresses of local servers that may be used; `all_clients`, `all_keys`
    and `all_servers` stand for the word "all". `keyring` are names of variables whose
    keys are moved to the system keyring. `start_at_login` None leaves it as it is.
    """

    mode: Mode | None = None
    clients: tuple[str, ...] = ()
    all_clients: bool = False
    keys: tuple[str, ...] = ()
    all_keys: bool = False
    servers: tuple[str, ...] = ()
    all_servers: bool = False
    keyring: tuple[str, ...] = ()
    start_at_login: bool | None = None
    client: dict[str, ClientAnswers] = field(default_factory=dict)

    def choice(self, client: str, project: Path | None = None) -> Choice:
        """Return what was chosen for one client."""
        own = self.client.get(client, ClientAnswers())
        return Choice(
            client=client,
            login=own.login,
            always=own.always,
            free_model=own.free_model,
            helper=own.helper,
            project=project,
            over_local=own.over_local,
        )


class WrongAnswers(Exception):
    """A file of answers that cannot be used; the text is a sentence that says why."""


_LISTS = {"clients": "all_clients", "keys": "all_keys", "servers": "all_servers"}
_KNOWN = {"mode", "start_at_login", "keyring", "client", *_LISTS}


def read_answers(text: str) -> Answers:
    """Return the answers in a TOML text, or a JSON object; an empty one has none.

    Raises `WrongAnswers` for what is neither, a name that is not known and a value of
    another kind: a consent is not guessed.
    """
    table = _table(text)
    _only(table, _KNOWN, "the answers")
    lists = {
        name: found
        for key in _LISTS
        for name, found in _list_or_all(table, key).items()
    }
    return Answers(
        mode=_mode(table.get("mode")),
        keyring=_names(table.get("keyring", []), "keyring"),
        start_at_login=_flag_or_none(table, "start_at_login"),
        client=_clients(table.get("client", {})),
        **lists,  # type: ignore[arg-type]
    )


def _table(text: str) -> dict[str, object]:
    try:
        if text.lstrip().startswith("{"):
            found = json.loads(text)
            return dict(found)
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise WrongAnswers(f"The answers are not TOML: {broken}.") from None
    except json.JSONDecodeError as broken:
        place = f"line {broken.lineno}, column {broken.colno}"
        raise WrongAnswers(f"The answers are not JSON ({place}).") from None
    except RecursionError:
        raise WrongAnswers("The answers are not TOML: too deep.") from None


def _only(table: Mapping[str, object], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            listed = ", ".join(sorted(known))
            raise WrongAnswers(f"{name!r} is not known in {where}. Known: {listed}.")


def _list_or_all(table: Mapping[str, object], key: str) -> dict[str, object]:
    value = table.get(key, [])
    if value == ALL:
        return {_LISTS[key]: True}
    return {key: _names(value, key)}


def _names(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(dict.fromkeys(value))
    whole = f' or the word "{ALL}"' if where in _LISTS else ""
    raise WrongAnswers(f"`{where}` has to be a list of names{whole}.")


def _mode(value: object) -> Mode | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in set(Mode):
        raise WrongAnswers(f"`mode` has to be one of {', '.join(Mode)}.")
    return Mode(value)


def _flag_or_none(table: Mapping[str, object], name: str) -> bool | None:
    value = table.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise WrongAnswers(f"`{name}` has to be true or false.")


def _clients(value: object) -> dict[str, ClientAnswers]:
    if not isinstance(value, dict):
        raise WrongAnswers("`client` has to be a table of clients.")
    return {name: _client(name, each) for name, each in value.items()}


def _client(name: str, value: object) -> ClientAnswers:
    if not isinstance(value, dict):
        raise WrongAnswers(f"`client.{name}` has to be a table.")
    where = f"client.{name}"
    _only(value, {each.name for each in fields(ClientAnswers)}, where)
    login = value.get("login")
    if login is not None and login not in set(Login):
        raise WrongAnswers(f"`{where}.login` has to be one of {', '.join(Login)}.")
    flags = {key: bool(_flag_or_none(value, key)) for key in value if key != "login"}
    return ClientAnswers(login=Login(login) if login else None, **flags)


def written(answers: Answers) -> str:
    """Return the answers as the TOML text that `read_answers` reads."""
    return "".join(f"{line}\n" for line in _lines(answers))


def _lines(answers: Answers) -> Iterator[str]:
    if answers.mode is not None:
        yield f'mode = "{answers.mode}"'
    for key, whole in _LISTS.items():
        if getattr(answers, whole):
            yield f'{key} = "{ALL}"'
        elif getattr(answers, key):
            yield f"{key} = {_quoted(getattr(answers, key))}"
    if answers.keyring:
        yield f"keyring = {_quoted(answers.keyring)}"
    if answers.start_at_login is not None:
        yield f"start_at_login = {json.dumps(answers.start_at_login)}"
    for name, own in answers.client.items():
        if own != ClientAnswers():
            yield ""
            yield f"[client.{_string(name)}]"
            yield from _client_lines(own)


def _client_lines(own: ClientAnswers) -> Iterator[str]:
    if own.login is not None:
        yield f'login = "{own.login}"'
    for each in fields(ClientAnswers):
        if each.name != "login" and getattr(own, each.name):
            yield f"{each.name} = true"


def _quoted(names: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_string, names))}]"


def _string(text: str) -> str:
    # A string of JSON is a basic string of TOML, but for one character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
