"""One request in the gateway's hands: what came in, and what has happened to it so far.

It holds values and writes to nobody; `pipeline` moves it along, `server` supplies the
way back to the client.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from proxy.errors import FailureKind
from proxy.health.accounts import account_of
from proxy.ledger.rows import Attempt
from proxy.model import Usage
from proxy.routing.decision import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from proxy.catalogue import Route
    from proxy.errors import Failure
    from proxy.guard import Endpoint
    from proxy.headers import Credentials
    from proxy.model import Loss, Request
    from proxy.model import Protocol as WireProtocol
    from proxy.projects import Peer
    from proxy.routing import Decision, Facts
    from proxy.sessions import Turn

_SESSION_HEADERS = ("x-claude-code-session-id", "session-id", "x-session-id")
_AGENT_HEADERS = ("x-claude-code-agent-id",)
_PARENT_HEADERS = ("x-claude-code-parent-agent-id",)
_MAX_ID = 200
_REFUSAL = 300
# We ended these; the provider may have worked until then.
_LEFT = frozenset({FailureKind.CLIENT_GONE, FailureKind.STOPPING})
# With these the provider said itself that there is no answer.
_DECLINED = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.UPSTREAM_ERROR,
        FailureKind.AUTH,
        FailureKind.REJECTED,
    }
)
# These are no answer where nothing came before: a web page, a body without a byte.
_BROKEN = frozenset({FailureKind.CUT, FailureKind.MALFORMED})


@dataclass(slots=True)
class Body:
    """The bytes of a request, which the next attempt needs until an answer begins."""

    data: bytes

    def drop(self) -> None:
        """Forget the bytes: from here on nothing can be sent again."""
        self.data = b""


@dataclass(frozen=True, slots=True)
class Call:
    """A client's request, read whole and admitted.

    `headers` are the raw ones in order, gateway keys included; `query` is raw, without
    the question mark; `arrived` is on the monotonic clock, in seconds; `peer` is the
    client's end of the connection; `path_model` is the model that the path names.
    """

    id: str
    endpoint: Endpoint
    protocol: WireProtocol
    query: str
    headers: tuple[tuple[str, str], ...]
    credentials: Credentials
    body: Body
    client: str
    arrived: float
    peer: Peer | None
    path_model: str | None = None

    def header(self, *names: str) -> str | None:
        """Return the first of the named headers, None where none is there."""
        for name in names:
            for key, value in self.headers:
                if key.lower() == name:
                    return value[:_MAX_ID] or None
        return None

    @property
    def session(self) -> str | None:
        """The client's own session id."""
        return self.header(*_SESSION_HEADERS)

    @property
    def account(self) -> str:
        """Whose own credential came with it, as a digest; '' where none did."""
        return account_of(self.client, self.credentials.own)

    @property
    def agent(self) -> str | None:
        """The client's own agent id."""
        return self.header(*_AGENT_HEADERS)

    @property
    def parent_agent(self) -> str | None:
        """The id of the agent that started this agent."""
        return self.header(*_PARENT_HEADERS)


class Outlet(Protocol):
    """The way back to the client."""

    started: bool

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Send the answer's head. Called once."""
        ...

    async def write(self, data: bytes) -> None:
        """Send a piece of the body, waiting while the client cannot take more."""
        ...

    async def end(self) -> None:
        """Send the proper end of the body."""
        ...

    def abort(self) -> None:
        """Break the connection, so that a body cut short cannot look complete."""
        ...


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """A provider's error answer, read whole: returned unchanged if nothing is left.

    `final` says that asking again cannot help: the provider refused a key of ours;
    `wait` is how many seconds the provider wants to be left alone, where it said so.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    final: bool = False
    wait: float | None = None


@dataclass(slots=True)
class Exchange:
    """A routed request in progress; the pipeline is its only writer.

    `routing` queues the row that says where it goes, and is None once that is done.
    `stream` is what the client asked for, `events` what its answer is.
    `model_span` is where the body names the model, None where the path does.
    `broken_off` are the bytes that close a half-sent event of a broken stream;
    `breaking` writes the event that ends a stream early, where somebody has written
    the stream and knows how far it is. `losses` is what translation could not carry.
    `request` is the call read, from when somebody needed it until it is written anew;
    `unproven` says that a provider refused the proof of earlier reasoning, and
    `without_proofs` that this request's later attempts leave such proofs out.
    `facts` are what was decided by, `turn` is the conversation's turn that it is, None
    where it is no part of one. `too_long` says that the provider refused its length.
    `mark` says what the running attempt is beside the first choice, `retry` that its
    route is asked once more. `insured` says that another attempt is possible: then
    nothing leaves before content. `calling` says that a provider is being called and
    the attempt not yet noted; `heard_status` and `heard` are the status and the
    headers it has answered with.
    `counted` is how a count of tokens was come by (exact, provider, estimate),
    `count_band` between which numbers an estimate's truth should lie.
    """

    call: Call
    outlet: Outlet
    decision: Decision
    model: str
    model_span: tuple[int, int] | None
    stream: bool
    offline: bool
    facts: Facts
    turn: Turn | None = None
    attempts: list[Attempt] = field(default_factory=list)
    route: Route | None = None
    held: HeldAnswer | None = None
    first_byte_ms: int | None = None
    usage: Usage = field(default_factory=Usage)
    stop_reason: str | None = None
    recorded: bool = False
    routing: Callable[[], None] | None = None
    events: bool = False
    broken_off: bytes = b""
    too_long: bool = False
    breaking: Callable[[FailureKind, str], bytes] | None = None
    losses: list[Loss] = field(default_factory=list)
    request: Request | None = None
    unproven: bool = False
    without_proofs: bool = False
    mark: Mark = Mark.NONE
    retry: bool = False
    insured: bool = False
    calling: bool = False
    heard_status: int | None = None
    heard: tuple[tuple[str, str], ...] = ()
    counted: str | None = None
    count_band: tuple[int, int] | None = None

    def begin(
        self,
        route: Route,
        mark: Mark = Mark.NONE,
        *,
        retry: bool = False,
        insured: bool = False,
    ) -> None:
        """Begin an attempt: what the one before had of an answer is no part of it."""
        self.route, self.held, self.first_byte_ms = route, None, None
        self.mark, self.retry, self.insured = mark, retry, insured
        self.calling, self.heard_status, self.heard = True, None, ()
        self.usage, self.stop_reason = Usage(), None
        self.events, self.broken_off, self.breaking = False, b"", None
        self.too_long = False
        self.losses.clear()

    def lose(self, losses: Iterable[Loss]) -> None:
        """Add losses, each name once."""
        known = {each.name for each in self.losses}
        for each in losses:
            if each.name not in known:
                known.add(each.name)
                self.losses.append(each)

    def note(
        self,
        route: Route,
        started: float,
        now: float,
        failure: Failure | None,
        status: int | None,
    ) -> None:
        """Add an attempt; `started` and `now` are on the monotonic clock."""
        kind: FailureKind | None = failure.kind if failure else None
        self.calling = False
        self.attempts.append(
            Attempt(
                provider=route.provider.id,
                model=route.model_id,
                protocol=route.protocol,
                outcome=kind or "ok",
                status=status,
                started_ms=milliseconds(started - self.call.arrived),
                duration_ms=milliseconds(now - started),
                error_kind=kind,
                lane=route.lane,
                billing=route.billing,
                mark=self.mark,
                retry=self.retry,
                usage=self._used(status, kind),
            )
        )

    def _used(self, status: int | None, kind: FailureKind | None) -> Usage | None:
        """Return what an attempt used; None where nobody began to answer.

        An empty `Usage` is an answer that began and did not tell: it is owed for.
        """
        if self.usage != Usage() or kind in _LEFT:
            return self.usage
        begun = status is not None and status < _REFUSAL and kind not in _DECLINED
        nothing_came = kind in _BROKEN and self.first_byte_ms is None
        return self.usage if begun and not nothing_came else None


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, never below 0."""
    return max(0, round(seconds * 1000))
