"""Real clients in mode coding-auto, while providers fail and modes change.

Three providers: two in the lane `claude/premium`, the first of them cheaper, and one of
open models that speaks another protocol. What the record and `turnout explain` say is
held against what the providers saw.
"""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from e2e import expect, gateway
from e2e.clients import BIN, Client, Place
from e2e.gateway import Row, Turnout, running
from upstream import RESET, Script, ScriptedUpstream, Seen, Step, in_thread, refuse
from upstream.coding import (
    AFTER,
    FILE,
    MADE,
    SHOUT,
    TURNS,
    coding_task,
    prompt_for,
)
from upstream.reply import cut_after

from proxy.model import Protocol

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

MESSAGES, RESPONSES, CHAT = Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT
VENDORS = (MESSAGES, RESPONSES)

GATEWAY = """\
[gateway]
port = {port}
mode = "coding-auto"
"""

PROVIDER = """
[[providers]]
id = "{id}"
base_url = "{url}"
protocols = [{protocols}]
key = "env:SCRIPTED_KEY"
billing = "metered"
place = "provider"
"""

MODEL = """
[[providers.models]]
id = "{id}"
lane = "{lane}"
context = 200000
max_output = 64000
tools = true
vision = true

[providers.models.price]
input = "{fresh}"
cache_read = "{fresh}"
output = "{output}"
"""

# Codex asks for no model in particular by two of its three names.
STRONG_FOR_CODEX = """
[[rules]]
client = "codex"
tier = "premium"
"""


def slower(*values: str) -> object:
    """A case that is left to `make test-clients`: another like it is run always."""
    return pytest.param(*values, marks=pytest.mark.more_clients)


Try = tuple[str, str, int | None, str, bool]
"""A route, its outcome, the provider's status, its mark, and whether it is anew."""


@dataclass(frozen=True, slots=True)
class House:
    """A running Turnout and the three providers behind it."""

    turnout: Turnout
    first: ScriptedUpstream
    second: ScriptedUpstream
    open: ScriptedUpstream

    @property
    def asked(self) -> tuple[int, int, int]:
        """How often each provider was asked."""
        return len(self.first.asked), len(self.second.asked), len(self.open.asked)

    def explained(self, row: Row) -> str:
        """`turnout explain`, with T for times and N for amounts of dollars."""
        said = self.turnout.command("explain", str(row["id"]))
        said = re.sub(r"\b\d+ ms\b|\b\d+\.\d s\b", "T", said)
        return re.sub(r"\b\d+\.\d+ \$", "N $", said)


@dataclass(frozen=True, slots=True)
class Model:
    """A model with its lane and its prices, dollars for a million tokens."""

    id: str
    lane: str
    fresh: str
    output: str

    def entry(self) -> str:
        """Its table in `config.toml`."""
        return MODEL.format(
            id=self.id, lane=self.lane, fresh=self.fresh, output=self.output
        )


LARGE = Model("large", "claude/premium", "2", "10")
LARGE_TOO = Model("large-too", "claude/premium", "3", "15")
MID = Model("mid", "open-coder/standard", "1", "4")
TINY = Model("tiny", "open-coder/small", "0.1", "0.4")


def _provider(name: str, upstream: ScriptedUpstream, *models: Model) -> str:
    words = ", ".join(f'"{each}"' for each in sorted(upstream.speaks))
    text = PROVIDER.format(id=name, url=upstream.url, protocols=words)
    return text + "".join(model.entry() for model in models)


@contextlib.contextmanager
def house(
    base: Path, vendors: Sequence[Protocol] = VENDORS, more: str = ""
) -> Iterator[House]:
    """Serve the three until the end; `more` is put behind their entries."""
    first, second = (ScriptedUpstream(coding_task, speaks=vendors) for _ in range(2))
    other = ScriptedUpstream(coding_task, speaks=[CHAT], strict=True)
    with in_thread(first, second, other), pytest.MonkeyPatch.context() as patch:
        text = (
            _provider("first", first, LARGE)
            + _provider("second", second, LARGE_TOO)
            + _provider("open", other, MID, TINY)
        )
        patch.setattr(gateway, "CONFIG", GATEWAY + text + more)
        with running(base / "home", "") as turnout:
            yield House(turnout, first, second, other)


@pytest.fixture
def three(base: Path) -> Iterator[House]:
    with house(base, more=STRONG_FOR_CODEX) as made:
        yield made


def dies(events: int) -> Script:
    """The task's answer, broken off after so many events of its stream."""

    def script(seen: Seen) -> Step:
        answer = coding_task(seen)
        return replace(answer, change=lambda reply: cut_after(reply, events))

    return script


def task(on: House, place: Place, client: str, model: str = "") -> list[Row]:
    """Have a client do the whole task; returns the record."""
    key = on.turnout.new_key(client)
    pointed = Client(place, on.turnout.url, key)
    expect.task_done(pointed.run(client, prompt_for(place.project), model=model), place)
    return on.turnout.events()


def refused(on: House, place: Place, client: str, model: str = "") -> str:
    """Have a client fail at the task; returns what it printed."""
    key = on.turnout.new_key(client)
    pointed = Client(place, on.turnout.url, key)
    ran = pointed.run(client, prompt_for(place.project), model=model)
    assert ran.code == 1, ran
    return ran.out + ran.err


def tries(row: Row) -> list[Try]:
    """The attempts as the record has them."""
    attempts = row["attempts"]
    assert isinstance(attempts, list)
    return [
        (
            f"{each['provider']}/{each['model']}",
            each["outcome"],
            each["status"],
            each["mark"],
            each["retry"],
        )
        for each in attempts
    ]


def ok(route: str, mark: str = "", *, anew: bool = False) -> Try:
    """An attempt that answered."""
    return route, "ok", 200, mark, anew


# --- as a new user begins -------------------------------------------------------------


@pytest.mark.parametrize("client", ["claude-code", "codex"])
def test_a_first_config_does_a_task(
    base: Path,
    place: Place,
    upstream: ScriptedUpstream,
    monkeypatch: pytest.MonkeyPatch,
    client: str,
) -> None:
    by_mode = gateway.CONFIG.replace("\n\n", '\nmode = "coding-auto"\n\n', 1)
    monkeypatch.setattr(gateway, "CONFIG", by_mode)
    with running(base / "home", upstream.url) as turnout:
        on = House(turnout, upstream, upstream, upstream)
        rows = task(on, place, client, "gpt-5.5")
        assert {seen.model for seen in upstream.asked} == {"scripted-large"}
        assert [tuple(map(str, (r["status"], r["mode"]))) for r in rows] == [
            ("success", "coding-auto")
        ] * TURNS
        # Codex's name asks for no model in particular, and there is no other.
        mark = "" if client == "claude-code" else "escalation"
        assert {row["mark"] for row in rows} == {mark}
        said = on.explained(rows[0])
        assert (
            "Turnout chose scripted/scripted-large in lane claude/premium at about N $"
        ) in said
        assert ("premium though that was not asked for" in said) == bool(mark)
        assert "it stays on the route that called them" in on.explained(rows[-1])


# --- the first provider fails ---------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "model"),
    [
        ("claude-code", ""),
        ("codex", "gpt-5.5"),
        slower("codex", "turnout-code"),
        slower("codex", "gpt-6.1-sol"),
    ],
)
def test_a_task_goes_through_every_failure_of_the_first_provider(
    three: House, place: Place, client: str, model: str
) -> None:
    three.first.push(
        refuse(429, "slow down", retry_after="1"),
        coding_task,
        refuse(529, "overloaded"),
        coding_task,
        # After content: the client is told and asks again.
        dies(5),
        coding_task,
        # Before content: the second provider answers instead.
        dies(2),
    )
    rows = task(three, place, client, model)
    assert three.asked == (7, 1, 0)
    cut: Try = ("first/large", "cut", 200, "", False)
    assert [(row["status"], row["mark"], tries(row)) for row in rows] == [
        (
            "fallback_success",
            "",
            [
                ("first/large", "rate_limited", 429, "", False),
                ok("first/large", anew=True),
            ],
        ),
        (
            "fallback_success",
            "",
            [
                ("first/large", "upstream_error", 529, "", False),
                ok("first/large", anew=True),
            ],
        ),
        ("error", "", [cut]),
        ("success", "", [ok("first/large")]),
        (
            "fallback_success",
            "same_lane",
            [cut, ok("second/large-too", "same_lane")],
        ),
    ]
    waited, again = three.first.asked[:2]
    assert again.time - waited.time >= 1
    limited, broken, last = (three.explained(rows[at]) for at in (0, 2, 4))
    for line in (
        "Attempt 1: first/large failed after T: rate limited (status 429).",
        "Attempt 2: first/large (the same route once more) answered after T.",
    ):
        assert line in limited
    for line in (
        "Attempt 1: first/large failed after T: cut (status 200).",
        "It ended in an error (cut) in T, the first byte after T.",
    ):
        assert line in broken
    standing = "second/large-too (same lane), open/mid (a downgrade)"
    for line in (
        f"Standing by, in order: {standing}, open/tiny (a downgrade).",
        "Attempt 1: first/large failed after T: cut (status 200).",
        "Attempt 2: second/large-too (same lane) answered after T.",
        "It was answered by a fallback in T, the first byte after T.",
    ):
        assert line in last
    if client == "claude-code":
        # Its protocol tells the prompt's size at once, so what was cut has a price.
        whole, answer = rows[-1]["cost_nano"], rows[-1]["answer_cost_nano"]
        assert (whole, answer) == (2_818_000 + 4_572_000, 4_572_000)


@pytest.mark.parametrize(
    ("client", "wait", "long"),
    [
        pytest.param("claude-code", None, "without saying for how long", id="unsaid"),
        pytest.param(
            "codex",
            "3600",
            "and asked to be left alone for 1 h.",
            id="an-hour",
            marks=pytest.mark.more_clients,
        ),
    ],
)
def test_a_used_up_limit_moves_the_task_over(
    three: House, place: Place, client: str, wait: str | None, long: str
) -> None:
    three.first.push(refuse(429, "no more", retry_after=wait))
    rows = task(three, place, client, "gpt-6.1-sol")
    assert three.asked == (1, TURNS, 0)
    assert tries(rows[0]) == [
        ("first/large", "rate_limited", 429, "", False),
        ok("second/large-too", "same_lane"),
    ]
    assert [tries(row) for row in rows[1:]] == [[ok("second/large-too")]] * 3
    why = "first/large was rejected: its quota is used up for now: it answered 429"
    assert f"{why} {long}" in three.explained(rows[1])


@pytest.mark.parametrize("client", [slower("claude-code"), "codex"])
def test_a_lane_that_is_down_is_left_for_a_weaker_one(
    three: House, place: Place, client: str
) -> None:
    three.first.push(*[RESET] * 9)
    three.second.push(*[refuse(529, "overloaded")] * 9)
    rows = task(three, place, client, "turnout-code")
    # Three calls are the most for a request, so the client asks once more itself.
    assert [(row["status"], row["mark"], tries(row)) for row in rows] == [
        (
            "error",
            "same_lane",
            [
                ("first/large", "reset", None, "", False),
                ("second/large-too", "upstream_error", 529, "same_lane", False),
                ("second/large-too", "upstream_error", 529, "same_lane", True),
            ],
        ),
        (
            "fallback_success",
            "downgrade",
            [
                ("first/large", "reset", None, "", False),
                # Its breaker opens with this one, so it is not asked again.
                ("second/large-too", "upstream_error", 529, "same_lane", False),
                ok("open/mid", "downgrade"),
            ],
        ),
        *[("success", "downgrade", [ok("open/mid", "downgrade")])] * 3,
    ]
    assert three.open.refusals == []
    assert {seen.model for seen in three.open.asked} == {"mid"}
    route = "open/mid (a downgrade, translated into openai-chat)"
    assert f"Attempt 3: {route} answered after T." in three.explained(rows[1])
    weaker = "That is a downgrade: it is weaker than what this request needs."
    assert weaker in three.explained(rows[2])


@pytest.mark.parametrize("client", ["claude-code", slower("codex")])
def test_refused_keys_end_the_task_with_a_clear_word(
    three: House, place: Place, client: str
) -> None:
    for one in (three.first, three.second, three.open):
        one.push(*[refuse(401, "no such key")] * 9)
    said = refused(three, place, client, "turnout-code")
    # However often the client asks: a refused key is not sent again.
    assert three.asked == (1, 1, 1)
    rows = three.turnout.events()
    assert tries(rows[0]) == [
        ("first/large", "auth", 401, "", False),
        ("second/large-too", "auth", 401, "same_lane", False),
        ("open/mid", "auth", 401, "downgrade", False),
    ]
    if client == "claude-code":
        assert "open answered 401. It refused the key." in said
        assert len(rows) == 1
    else:
        assert "the provider is not ready: it refused the key with 401" in said
        assert {row["error_kind"] for row in rows[1:]} == {"no_route"}


# --- modes, housekeeping, protocols ---------------------------------------------------


def switching(on: House, mode: str) -> Script:
    """The task's answer, before which the user switches the mode."""

    def script(seen: Seen) -> Step:
        on.turnout.command("mode", mode)
        return coding_task(seen)

    return script


def test_a_mode_switched_meanwhile_acts_and_the_loop_stays(
    three: House, place: Place
) -> None:
    three.first.push(coding_task, switching(three, "coding-fast"))
    rows = task(three, place, "claude-code")
    assert [row["mode"] for row in rows] == ["coding-auto"] * 2 + ["coding-fast"] * 2
    # A new conversation would go to a model that is good enough for less.
    assert three.asked == (TURNS, 0, 0)
    said = three.explained(rows[2])
    assert "The mode was coding-fast." in said
    assert "; the loop of tools decided." in said
    (place.project / FILE).write_text("hello, old world\n")
    anew = task(three, place, "claude-code")[TURNS:]
    assert {tries(row)[0] for row in anew} == {ok("open/mid")}
    assert three.open.refusals == []


def test_offline_holds_a_task_back_at_once(three: House, place: Place) -> None:
    three.first.push(coding_task, switching(three, "offline"))
    said = refused(three, place, "claude-code")
    assert "Turnout is offline, so nothing left this machine." in said
    assert three.asked == (2, 0, 0)
    *_, last = rows = three.turnout.events()
    assert [row["mode"] for row in rows] == ["coding-auto", "coding-auto", "offline"]
    assert (last["error_kind"], tries(last)) == ("offline", [])


@pytest.mark.parametrize("model", ["gpt-6.1-sol", slower("gpt-5.5")])
def test_codex_is_served_by_a_route_of_another_protocol(
    base: Path, place: Place, model: str
) -> None:
    with house(base, [MESSAGES]) as on:
        rows = task(on, place, "codex", model)
        # One name asks for the strongest, the other for what is good enough.
        strong = model == "gpt-6.1-sol"
        assert on.asked == ((TURNS, 0, 0) if strong else (0, 0, TURNS))
        route = "first/large" if strong else "open/mid"
        assert [tries(row) for row in rows] == [[ok(route)]] * TURNS
        words = "anthropic-messages" if strong else "openai-chat"
        told = f"Attempt 1: {route} (translated into {words}) answered after T."
        assert told in on.explained(rows[0])
        assert on.open.refusals == []


def test_housekeeping_goes_to_the_small_lane(three: House, place: Place) -> None:
    key = three.turnout.new_key("claude-code")
    at_a_terminal(place, three.turnout.url, key)
    assert (place.project / FILE).read_text() == AFTER
    assert (place.project / MADE).read_text() == SHOUT
    rows = three.turnout.events()
    kept = [row for row in rows if row["route_class"] == "housekeeping"]
    assert {tries(row)[0] for row in kept} == {ok("open/tiny")}
    assert {seen.model for seen in three.open.asked} == {"tiny"}
    assert len(kept) == len(three.open.asked) >= 1
    # It asks for the same strong model by name; only what it is for differs.
    assert len({row["requested_model"] for row in rows}) == 1
    others = [tries(row) for row in rows if row not in kept]
    assert others == [[ok("first/large")]] * TURNS
    told = "The request is housekeeping: it is the client's own request"
    assert told in three.explained(kept[0])


def at_a_terminal(place: Place, url: str, key: str) -> None:
    """Run Claude Code as a person does, until the answer to the task is on the screen.

    Only so it asks for a title, and only if its side requests are not switched off.
    """
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    known = {"hasCompletedOnboarding": True, "theme": "dark"}
    projects = {"projects": {str(place.project): trusted}}
    place.write(".claude.json", json.dumps(known | projects))
    allowed = {"skipDangerousModePermissionPrompt": True}
    place.write(".claude/settings.json", json.dumps(allowed))
    environment = place.environment(
        {
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_AUTH_TOKEN": key,
            "DISABLE_AUTOUPDATER": "1",
            "IS_SANDBOX": "1",
            "TERM": "xterm-256color",
        }
    )
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    words = ["--dangerously-skip-permissions", prompt_for(place.project)]
    process = subprocess.Popen(
        [str(BIN / "claude"), *words],
        cwd=place.project,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        screen = _until(ours, b"loudly", 60)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
        os.close(ours)
    assert b"loudly" in screen, screen[-3000:].decode(errors="replace")


def _until(terminal: int, word: bytes, seconds: float) -> bytes:
    """What a terminal shows until a word of it, or the time is over."""
    shown = b""
    deadline = time.monotonic() + seconds
    while word not in shown and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
    return shown
