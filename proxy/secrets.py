"""Finds provider keys where their owner keeps them, and blots them out of any text.

It must never write a key to a file, a log, a message or a representation. A key comes
from the environment that was handed in or from the system keyring, which is asked in
a thread of its own because it may wait for a person.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import quote

from proxy.catalogue import KeyRef

SERVICE = "turnout"
"""The name of our entries in the system keyring; the user name is the `NAME`."""

REDACTED = "[redacted]"
KEYRING_LIMIT = 5.0
"""Seconds the keyring may take before it counts as silent."""

_SHORTEST = 4  # characters; blotting out shorter ones would only garble the text
_GATEWAY_KEY = re.compile(r"tnt_[A-Za-z0-9_-]{16,}")
_VISIBLE = re.compile(r"[!-~]+")


class Keyring(Protocol):
    """What is used of the module `keyring`."""

    def get_password(self, service_name: str, username: str) -> str | None:
        """Return the value, None where there is no such entry."""
        ...

    def set_password(self, service_name: str, username: str, password: str) -> None:
        """Write the value."""
        ...


def system_keyring() -> Keyring:
    """Return the system's keyring; imports it, which takes 75 ms and more."""
    return cast("Keyring", importlib.import_module("keyring"))


class Secret:
    """A key in memory that shows itself only when asked by name."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Hold `value`."""
        self._value = value

    def reveal(self) -> str:
        """Return the key itself."""
        return self._value

    def __repr__(self) -> str:
        """Return a text without the key."""
        return "Secret(...)"


@dataclass(slots=True)
class _Answer:
    """What a reference led to: a secret, or the sentence that says why none."""

    secret: Secret | None = None
    why: str = ""


@dataclass(slots=True)
class _Call:
    """A call to the keyring that runs in its own thread."""

    done: threading.Event = field(default_factory=threading.Event)
    value: str | None = field(default=None, repr=False)
    why: str = "the system keyring failed"


class Secrets:
    """The keys this process knows; safe to use from any thread.

    On a request's way only `held`, `ready` and `why_not` are used: they never wait.
    `resolve`, `prefetch` and `store` may ask the keyring.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        keyring: Callable[[], Keyring] = system_keyring,
        limit: float = KEYRING_LIMIT,
    ) -> None:
        """Read `env:` keys from `environ`, others from what `keyring` returns."""
        self._environ = environ
        self._keyring = keyring
        self._limit = limit
        self._answers: dict[KeyRef, _Answer] = {}
        self._open: dict[KeyRef, _Call] = {}
        self._forms: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def resolve(self, ref: KeyRef) -> str | None:
        """Return the key; the first time, this blocks while the keyring is asked.

        None where there is none to send, or none was found: then `why_not` says why,
        and only `prefetch` and `forget` lead to another question.
        """
        held = self.held(ref)
        if held is None and ref.kind == "keyring" and ref not in self._answers:
            self._keep(ref, self._ask(ref))
            held = self.held(ref)
        return held

    def held(self, ref: KeyRef) -> str | None:
        """Return the key if it is in memory; never waits."""
        self._take_late_answer(ref)
        answer = self._answers.get(ref)
        if answer is None and ref.kind == "env":
            answer = self._keep(ref, self._look_up(ref.name))
        return answer.secret.reveal() if answer and answer.secret else None

    def ready(self, ref: KeyRef) -> bool:
        """Say whether a request could be sent with this reference now; never waits."""
        return not self.why_not(ref)

    def why_not(self, ref: KeyRef) -> str:
        """Return the clause that says why `ready` is False, '' where it is True."""
        if ref.kind in {"none", "client"} or self.held(ref) is not None:
            return ""
        answer = self._answers.get(ref)
        return answer.why if answer else "the system keyring has not been asked yet"

    async def prefetch(self, refs: Iterable[KeyRef]) -> None:
        """Bring the keys behind `refs` into memory, asking anew for missing ones."""
        missing = [ref for ref in dict.fromkeys(refs) if self.held(ref) is None]
        for ref in missing:
            self._answers.pop(ref, None)
        await asyncio.gather(*(asyncio.to_thread(self.resolve, ref) for ref in missing))

    async def store(self, name: str, value: str) -> str:
        """Write the entry `name` to the system keyring.

        Returns '' when it is there, else the clause that says why not.
        """
        ref = KeyRef("keyring", name)
        call = self._start(lambda: self._keyring().set_password(SERVICE, name, value))
        await asyncio.to_thread(call.done.wait, self._limit)
        if not call.done.is_set():
            return self._silence()
        if not call.why:
            self._keep(ref, _judged(value, f"the keyring entry {name}"))
        return call.why

    def forget(self) -> None:
        """Drop every key, so that the next look-up finds what was changed.

        A call the keyring has not answered yet goes on, so that none pile up.
        """
        self._answers.clear()

    def redact(self, text: str) -> str:
        """Return `text` with every held key and every gateway key blotted out.

        Keys are also found in their base64 and percent-encoded forms, and those that
        `forget` dropped are still known here.
        """
        for form in self._forms:
            text = text.replace(form, REDACTED)
        return _GATEWAY_KEY.sub(REDACTED, text)

    def _keep(self, ref: KeyRef, answer: _Answer) -> _Answer:
        self._answers[ref] = answer
        if answer.secret is not None:
            with self._lock:
                forms = {*self._forms, *_spellings(answer.secret.reveal())}
                self._forms = tuple(sorted(forms, key=len, reverse=True))
        return answer

    def _look_up(self, name: str) -> _Answer:
        value = self._environ.get(name)
        if value is None:
            return _Answer(
                why=f"environment variable {name} is not set where the gateway runs"
            )
        return _judged(value, f"environment variable {name}")

    def _ask(self, ref: KeyRef) -> _Answer:
        with self._lock:
            call = self._open.get(ref)
            if call is None:
                call = self._open[ref] = self._start(
                    lambda: self._keyring().get_password(SERVICE, ref.name)
                )
        if not call.done.wait(self._limit):
            return _Answer(why=self._silence())
        with self._lock:
            self._open.pop(ref, None)
        return _read(call, ref)

    def _take_late_answer(self, ref: KeyRef) -> None:
        """Use what a keyring said after its time was up: a person unlocked it."""
        call = self._open.get(ref)
        if call is not None and call.done.is_set():
            with self._lock:
                self._open.pop(ref, None)
            self._keep(ref, _read(call, ref))

    def _start(self, work: Callable[[], str | None]) -> _Call:
        """Run `work` in a thread that may hang without keeping the process alive."""
        call = _Call()
        thread = threading.Thread(
            target=_run, args=(call, work), name="keyring", daemon=True
        )
        thread.start()
        return call

    def _silence(self) -> str:
        return f"the system keyring did not answer in {self._limit:g} s"


def _run(call: _Call, work: Callable[[], str | None]) -> None:
    try:
        call.value, call.why = _outcome(work)
    finally:
        call.done.set()


def _outcome(work: Callable[[], str | None]) -> tuple[str | None, str]:
    errors = importlib.import_module("keyring.errors")
    try:
        return work(), ""
    except errors.NoKeyringError:
        return None, "this machine has no system keyring that Turnout can use"
    except (errors.KeyringError, OSError, RuntimeError, ValueError) as error:
        # The kind only: a backend's text may quote what it was asked to write.
        return None, f"the system keyring failed ({type(error).__name__})"


def _read(call: _Call, ref: KeyRef) -> _Answer:
    if call.why:
        return _Answer(why=call.why)
    if call.value is None:
        return _Answer(why=f"the system keyring has no entry {ref.name}")
    return _judged(call.value, f"the keyring entry {ref.name}")


def _spellings(value: str) -> set[str]:
    """Return how `value` may stand in a text: plain, in a URL, in basic credentials."""
    if len(value) < _SHORTEST:
        return set()
    encoded = base64.b64encode(value.encode()).decode()
    return {value, quote(value, safe=""), encoded.rstrip("=")}


def _judged(value: str, where: str) -> _Answer:
    """Hold `value` only if it is fit to stand in a header of a request."""
    if not value:
        return _Answer(why=f"{where} is empty")
    if _GATEWAY_KEY.fullmatch(value):
        return _Answer(
            why=f"{where} holds a key of Turnout's own gateway, not the provider's"
        )
    if not _VISIBLE.fullmatch(value):
        return _Answer(
            why=f"{where} has a blank, a line end or another character in it that no"
            " key has"
        )
    return _Answer(Secret(value))
