"""Model servers on loopback are asked, and what they tell decides."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web
from loopback import serving

from app import found as module
from app.found import AGAIN_SECONDS, EVERY_SECONDS, LOOK_SECONDS, LocalModels
from proxy.catalogue import Catalogue, KeyRef, Model, Place, Provider, known_providers
from proxy.model import Protocol
from proxy.policies import shipped_policy
from proxy.routing.condition import ALL_WELL
from proxy.routing.decide import decide
from proxy.routing.decision import Rejected
from proxy.routing.facts import Facts, Size
from proxy.routing.modes import Mode
from proxy.routing.reasons import ReasonCode
from proxy.secrets import Secrets
from proxy.upstream import Upstream

KEY = "canary-not-a-secret"
LOADED = {"models": [{"model": "qwen3:8b", "context_length": 4096}]}
TAGS = {"models": [{"model": "qwen3:8b"}]}


@dataclass
class FakeServer:
    """A model server whose answers are set; it notes what it is asked."""

    answers: dict[str, object] = field(default_factory=dict)
    asked: list[web.BaseRequest] = field(default_factory=list)
    url: str = ""
    silent: asyncio.Event | None = None
    knocked: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request)
        self.knocked.set()
        if self.silent is not None:
            await self.silent.wait()
        answer = self.answers.get(request.path)
        if isinstance(answer, web.Response):
            return answer
        status = 404 if answer is None else 200
        return web.Response(status=status, text=json.dumps(answer))

    async def until(self, count: int) -> None:
        """Wait until it was asked so often."""
        while len(self.asked) < count:
            self.knocked.clear()
            await self.knocked.wait()

    @property
    def paths(self) -> list[str]:
        return sorted(request.path for request in self.asked)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    fake = FakeServer({"/api/tags": TAGS, "/api/ps": LOADED})
    runner = web.ServerRunner(web.Server(fake.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    if fake.silent:
        fake.silent.set()
    await runner.cleanup()


@dataclass
class World:
    """A `LocalModels` with a clock that is set, and how often it said `changed`.

    `pauses` are the waits it began, `back` who it said was back.
    """

    models: LocalModels
    now: float = 0.0
    changes: int = 0
    offline: bool = False
    pauses: list[float] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    over: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    paused: asyncio.Event = field(default_factory=asyncio.Event)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.paused.set()
        await self.over.get()

    @property
    def waiting(self) -> list[asyncio.Task[object]]:
        """The tasks that wait for servers that are silent."""
        tasks = asyncio.all_tasks()
        return [each for each in tasks if _name(each) == "silent local servers"]

    async def wait_over(self) -> None:
        """End one wait, and let what it leads to happen."""
        (task,) = self.waiting
        await self.paused.wait()  # a task that was just begun
        self.paused.clear()
        self.over.put_nowait(None)
        again = asyncio.ensure_future(self.paused.wait())
        await asyncio.wait((task, again), return_when=asyncio.FIRST_COMPLETED)
        again.cancel()

    async def used(self, provider: str = "ollama") -> None:
        """Tell of a request, and wait for what it leads to."""
        self.models.used(provider)
        tasks = [task for task in asyncio.all_tasks() if "local models" in _name(task)]
        await asyncio.gather(*tasks)


def _name(task: asyncio.Task[object]) -> str:
    return task.get_name()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    upstream = Upstream({"HTTP_PROXY": "http://127.0.0.1:9"})
    made = World.__new__(World)

    def changed() -> None:
        made.changes += 1

    def back(provider_id: str) -> None:
        made.back.append(provider_id)

    secrets = Secrets({"LOCAL_KEY": KEY})
    models = LocalModels(
        upstream,
        secrets,
        lambda: made.now,
        lambda: made.offline,
        changed,
        back=back,
        pause=made.pause,
    )
    World.__init__(made, models)
    yield made
    models.close()
    await upstream.close()


def ollama(url: str, *models: Model) -> Provider:
    return replace(known_providers()["ollama"], base_url=url, models=models)


def catalogue(*providers: Provider) -> Catalogue:
    return Catalogue(providers, "s")


def model(world: World, whole: Catalogue, name: str = "qwen3:8b") -> Model:
    (provider,) = world.models.merged(whole).providers
    seen = provider.find_model(name)
    assert seen is not None
    return seen


def request(name: str, tokens: int = 100) -> Facts:
    size = Size(tokens, tokens, tokens, "count")
    return Facts(Protocol.MESSAGES, name, own_credential=False, size=size)


# --- what it tells decides ------------------------------------------------------------


async def test_a_long_request_does_not_go_where_less_room_is_allocated(
    world: World, server: FakeServer
) -> None:
    written = Model("qwen3:8b", lane="local/standard", context=131_072)
    whole = catalogue(ollama(server.url, written))
    policy = replace(shipped_policy(), mode=Mode.CODING_AUTO)
    facts = request("ollama/qwen3:8b", tokens=20_000)
    assert decide(facts, whole, ALL_WELL, policy).attempts
    await world.models.look(whole)
    decision = decide(facts, world.models.merged(whole), ALL_WELL, policy)
    assert not decision.attempts
    assert [each.code for each in decision.rejected] == [ReasonCode.CONTEXT_TOO_SMALL]


async def test_a_model_that_runs_elsewhere_is_refused_offline(
    world: World, server: FakeServer
) -> None:
    """A loopback address proves nothing, and neither does the model's name."""
    whole = catalogue(ollama(server.url, Model("innocent")))
    remote = {"model": "innocent", "remote_host": "https://ollama.com"}
    server.answers["/api/tags"] = {"models": [remote]}
    policy = replace(shipped_policy(), mode=Mode.OFFLINE)
    facts = request("ollama/innocent")
    world.offline = True
    assert decide(facts, whole, ALL_WELL, policy).attempts
    await world.models.look(whole)
    decision = decide(facts, world.models.merged(whole), ALL_WELL, policy)
    assert "ollama/innocent" not in [route.name for route in decision.attempts]
    codes = {each.route: each.code for each in decision.rejected}
    assert codes["ollama/innocent"] is ReasonCode.OFFLINE


async def test_a_model_that_nobody_wrote_down_is_a_route(
    world: World, server: FakeServer
) -> None:
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    seen = model(world, whole)
    assert (seen.context, seen.lane) == (4096, "local/small")
    policy = replace(shipped_policy(), mode=Mode.OFFLINE)
    decision = decide(
        request("claude-sonnet-4-5"), world.models.merged(whole), ALL_WELL, policy
    )
    assert [route.name for route in decision.attempts] == ["ollama/qwen3:8b"]


# --- how it asks ----------------------------------------------------------------------


async def test_only_the_users_own_servers_are_asked(
    world: World, server: FakeServer
) -> None:
    elsewhere = replace(ollama(server.url), place=Place.PROVIDER)
    await world.models.look(catalogue(elsewhere))
    assert server.asked == []
    await world.models.look(catalogue(ollama(server.url)))
    assert server.paths == ["/api/ps", "/api/tags"]
    for asked in server.asked:
        assert asked.method == "GET"
        assert "Authorization" not in asked.headers
        assert "User-Agent" not in asked.headers


async def test_a_version_in_the_address_is_left_out(
    world: World, server: FakeServer
) -> None:
    server.answers = {"/v1/models": {"data": [{"id": "m", "max_model_len": 10}]}}
    vllm = replace(known_providers()["vllm"], base_url=f"{server.url}/v1")
    whole = catalogue(vllm)
    await world.models.look(whole)
    assert server.paths == ["/v1/models"]
    assert model(world, whole, "m").context == 10


async def test_the_key_that_the_user_gave_for_it_goes_along(
    world: World, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    keyed = replace(ollama(server.url), key=KeyRef("env", "LOCAL_KEY"))
    await world.models.look(catalogue(keyed))
    assert {each.headers["Authorization"] for each in server.asked} == {f"Bearer {KEY}"}
    named = replace(known_providers()["lmstudio"], key=keyed.key, base_url=server.url)
    server.asked.clear()
    messages = replace(named, protocols=(Protocol.MESSAGES,))
    await world.models.look(catalogue(messages))
    assert {each.headers["x-api-key"] for each in server.asked} == {KEY}
    assert KEY not in caplog.text


async def test_offline_asks_nobody_on_the_network(world: World) -> None:
    other = replace(ollama("http://192.0.2.1:11434"), place=Place.MY_NETWORK)
    whole = catalogue(other)
    world.offline = True
    async with asyncio.timeout(0.5):  # an attempt to reach it would take a second
        await world.models.look(whole)
    assert world.models.merged(whole) is whole


async def test_who_says_nothing_takes_no_longer_than_the_limit(
    world: World, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    server.silent = asyncio.Event()
    whole = catalogue(ollama(server.url))
    async with asyncio.timeout(5):
        await world.models.look(whole)
    assert world.models.merged(whole) is whole


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=302, headers={"Location": "/api/tags"}),
        web.Response(status=503, text="starting"),
        web.Response(body=b" " * (2 * 1024 * 1024 + 1)),
    ],
    ids=["redirect", "starting", "huge"],
)
async def test_what_does_not_count_keeps_what_was_told(
    world: World, server: FakeServer, answer: web.Response
) -> None:
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    server.answers["/api/ps"] = answer
    await world.models.look(whole)
    assert model(world, whole).context == 4096


async def test_another_address_is_another_server(
    world: World, server: FakeServer
) -> None:
    await world.models.look(catalogue(ollama(server.url)))
    moved = catalogue(ollama("http://127.0.0.1:9"))
    await world.models.look(moved)
    assert world.models.merged(moved) is moved


# --- when it asks ---------------------------------------------------------------------


async def test_requests_lead_to_a_look_a_minute_and_idleness_to_none(
    world: World, server: FakeServer
) -> None:
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    server.asked.clear()
    await world.used()  # what the start saw is not what the request may have loaded
    assert len(server.asked) == 2
    for world.now in (1.0, EVERY_SECONDS - 1):
        await world.used()
    assert len(server.asked) == 2
    world.now = EVERY_SECONDS
    await world.used()
    assert len(server.asked) == 4
    world.now = 10 * EVERY_SECONDS
    await world.used("groq")
    assert len(server.asked) == 4


async def test_who_was_too_short_for_a_request_is_looked_at(
    world: World, server: FakeServer
) -> None:
    """Else nobody would learn that its owner has given it more room."""
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    policy = replace(shipped_policy(), mode=Mode.CODING_AUTO)
    facts = request("ollama/qwen3:8b", tokens=20_000)
    decision = decide(facts, world.models.merged(whole), ALL_WELL, policy)
    bigger = {"models": [{"model": "qwen3:8b", "context_length": 32768}]}
    server.answers["/api/ps"] = bigger
    world.models.finished((), decision.rejected)
    await world.used()  # the look is under way; this waits for it
    assert model(world, whole).context == 32768
    assert len(server.asked) == 4


async def test_who_only_lost_is_left_alone(world: World, server: FakeServer) -> None:
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    server.asked.clear()
    lost = Rejected("ollama/qwen3:8b", ReasonCode.BELOW_FLOOR)
    world.models.finished(["groq"], [lost])
    assert not [t for t in asyncio.all_tasks() if "local models" in t.get_name()]
    world.models.finished(["groq", "ollama"], [lost])
    await world.used()
    assert len(server.asked) == 2


async def test_a_change_is_said_once_and_acts(world: World, server: FakeServer) -> None:
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    before = world.models.merged(whole)
    assert world.models.merged(whole) is before
    await world.used()
    assert (world.changes, world.models.merged(whole)) == (0, before)
    assert world.models.merged(whole) is before
    bigger = {"models": [{"model": "qwen3:8b", "context_length": 32768}]}
    server.answers["/api/ps"] = bigger
    world.now = EVERY_SECONDS
    await world.used()
    assert world.changes == 1
    assert model(world, whole).context == 32768


async def test_after_the_end_nobody_is_asked(world: World, server: FakeServer) -> None:
    await world.models.look(catalogue(ollama(server.url)))
    server.silent = asyncio.Event()
    world.models.used("ollama")
    (task,) = (t for t in asyncio.all_tasks() if "local models" in t.get_name())
    world.models.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    count = len(server.asked)
    world.now = EVERY_SECONDS
    world.models.used("ollama")
    assert len(server.asked) == count


# --- who is silent --------------------------------------------------------------------


def starting() -> web.Response:
    return web.Response(status=503, text="starting")


async def test_a_server_that_starts_late_is_ready_soon(
    world: World, server: FakeServer
) -> None:
    whole = catalogue(ollama(server.url))
    server.answers = {"/api/tags": starting(), "/api/ps": starting()}
    await world.models.look(whole)
    assert world.models.merged(whole) is whole
    server.asked.clear()
    server.answers["/api/tags"] = starting()
    await world.wait_over()
    assert world.pauses == [AGAIN_SECONDS, AGAIN_SECONDS]
    assert server.paths == ["/api/tags"], "one cheap question while it says nothing"
    assert (world.changes, world.back) == (0, [])
    server.answers = {"/api/tags": TAGS, "/api/ps": LOADED}
    await world.wait_over()
    assert model(world, whole).context == 4096
    assert (world.changes, world.back) == (1, ["ollama"])


def test_the_longest_wait_is_within_ten_seconds() -> None:
    assert AGAIN_SECONDS + LOOK_SECONDS <= 10


async def test_nothing_waits_where_all_answer(world: World, server: FakeServer) -> None:
    await world.models.look(catalogue(ollama(server.url)))
    assert (world.waiting, world.pauses) == ([], [])


async def test_the_waiting_ends_when_the_last_one_answers(
    world: World, server: FakeServer
) -> None:
    silent = replace(ollama("http://127.0.0.1:1"), id="other", priced_as="ollama")
    server.answers["/api/ps"] = starting()
    whole = catalogue(ollama(server.url), silent)
    await world.models.look(whole)
    server.answers["/api/ps"] = LOADED
    await world.wait_over()
    assert world.back == ["ollama"]
    assert world.waiting, "the other is still silent"
    server.asked.clear()
    await world.wait_over()
    assert server.asked == [], "who answers is left alone"
    await world.models.look(catalogue(ollama(server.url)))
    (task,) = world.waiting
    world.over.put_nowait(None)
    await task
    assert world.waiting == []


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=404),
        web.Response(status=401),
        web.Response(status=302, headers={"Location": "/x"}),
        web.Response(status=500),
        web.Response(body=b" " * (2 * 1024 * 1024 + 1)),
    ],
    ids=["unknown", "refused", "redirect", "broken", "huge"],
)
async def test_who_answers_something_else_is_not_asked_for_ever(
    world: World, server: FakeServer, answer: web.Response
) -> None:
    server.answers["/api/ps"] = answer
    await world.models.look(catalogue(ollama(server.url)))
    assert world.waiting == []


async def test_who_hangs_is_silent(
    world: World, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    server.silent = asyncio.Event()
    await world.models.look(catalogue(ollama(server.url)))
    assert len(world.waiting) == 1


async def test_who_stops_answering_requests_is_silent_again(
    world: World, server: FakeServer
) -> None:
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    await world.used()
    server.asked.clear()
    world.models.finished(["ollama"], [], unreached=["ollama", "groq"])
    assert server.asked == [], "not at once: it has just failed"
    await world.wait_over()
    assert server.paths == ["/api/ps", "/api/tags"]
    assert (world.back, world.waiting) == (["ollama"], [])
    assert model(world, whole).context == 4096


async def test_a_look_that_a_request_led_to_may_find_it_silent(
    world: World, server: FakeServer
) -> None:
    await world.models.look(catalogue(ollama(server.url)))
    server.answers = {}
    server.answers["/api/tags"] = starting()
    await world.used()
    assert len(world.waiting) == 1


async def test_what_it_told_holds_while_it_is_silent(
    world: World, server: FakeServer
) -> None:
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    before = world.models.merged(whole)
    world.models.finished([], [], unreached=["ollama"])
    server.answers = {"/api/tags": starting()}
    await world.wait_over()
    assert world.models.merged(whole) is before


async def test_a_look_at_all_tells_of_who_is_back(
    world: World, server: FakeServer
) -> None:
    whole = catalogue(ollama(server.url))
    await world.models.look(whole)
    world.models.finished([], [], unreached=["ollama"])
    await world.models.look(whole)
    assert world.back == ["ollama"]


async def test_after_the_end_nobody_waits(world: World, server: FakeServer) -> None:
    await world.models.look(catalogue(ollama("http://127.0.0.1:1")))
    (task,) = world.waiting
    world.models.close()
    await asyncio.wait((task,))
    assert task.cancelled()
    world.models.finished([], [], unreached=["ollama"])
    assert world.waiting == []


# --- in a gateway that serves ---------------------------------------------------------

OLLAMA = """
[gateway]
mode = "{mode}"

[[providers]]
id = "ollama"
base_url = "{url}"

[[providers.models]]
id = "qwen3:8b"
lane = "local/standard"
context = 131072
"""


def ask(name: str, text: str) -> dict[str, object]:
    said = [{"role": "user", "content": text}]
    return {"model": name, "max_tokens": 50, "messages": said}


async def test_a_gateway_sends_nothing_where_it_would_be_cut_short(
    turnout_home: Path, server: FakeServer
) -> None:
    config = OLLAMA.format(mode="direct", url=server.url)
    async with serving(turnout_home, config) as gateway:
        long = ask("ollama/qwen3:8b", "word " * 20_000)
        status, _, body = await gateway.post("/v1/messages", long)
    assert status >= 400
    assert b"longer than the model can read" in body
    assert "/api/chat" not in server.paths


async def test_a_gateway_offline_keeps_out_what_only_seems_to_be_here(
    turnout_home: Path, server: FakeServer
) -> None:
    remote = {"model": "innocent", "remote_host": "https://ollama.com"}
    server.answers["/api/tags"] = {"models": [remote]}
    config = OLLAMA.format(mode="offline", url=server.url)
    async with serving(turnout_home, config) as gateway:
        asked = ask("ollama/innocent", "Hello")
        status, _, body = await gateway.post("/v1/messages", asked)
    assert status >= 400
    assert b"does not run on this machine" in body
    assert "/api/chat" not in server.paths


async def test_a_request_to_a_server_of_the_users_leads_to_one_look(
    turnout_home: Path, server: FakeServer
) -> None:
    answer = {
        "model": "qwen3:8b",
        "message": {"role": "assistant", "content": "Hello."},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 5,
        "eval_count": 2,
    }
    server.answers["/api/chat"] = answer
    config = OLLAMA.format(mode="direct", url=server.url)
    async with serving(turnout_home, config) as gateway:
        assert server.paths == ["/api/ps", "/api/tags"], "the start looks, once"
        server.asked.clear()
        for _ in range(2):
            asked = ask("ollama/qwen3:8b", "Hello")
            status, _, _ = await gateway.post("/v1/messages", asked)
            assert status == 200
        async with asyncio.timeout(5):
            await server.until(4)
    assert server.paths == ["/api/chat", "/api/chat", "/api/ps", "/api/tags"]


async def test_a_server_that_starts_after_the_gateway_is_a_route_by_itself(
    turnout_home: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.01)
    told = server.answers
    server.answers = {"/api/tags": starting()}
    config = OLLAMA.format(mode="direct", url=server.url).partition("[[providers.m")[0]
    async with serving(turnout_home, config) as gateway, asyncio.timeout(20):

        async def listed() -> bytes:
            url = f"{gateway.url}/v1/models"
            async with gateway.session.get(url, headers=gateway.headers()) as answer:
                return await answer.read()

        assert b"qwen3:8b" not in await listed()
        server.answers = told
        while b"qwen3:8b" not in await listed():
            pass
