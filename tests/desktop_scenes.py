"""States of a gateway for the desktop's tests and for the pictures of the windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.commands.lifecycle import LoginState
from app.desktop.sight import Link, Sight
from app.state import (
    ClientSpend,
    ProviderHealth,
    QuotaNow,
    Readiness,
    RestNow,
    Snapshot,
    SpendToday,
    WiringHealth,
    WiringNow,
)
from discovery.findings import ServerFound
from proxy.catalogue import Billing, Place
from proxy.ledger.rows import Attempt, Event
from proxy.model import Usage
from proxy.routing import StoredDecision, explain
from proxy.routing.stored import StoredAsked, StoredChoice, StoredLosers, StoredRunnerUp
from proxy.wire.losses import LOSSES
from wizard.autostart import LoginWay

NOON = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)

_EVENT = Event(
    id="req_0",
    sequence=1,
    time=NOON,
    arrived=NOON,
    run="run",
    client="claude-code",
    protocol="anthropic-messages",
    session="s",
    agent=None,
    parent_agent=None,
    project="greeting",
    mode="direct",
    route_class="fallback_safe",
    requested_model="claude-sonnet-5",
    stream=True,
    provider="anthropic",
    model="claude-sonnet-5",
    lane="claude/standard",
    fallback_chain=("anthropic/claude-sonnet-5",),
    attempts=(),
    input_tokens=1204,
    cache_read_tokens=18240,
    cache_write_tokens=0,
    cache_write_1h_tokens=None,
    output_tokens=312,
    reasoning_tokens=None,
    web_searches=None,
    price=None,
    price_snapshot=None,
    cost_nano=13_772_000,
    billing="metered",
    first_byte_ms=420,
    duration_ms=4210,
    cache_hit=True,
    stop_reason="end_turn",
    status="success",
    error_kind=None,
    losses=(),
)


def attempt(provider: str, model: str, outcome: str, **changed: object) -> Attempt:
    """One try of a route of its own kind."""
    made = Attempt(
        provider=provider,
        model=model,
        protocol="anthropic-messages",
        outcome=outcome,
        duration_ms=420,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def event(number: int = 0, **changed: object) -> Event:
    """One finished request; a higher number is an older one."""
    when = NOON - timedelta(seconds=47 * number)
    made = replace(_EVENT, id=f"req_{number}", sequence=1000 - number, time=when)
    return replace(made, **changed)  # type: ignore[arg-type]


EVENTS = (
    event(0),
    event(
        1,
        model="claude-haiku-4-5",
        requested_model="claude-haiku-4-5",
        cost_nano=412_000,
        input_tokens=310,
        output_tokens=24,
        cache_read_tokens=0,
        duration_ms=640,
    ),
    event(
        2,
        client="codex",
        provider="openrouter",
        model="gpt-5.5-terra",
        requested_model="gpt-5.5-terra",
        status="fallback_success",
        cost_nano=8_300_000,
        input_tokens=9120,
        cache_read_tokens=None,
        output_tokens=610,
        duration_ms=12_870,
        fallback_chain=("openai/gpt-5.5-terra", "openrouter/gpt-5.5-terra"),
        mark="same_lane",
        attempts=(
            attempt("openai", "gpt-5.5-terra", "rate_limited", status=429),
            attempt(
                "openrouter",
                "gpt-5.5-terra",
                "ok",
                mark="same_lane",
                duration_ms=12_870,
                usage=Usage(input_tokens=9120, output_tokens=610),
                cost_nano=8_300_000,
            ),
        ),
    ),
    event(
        3,
        client="opencode",
        provider="ollama",
        model="qwen3-coder",
        requested_model="qwen3-coder",
        billing="local",
        cost_nano=0,
        input_tokens=2048,
        cache_read_tokens=None,
        output_tokens=188,
        duration_ms=7_450,
        losses=("server_tool_offered", "cache_fields", "verbosity"),
    ),
    event(
        4,
        status="error",
        error_kind="rate_limited",
        cost_nano=None,
        input_tokens=None,
        cache_read_tokens=None,
        output_tokens=None,
        duration_ms=310,
    ),
    event(5, status="cancelled", cost_nano=None, output_tokens=None, duration_ms=1_900),
    event(
        6,
        client=None,
        provider="internal-gateway",
        model="a-model-with-a-rather-long-name-v2-2026-08-14",
        requested_model="a-model-with-a-rather-long-name-v2-2026-08-14",
        cost_nano=None,
        cache_read_tokens=None,
    ),
    event(
        7,
        status="interrupted",
        provider=None,
        model=None,
        cost_nano=None,
        input_tokens=None,
        cache_read_tokens=None,
        output_tokens=None,
        duration_ms=None,
    ),
    event(
        8,
        model="claude-opus-5",
        mode="coding-auto",
        cost_nano=91_200_000,
        mark="escalation",
        escalated=True,
        attempts=(
            attempt(
                "anthropic",
                "claude-opus-5",
                "ok",
                mark="escalation",
                duration_ms=6_120,
                cost_nano=91_200_000,
            ),
        ),
    ),
    event(
        9,
        provider="groq",
        model="gpt-oss-120b",
        mode="coding-auto",
        status="fallback_success",
        cost_nano=1_130_000,
        mark="downgrade",
        attempts=(
            attempt("anthropic", "claude-sonnet-5", "upstream_error", status=529),
            attempt(
                "anthropic",
                "claude-sonnet-5",
                "upstream_error",
                status=529,
                retry=True,
                duration_ms=610,
            ),
            attempt(
                "groq",
                "gpt-oss-120b",
                "ok",
                mark="downgrade",
                duration_ms=1_870,
                cost_nano=1_130_000,
            ),
        ),
        losses=("cache_fields",),
    ),
    *(
        event(n, cost_nano=9_000_000 + 7_000 * n, input_tokens=800 + n)
        for n in range(10, 30)
    ),
)

DECISION = StoredDecision(
    mode="coding-auto",
    requested_model="claude-sonnet-5",
    reason="It is the cheapest that is good enough.",
    chosen="anthropic/claude-sonnet-5",
    lane="claude/standard",
    standby=("openrouter/claude-sonnet-5", "groq/gpt-oss-120b"),
    billing="metered",
    intent="auto",
    route_class="fast_code",
    evidence=("a short request that offers tools",),
    floor=60,
    choices=(
        StoredChoice("anthropic/claude-sonnet-5", "", 21_400_000, 72),
        StoredChoice("openrouter/claude-sonnet-5", "same_lane", 22_500_000, 72),
        StoredChoice("groq/gpt-oss-120b", "downgrade", 1_200_000, 48),
    ),
    losers=(
        StoredLosers("below_floor", 9, ("groq/gpt-oss-20b", "ollama/qwen3-coder")),
        StoredLosers("not_ready", 1, ("openai",), "the key was refused"),
    ),
    runner_up=StoredRunnerUp(
        "openrouter/claude-sonnet-5", "price", 22_500_000, 72, 1_100_000, 0
    ),
    asked=StoredAsked("anthropic/claude-opus-5", 107_000_000),
)
LAYERS = explain(DECISION)
"""What `explain` tells of a decision, as it is."""

ANTHROPIC = ProviderHealth(
    "anthropic",
    True,
    "Ready.",
    Place.PROVIDER,
    Billing.SUBSCRIPTION,
    quota=(
        QuotaNow("5-hour window", 0.61, NOON + timedelta(hours=4, minutes=40)),
        QuotaNow("7-day window", 0.18, NOON + timedelta(days=3)),
    ),
)
OPENAI = ProviderHealth(
    "openai",
    False,
    "Not ready: the environment variable OPENAI_API_KEY is not set.",
    Place.PROVIDER,
    Billing.METERED,
)
OPENROUTER = ProviderHealth(
    "openrouter",
    True,
    "Ready.",
    Place.PROVIDER,
    Billing.METERED,
    "The provider answered 503 (overloaded).",
)
OLLAMA = ProviderHealth("ollama", True, "Ready.", Place.THIS_MACHINE, Billing.LOCAL)
RESTING = ProviderHealth(
    "anthropic",
    True,
    "Ready.",
    Place.PROVIDER,
    Billing.SUBSCRIPTION,
    "The provider answered 429 (rate limited).",
    rests=(
        RestNow(
            "",
            NOON + timedelta(minutes=42),
            "it answered 429, its 5-hour window used up, and asked to be left alone "
            "for 42 min",
        ),
    ),
    quota=(QuotaNow("5-hour window", 1.0, NOON + timedelta(minutes=42)),),
)
BROKEN = ProviderHealth(
    "openrouter",
    True,
    "Ready.",
    Place.PROVIDER,
    Billing.METERED,
    "The provider answered 503 (overloaded).",
    rests=(
        RestNow(
            "openrouter/gpt-5.5-terra",
            NOON + timedelta(seconds=20),
            "it answered 503, not for the first time, and is left alone for 20 s",
        ),
        RestNow(
            "openrouter/gpt-5.5-luna",
            NOON + timedelta(seconds=5),
            "it could not be reached, not for the first time, and is left alone for "
            "5 s",
        ),
    ),
)
REFUSED = ProviderHealth(
    "mistral",
    False,
    "Not ready: it refused the key with 401.",
    Place.PROVIDER,
    Billing.METERED,
    rests=(RestNow("", NOON + timedelta(hours=1), "it refused the key with 401"),),
)
PRACTICE = ProviderHealth("practice", True, "Ready.", Place.THIS_MACHINE, Billing.LOCAL)

TODAY = SpendToday(
    requests=45,
    billed_nano=1_842_300_000,
    covered_nano=3_120_000_000,
    local_requests=6,
    unknown_requests=3,
    by_client=(
        ClientSpend("claude-code", 31, 1_530_000_000, 3_120_000_000, 2),
        ClientSpend("codex", 8, 312_300_000),
        ClientSpend("opencode", 6),
        ClientSpend("unknown", 1, 0, 0, 1),
    ),
    downgrades=2,
    escalations=1,
)

READY = Snapshot(
    revision=7,
    version="0.1.0",
    pid=4711,
    port=8787,
    mode="direct",
    mode_note="",
    readiness=Readiness(True, "Requests can be sent: anthropic, openrouter, ollama."),
    today=TODAY,
    last=EVENTS[0],
    requests_open=2,
    unsaved=0,
    providers=(ANTHROPIC, OPENAI, OPENROUTER, OLLAMA),
    problems=(),
    started=NOON,
    time=NOON,
)
EMPTY = replace(
    READY,
    readiness=Readiness(
        True,
        "Requests are answered by the practice provider: simulated, no model.",
        "Add a provider to config.toml to reach a real model.",
    ),
    today=SpendToday(),
    last=None,
    requests_open=0,
    providers=(PRACTICE,),
)
OFFLINE = replace(
    READY,
    mode="offline",
    readiness=Readiness(True, "Requests can be sent on this machine: ollama."),
)
NOT_READY = replace(
    READY,
    readiness=Readiness(
        False,
        "No provider can take a request now.",
        "openai: Not ready: the environment variable OPENAI_API_KEY is not set.",
    ),
    providers=(OPENAI,),
    requests_open=0,
)
TROUBLED = replace(
    READY,
    mode="coding-auto",
    mode_note="The mode in config.toml cannot be read, so Turnout is offline until it "
    "can.",
    unsaved=3,
    problems=("line 12: providers[1].billing: `weekly` is no billing mode.",),
)
ROUTED = replace(READY, last=EVENTS[2])
PRESSED = replace(
    READY, mode="coding-auto", providers=(RESTING, BROKEN, REFUSED, OLLAMA)
)

MANY_LOST = event(
    0,
    client="codex",
    provider="ollama",
    model="qwen3-coder",
    requested_model="turnout-code",
    billing="local",
    cost_nano=0,
    losses=tuple(LOSSES)[:14],
)
"""A request that lost more than its place in the window can show at once."""

WIRED = WiringNow(
    "claude-code",
    "Claude Code",
    WiringHealth.WIRED,
    "Claude Code goes through Turnout.",
    files=("/home/ada/.claude/settings.json",),
    port=8787,
)
DRIFTED = replace(
    WIRED,
    state=WiringHealth.DRIFTED,
    sentence="env.ANTHROPIC_BASE_URL in /home/ada/.claude/settings.json holds "
    "http://127.0.0.1:3456 now, so Claude Code may go past Turnout. That looks like "
    "claude-code-router.",
    todo="turnout repair claude-code",
    culprit="claude-code-router",
)
OLD_PORT = WiringNow(
    "codex",
    "Codex",
    WiringHealth.OLD_PORT,
    "Codex points at the old port 8787; Turnout serves on port 8788 now, so Codex "
    "gets no answer.",
    todo="turnout repair codex",
    port=8787,
)
SUSPENDED = WiringNow(
    "opencode",
    "opencode",
    WiringHealth.SUSPENDED,
    "opencode is disconnected until Turnout's next start.",
)
CONNECTED = replace(READY, wirings=(WIRED,))
AT_LOGIN = LoginState(
    True,
    LoginWay.DESKTOP,
    "~/.config/autostart/turnout.desktop",
    "Turnout starts at login, by ~/.config/autostart/turnout.desktop.",
)

SIGHTS = {
    "connecting": Sight(),
    "ready": Sight(Link.LIVE, READY),
    "empty": Sight(Link.LIVE, EMPTY),
    "offline": Sight(Link.LIVE, OFFLINE),
    "not-ready": Sight(Link.LIVE, NOT_READY),
    "troubled": Sight(Link.LIVE, TROUBLED),
    "connected": Sight(Link.LIVE, CONNECTED),
    "drifted": Sight(Link.LIVE, replace(READY, wirings=(DRIFTED, OLD_PORT, SUSPENDED))),
    "routed": Sight(Link.LIVE, ROUTED),
    "routing": Sight(Link.LIVE, replace(READY, mode="coding-auto")),
    "pressed": Sight(Link.LIVE, PRESSED),
    "restarting": Sight(Link.CONNECTING, READY),
    "away": Sight(Link.AWAY, READY, "No gateway is running."),
    "never": Sight(Link.AWAY, None, "No gateway is running."),
}


class Wishes:
    """Actions that only write down what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def set_mode(self, mode: str) -> None:
        self.asked.append(("mode", str(mode)))

    def copy_settings(self, client: str) -> None:
        self.asked.append(("copy", client))

    def show_window(self, name: str) -> None:
        self.asked.append(("show", name))

    def look(self) -> None:
        self.asked.append(("look",))

    def explain(self, request: str) -> None:
        self.asked.append(("explain", request))

    def connect_client(self, client: str) -> None:
        self.asked.append(("connect", client))

    def look_for_servers(self) -> None:
        self.asked.append(("servers",))

    def use_server(self, server: ServerFound) -> None:
        self.asked.append(("use", server.address))

    def repair_client(self, client: str) -> None:
        self.asked.append(("repair", client))

    def accept_client(self, client: str) -> None:
        self.asked.append(("accept", client))

    def look_at_login(self) -> None:
        self.asked.append(("look at login",))

    def set_login(self, *, on: bool) -> None:
        self.asked.append(("login", "on" if on else "off"))

    def choose_quit(self, choice: str) -> None:
        self.asked.append(("quits", str(choice)))

    def start_gateway(self) -> None:
        self.asked.append(("start",))

    def quit(self) -> None:
        self.asked.append(("quit",))

    def stop_and_quit(self) -> None:
        self.asked.append(("stop",))
