import asyncio
import base64
import threading
from typing import Literal

import keyring
import keyring.errors
import pytest

from proxy.catalogue import KeyRef
from proxy.secrets import REDACTED, SERVICE, Secret, Secrets, system_keyring

KEY = "sk-ant-canary-0123456789"


class FakeKeyring:
    """A keyring in memory; `gate` closed makes it wait as for a password prompt."""

    def __init__(
        self, entries: dict[str, str] | None = None, error: Exception | None = None
    ) -> None:
        self.entries = dict(entries or {})
        self.error = error
        self.asked: list[tuple[str, str]] = []
        self.called = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def get_password(self, service_name: str, username: str) -> str | None:
        self.asked.append((service_name, username))
        self.called.set()
        self.gate.wait(10)
        if self.error:
            raise self.error
        return self.entries.get(username)

    def set_password(self, service_name: str, username: str, password: str) -> None:
        self.gate.wait(10)
        if self.error:
            raise self.error
        self.entries[username] = password


def make(
    environ: dict[str, str] | None = None,
    ring: FakeKeyring | None = None,
    limit: float = 5.0,
) -> Secrets:
    used = ring or FakeKeyring()
    return Secrets(environ or {}, lambda: used, limit)


def env(name: str = "SOME_KEY") -> KeyRef:
    return KeyRef("env", name)


def ring_ref(name: str = "anthropic") -> KeyRef:
    return KeyRef("keyring", name)


def test_an_environment_key_is_held_without_asking_first() -> None:
    secrets = make({"SOME_KEY": KEY})
    assert secrets.ready(env())
    assert secrets.held(env()) == KEY
    assert secrets.why_not(env()) == ""


def test_a_missing_variable_says_so() -> None:
    secrets = make()
    assert secrets.resolve(env("SCRIPTED_KEY")) is None
    assert not secrets.ready(env("SCRIPTED_KEY"))
    assert secrets.why_not(env("SCRIPTED_KEY")) == (
        "environment variable SCRIPTED_KEY is not set where the gateway runs"
    )


@pytest.mark.parametrize("kind", ["none", "client"])
def test_none_and_client_are_always_ready_and_hold_nothing(
    kind: Literal["none", "client"],
) -> None:
    secrets = make()
    assert secrets.ready(KeyRef(kind))
    assert secrets.resolve(KeyRef(kind)) is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "is empty"),
        (f"{KEY}\n", "line end"),
        (f"{KEY}\r\nx-evil: 1", "line end"),
        ("key with blanks", "a blank"),
        ("schlüssel", "another character"),
        ("\u4f60\u597d", "another character"),
        ("tnt_" + "a" * 43, "Turnout's own gateway"),
    ],
)
def test_a_key_that_fits_no_header_is_not_ready_and_not_shown(
    value: str, says: str
) -> None:
    secrets = make({"SOME_KEY": value})
    assert not secrets.ready(env())
    assert secrets.resolve(env()) is None
    why = secrets.why_not(env())
    assert says in why
    assert not value or value not in why


def test_a_keyring_key_is_asked_for_once() -> None:
    ring = FakeKeyring({"anthropic": KEY})
    secrets = make(ring=ring)
    assert secrets.held(ring_ref()) is None
    assert secrets.why_not(ring_ref()) == "the system keyring has not been asked yet"
    assert secrets.resolve(ring_ref()) == KEY
    assert secrets.resolve(ring_ref()) == KEY
    assert ring.asked == [(SERVICE, "anthropic")]
    assert secrets.ready(ring_ref())


def test_an_absent_entry_is_named() -> None:
    secrets = make()
    assert secrets.resolve(ring_ref("groq")) is None
    assert secrets.why_not(ring_ref("groq")) == "the system keyring has no entry groq"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (keyring.errors.NoKeyringError(KEY), "no system keyring"),
        (keyring.errors.InitError(KEY), "failed (InitError)"),
        (OSError(KEY), "failed (OSError)"),
    ],
)
def test_a_keyring_that_fails_is_a_sentence_without_its_text(
    error: Exception, says: str
) -> None:
    secrets = make(ring=FakeKeyring(error=error))
    assert secrets.resolve(ring_ref()) is None
    assert says in secrets.why_not(ring_ref())
    assert KEY not in secrets.why_not(ring_ref())


def test_a_keyring_error_nobody_knows_does_not_hang_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class OddError(Exception):
        pass

    ended = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: ended.set())
    secrets = make(ring=FakeKeyring(error=OddError()))
    assert secrets.resolve(ring_ref()) is None
    assert secrets.why_not(ring_ref()) == "the system keyring failed"
    assert ended.wait(10)


def test_a_silent_keyring_is_given_up_and_its_late_answer_used() -> None:
    ring = FakeKeyring({"anthropic": KEY})
    ring.gate.clear()
    secrets = make(ring=ring, limit=0.02)
    assert secrets.resolve(ring_ref()) is None
    assert secrets.why_not(ring_ref()) == (
        "the system keyring did not answer in 0.02 s"
    )
    assert secrets.resolve(ring_ref()) is None
    secrets.forget()
    assert secrets.resolve(ring_ref()) is None
    assert len(ring.asked) == 1, "a second prompt must not open over the first"
    call = secrets._open[ring_ref()]
    ring.gate.set()
    assert call.done.wait(10)
    assert secrets.ready(ring_ref())
    assert secrets.held(ring_ref()) == KEY


async def test_prefetch_brings_all_and_asks_again_for_missing_ones() -> None:
    ring = FakeKeyring({"one": KEY})
    secrets = make({"SOME_KEY": "abcd"}, ring)
    refs = [ring_ref("one"), ring_ref("two"), env(), KeyRef("none"), ring_ref("one")]
    await secrets.prefetch(refs)
    assert secrets.ready(ring_ref("one"))
    assert not secrets.ready(ring_ref("two"))
    ring.entries["two"] = "second-key"
    await secrets.prefetch(refs)
    assert secrets.held(ring_ref("two")) == "second-key"
    assert [name for _, name in ring.asked].count("one") == 1


async def test_prefetch_leaves_the_loop_running_while_the_keyring_waits() -> None:
    ring = FakeKeyring({"one": KEY})
    ring.gate.clear()
    secrets = make(ring=ring)
    task = asyncio.get_running_loop().create_task(secrets.prefetch([ring_ref("one")]))
    await asyncio.wait_for(asyncio.to_thread(ring.called.wait, 10), 10)
    assert not task.done()
    ring.gate.set()
    await task
    assert secrets.ready(ring_ref("one"))


def test_forget_makes_the_next_look_up_fresh() -> None:
    environ = {"SOME_KEY": KEY}
    ring = FakeKeyring({"anthropic": KEY})
    secrets = make(environ, ring)
    secrets.resolve(env())
    secrets.resolve(ring_ref())
    environ["SOME_KEY"] = ring.entries["anthropic"] = "changed-key"
    assert secrets.held(env()) == KEY
    secrets.forget()
    assert KEY not in secrets.redact(f"the old key {KEY}")
    assert secrets.held(env()) == "changed-key"
    assert secrets.resolve(ring_ref()) == "changed-key"


async def test_store_writes_and_holds() -> None:
    ring = FakeKeyring()
    secrets = make(ring=ring)
    assert await secrets.store("groq", KEY) == ""
    assert ring.entries == {"groq": KEY}
    assert secrets.held(ring_ref("groq")) == KEY


async def test_store_that_fails_says_why_and_holds_nothing() -> None:
    secrets = make(ring=FakeKeyring(error=keyring.errors.PasswordSetError(KEY)))
    assert await secrets.store("groq", KEY) == (
        "the system keyring failed (PasswordSetError)"
    )
    assert secrets.held(ring_ref("groq")) is None


async def test_store_gives_up_on_a_silent_keyring() -> None:
    ring = FakeKeyring()
    ring.gate.clear()
    secrets = make(ring=ring, limit=0.02)
    assert "did not answer in 0.02 s" in await secrets.store("groq", KEY)
    ring.gate.set()


def test_redact_blots_out_held_keys_in_every_form() -> None:
    key = "k/ey+with=signs"
    secrets = make({"SOME_KEY": key}, FakeKeyring({"anthropic": KEY}))
    secrets.resolve(env())
    secrets.resolve(ring_ref())
    encoded = base64.b64encode(key.encode()).decode()
    text = f"a {key} b k%2Fey%2Bwith%3Dsigns c {encoded} d {KEY}{KEY} e"
    redacted = secrets.redact(text)
    assert key not in redacted
    assert "k%2Fey" not in redacted
    assert encoded.rstrip("=") not in redacted
    assert KEY not in redacted
    assert redacted.startswith(f"a {REDACTED} b {REDACTED} c {REDACTED}")


def test_redact_takes_the_longer_of_two_keys_first() -> None:
    secrets = make({"A": "abcdef", "B": "abcdefghij"})
    secrets.resolve(env("A"))
    secrets.resolve(env("B"))
    assert secrets.redact("x abcdefghij y") == f"x {REDACTED} y"


def test_redact_knows_gateway_keys_it_never_saw() -> None:
    text = f"/k/tnt_{'Ab1_-' * 9}/v1 and tnt_ alone"
    assert make().redact(text) == f"/k/{REDACTED}/v1 and tnt_ alone"


def test_a_very_short_key_does_not_garble_every_text() -> None:
    secrets = make({"SOME_KEY": "a"})
    assert secrets.held(env()) == "a"
    assert secrets.redact("a cat") == "a cat"


def test_the_systems_keyring_is_the_keyring_module() -> None:
    assert system_keyring() is keyring


def test_no_representation_shows_a_key() -> None:
    secrets = make({"SOME_KEY": KEY})
    secrets.resolve(env())
    assert KEY not in repr(Secret(KEY))
    assert KEY not in f"{Secret(KEY)}"
    assert KEY not in repr(vars(secrets)["_answers"])
