"""Further ways of real clients over lanes between protocols, faults among them."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from e2e import expect
from e2e.clients import (
    OPENCODE_CHAT,
    OPENCODE_MESSAGES,
    OPENCODE_RESPONSES,
    Client,
    Place,
)
from e2e.lanes import MODEL, OWN, Lane, lane
from upstream import End, Reply, Script, Seen, Step, refuse
from upstream.coding import (
    FINAL,
    TURNS,
    coding_task,
    prompt_for,
    results_in,
    toolbox,
)
from upstream.failures import error_after
from upstream.looking import (
    IDEA,
    SEEN,
    looking_prompt,
    looking_task,
    prepare_looking,
)
from upstream.reply import cut_after
from upstream.turns import SIGNATURE

from proxy.model import Protocol

pytestmark = [pytest.mark.more_clients, pytest.mark.timeout(240)]

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = (
    Protocol.MESSAGES,
    Protocol.RESPONSES,
    Protocol.CHAT,
    Protocol.GEMINI,
    Protocol.OLLAMA,
)
# Codex knows the first two and shapes its requests for each; the last it does not.
CODEX_MODELS = ("gpt-5.5", "gpt-6.1-sol", "turnout-code")
FOREIGN = [
    pytest.param(client, protocol, id=f"{client}-on-{protocol}")
    for client, protocol in itertools.product(OWN, Protocol)
    if OWN[client] is not protocol
]


def model_of(client: str) -> str:
    """A name that this client asks for."""
    return "turnout-code" if client == "codex" else MODEL


# --- the task -------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [each for each in Protocol if each is not GEMINI])
def test_gemini_cli_does_a_task_in_other_words(
    base: Path, place: Place, protocol: Protocol
) -> None:
    with lane(base, protocol) as on:
        key = on.turnout.new_key("gemini-cli")
        ran = Client(place, on.tap.url, key).gemini_cli(prompt_for(place.project))
        expect.task_done(ran, place)
        expect.task_in_other_words(on, key, "gemini-cli")


def test_gemini_cli_does_a_task_byte_for_byte(base: Path, place: Place) -> None:
    with lane(base, GEMINI) as on:
        key = on.turnout.new_key("gemini-cli")
        ran = Client(place, on.tap.url, key).gemini_cli(prompt_for(place.project))
        expect.task_done(ran, place)
        assert on.upstream.refusals == []
        went = expect.exchanges(on.tap, on.upstream)
        assert len(went) == TURNS + 1
        for one in went:
            assert one.seen.body == one.sent.body
            assert one.answer.body == bytes(one.seen.sent)


@pytest.mark.parametrize("model", CODEX_MODELS)
@pytest.mark.parametrize("protocol", [MESSAGES, CHAT, GEMINI, OLLAMA])
def test_codex_does_a_task_in_other_words(
    base: Path, place: Place, protocol: Protocol, model: str
) -> None:
    with lane(base, protocol) as on:
        key = on.turnout.new_key("codex")
        ran = Client(place, on.tap.url, key).codex(
            prompt_for(place.project), model=model
        )
        expect.task_done(ran, place)
        expect.task_in_other_words(on, key, "codex")


@pytest.mark.parametrize(
    ("package", "protocol"),
    [
        (OPENCODE_MESSAGES, RESPONSES),
        (OPENCODE_MESSAGES, OLLAMA),
        (OPENCODE_RESPONSES, MESSAGES),
        (OPENCODE_RESPONSES, GEMINI),
    ],
)
def test_opencode_does_a_task_whatever_it_speaks(
    base: Path, place: Place, package: str, protocol: Protocol
) -> None:
    with lane(base, protocol) as on:
        key = on.turnout.new_key("opencode")
        ran = Client(place, on.tap.url, key).opencode(
            prompt_for(place.project), model=MODEL, package=package
        )
        expect.task_done(ran, place)
        expect.task_in_other_words(on, key, "opencode")


# --- two calls at once, a picture in a result, reasoning and its proof ----------------


@pytest.mark.parametrize(("client", "protocol"), FOREIGN)
def test_two_calls_a_picture_and_reasoning(
    base: Path, place: Place, client: str, protocol: Protocol
) -> None:
    prepare_looking(place.project)
    with lane(base, protocol, looking_task) as on:
        key = on.turnout.new_key(client)
        pointed = Client(place, on.tap.url, key)
        prompt = looking_prompt(place.project)
        ran = pointed.run(client, prompt, model=model_of(client))
        assert ran.code == 0, ran
        assert SEEN in ran.out, ran
        expect.translated(on.tap, on.upstream, on.ask)
        (last,) = [seen for seen in on.upstream.asked if list(results_in(seen))]
        _thought_is_back(last, protocol, client)


def _thought_is_back(seen: Seen, protocol: Protocol, client: str) -> None:
    """What its maker needs of its reasoning came back, and no wrap of ours."""
    assert b"dHVybm91dD" not in seen.body
    if protocol in {MESSAGES, RESPONSES, GEMINI}:
        assert seen.body.count(SIGNATURE.encode()) == 1
    # Gemini CLI keeps no thoughts of its own accord, only what it takes for a proof.
    if protocol is MESSAGES or (protocol is OLLAMA and client != "gemini-cli"):
        assert IDEA.encode() in seen.body


# --- a limit --------------------------------------------------------------------------


@pytest.mark.parametrize("wait", ["3", None], ids=["told-how-long", "untold"])
@pytest.mark.parametrize(
    ("client", "protocol"),
    [
        ("claude-code", GEMINI),
        ("codex", MESSAGES),
        ("codex", OLLAMA),
        ("opencode", RESPONSES),
        ("gemini-cli", CHAT),
    ],
)
def test_a_limit_is_waited_out(
    base: Path, place: Place, client: str, protocol: Protocol, wait: str | None
) -> None:
    limit = refuse(429, "Rate limit reached", retry_after=wait)
    with lane(base, protocol, once(limit, turn=0)) as on:
        pointed = Client(place, on.tap.url, on.turnout.new_key(client))
        ran = pointed.run(client, prompt_for(place.project), model=model_of(client))
        expect.task_done(ran, place)
        answers = [answer for _, answer in on.tap.exchanges()]
        (told,) = [answer for answer in answers if answer.status == 429]
        # Codex gives up where nobody says how long to wait.
        assert told.header("retry-after") == (wait or "2")
        assert b"Rate limit reached" in told.body
        assert _errors(on) == ["rate_limited"]


# --- a cut stream ---------------------------------------------------------------------


def once(fault: Script, turn: int) -> Script:
    """The task, with one fault at a turn of it, counted by the results before it."""
    done = False

    def script(seen: Seen) -> Step:
        nonlocal done
        there = toolbox(seen) is not None and len(list(results_in(seen))) == turn
        if done or not there:
            return coding_task(seen)
        done = True
        return fault(seen)

    return script


def _cut(end: End) -> Script:
    """The first half of what would be said."""

    def change(reply: Reply) -> Reply:
        return cut_after(reply, len(reply.chunks) // 2, end)

    return lambda seen: replace(coding_task(seen), change=change)


def _error(seen: Seen) -> Step:
    return error_after(coding_task(seen), 3)(seen)


CUTS: dict[str, Script] = {
    "eof": _cut(End.EOF),
    "reset": _cut(End.RESET),
    "error": _error,
}


@pytest.mark.parametrize("fault", CUTS)
@pytest.mark.parametrize(
    ("client", "protocol"),
    [
        ("claude-code", MESSAGES),
        ("claude-code", CHAT),
        ("claude-code", RESPONSES),
        ("codex", RESPONSES),
        ("codex", MESSAGES),
        ("codex", CHAT),
    ],
)
def test_a_cut_stream_is_asked_for_again(
    base: Path, place: Place, client: str, protocol: Protocol, fault: str
) -> None:
    script = once(CUTS[fault], turn=1)
    with lane(base, protocol, script, strict=OWN[client] is not protocol) as on:
        pointed = Client(place, on.tap.url, on.turnout.new_key(client))
        ran = pointed.run(client, prompt_for(place.project), model=model_of(client))
        expect.task_done(ran, place)
        assert on.upstream.refusals == []
        assert _errors(on) == ["upstream_error" if fault == "error" else "cut"]
        assert len(on.upstream.asked) == TURNS + 1


@pytest.mark.parametrize("fault", ["eof", "error"])
@pytest.mark.parametrize(
    ("package", "protocol"),
    [
        (OPENCODE_CHAT, CHAT),
        (OPENCODE_CHAT, MESSAGES),
        (OPENCODE_MESSAGES, MESSAGES),
        (OPENCODE_MESSAGES, CHAT),
        (OPENCODE_RESPONSES, RESPONSES),
        (OPENCODE_RESPONSES, CHAT),
    ],
)
def test_opencode_asks_again_for_words_that_broke_off(
    base: Path, place: Place, package: str, protocol: Protocol, fault: str
) -> None:
    with lane(base, protocol, once(CUTS[fault], turn=TURNS - 1), strict=False) as on:
        key = on.turnout.new_key("opencode")
        ran = Client(place, on.tap.url, key).opencode(
            prompt_for(place.project), model=MODEL, package=package
        )
        expect.task_done(ran, place)
        assert _errors(on) == ["upstream_error" if fault == "error" else "cut"]


@pytest.mark.parametrize("protocol", [CHAT, MESSAGES])
def test_opencode_runs_no_call_that_broke_off(
    base: Path, place: Place, protocol: Protocol
) -> None:
    def fault(seen: Seen) -> Step:
        def change(reply: Reply) -> Reply:
            return cut_after(reply, len(reply.chunks) - 6, End.EOF)

        return replace(coding_task(seen), change=change)

    with lane(base, protocol, once(fault, turn=0), strict=False) as on:
        key = on.turnout.new_key("opencode")
        prompt = prompt_for(place.project)
        ran = Client(place, on.tap.url, key).opencode(prompt, model=MODEL)
        assert _errors(on) == ["cut"]
        # It asks again, or first tells the model that this call came to nothing.
        told = list(results_in(on.upstream.asked[-1]))
        assert "Tool execution aborted" in told or FINAL in ran.out, ran


@pytest.mark.parametrize("fault", ["eof", "error"])
@pytest.mark.parametrize("protocol", [GEMINI, CHAT, MESSAGES])
def test_gemini_cli_takes_no_half_answer_for_a_whole_one(
    base: Path, place: Place, protocol: Protocol, fault: str
) -> None:
    with lane(base, protocol, once(CUTS[fault], turn=TURNS - 1)) as on:
        key = on.turnout.new_key("gemini-cli")
        ran = Client(place, on.turnout.url, key).gemini_cli(prompt_for(place.project))
        assert _errors(on) == ["upstream_error" if fault == "error" else "cut"]
        assert ran.code != 0 or FINAL in ran.out, ran


def _errors(on: Lane) -> list[object]:
    rows = on.turnout.events()
    return [row["error_kind"] for row in rows if row["status"] == "error"]


# --- lists of models, and the ways Codex asks for answers -----------------------------


def test_claude_code_finds_the_models(base: Path, place: Place) -> None:
    with lane(base, CHAT) as on:
        key = on.turnout.new_key("claude-code")
        pointed = Client(place, on.tap.url, key)
        ran = pointed.claude_code(prompt_for(place.project), discovers=True)
        expect.task_done(ran, place)
        cached = place.home / ".claude" / "cache" / "gateway-models.json"
        kept = json.loads(cached.read_text())
        assert "claude-turnout-auto" in json.dumps(kept)
        assert f"claude-turnout/scripted/{MODEL}" in json.dumps(kept)


def test_codex_takes_the_catalogue(base: Path, place: Place) -> None:
    with lane(base, CHAT) as on:
        key = on.turnout.new_key("codex")
        pointed = Client(place, on.tap.url, key)
        ran = pointed.codex(prompt_for(place.project), model="turnout-auto", lists=True)
        expect.task_done(ran, place)
        expect.task_in_other_words(on, key, "codex")
        # It says so of every model that no list has told it of.
        assert "not found" not in ran.err, ran
        cached = json.loads((place.home / ".codex" / "models_cache.json").read_text())
        assert "turnout-auto" in [model["slug"] for model in cached["models"]]


@pytest.mark.parametrize("protocol", [MESSAGES, CHAT])
def test_codex_without_its_websocket_keeps_the_history_itself(
    base: Path, place: Place, protocol: Protocol
) -> None:
    with lane(base, protocol) as on:
        key = on.turnout.new_key("codex")
        pointed = Client(place, on.tap.url, key)
        ran = pointed.codex_redirected(prompt_for(place.project), model="turnout-code")
        expect.task_done(ran, place)
        asked = on.tap.exchanges()
        upgrades = [answer for sent, answer in asked if sent.method == "GET"]
        assert [answer.status for answer in upgrades] == [426]
        bodies = [json.loads(sent.body) for sent, _ in asked if sent.method == "POST"]
        assert [body["store"] for body in bodies] == [False] * TURNS
        assert not any("previous_response_id" in body for body in bodies)
        expect.task_in_other_words(on, key, "codex")
