"""Remembers how the conversations of clients went: who answered, what is warm.

It holds names, numbers and digests, in memory only and bounded; no text of a request or
an answer. Time is handed in.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from proxy.model import Protocol
from proxy.routing.facts import NOTHING_WARM, Evidence, RouteClass, Tier

if TYPE_CHECKING:
    from proxy.catalogue import Route
    from proxy.glance import Glance
    from proxy.model import Usage

MOST_CONVERSATIONS: Final = 4_096
"""Conversations remembered at a time; the least recently used goes first."""

WARM_SECONDS: Final = 300.0
"""How long a provider is thought to keep a prompt's prefix: the shortest lifetime that
vendors name (Anthropic's and OpenAI's five minutes)."""

RETRY_SECONDS: Final = 600.0
"""How long after an answer the same turn again is taken for dissatisfaction."""

SAME_CALLS: Final = 3
"""How often one call, or one error, stands for being stuck."""

_MOST_WARM = 8  # routes of one conversation whose warmth is remembered
# Stop reasons that are the model's own failure, in the words of all protocols.
_FAILURES = frozenset(
    {
        "refusal",
        "content_filter",
        "malformed_function_call",
        "malformed_response",
        "unexpected_tool_call",
        "too_many_tool_calls",
    }
)
_ABOVE: Final[Mapping[Tier, Tier]] = {
    Tier.SMALL: Tier.STANDARD,
    Tier.STANDARD: Tier.PREMIUM,
    Tier.PREMIUM: Tier.PREMIUM,
}


@dataclass(frozen=True, slots=True)
class Asking:
    """What a person asked for: its class, why, and a number that stands for the text.

    The number is the hash of the text within this process; it tells nothing of it.
    """

    route_class: RouteClass
    evidence: tuple[str, ...]
    text: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Which turn of which conversation a request is.

    `session` and `agent` are the client's own ids, None where it sends none. `asked`
    is what its person last asked for, None while nobody has looked.
    """

    client: str
    session: str | None
    agent: str | None
    fingerprint: str
    tail: str
    asked: Asking | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the conversation is remembered by."""
        return (self.client, self.session or "", self.agent or "", self.fingerprint)

    @property
    def thread(self) -> tuple[str, str, str, str]:
        """The same without its beginning, which compaction rewrites."""
        return (self.client, self.session or "", self.agent or "", "")


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is known of a conversation when its next request comes.

    `made_calls` is the route that answered last, None where nobody did; `warm` as in
    `Facts`; `raised` is why a stronger model should answer now, if it should; `asked`
    what its person asked for then.
    """

    made_calls: str | None = None
    warm: Mapping[str, int] = field(default_factory=lambda: NOTHING_WARM)
    raised: Evidence | None = None
    asked: Asking | None = None


NOTHING: Final = Recalled()


@dataclass(slots=True)
class _Conversation:
    """`warm` maps a route to the tokens it holds and when that was."""

    route: str | None = None
    tier: Tier | None = None
    tail: str = ""
    stop: str | None = None
    answered: float = 0.0
    asked: Asking | None = None
    warm: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)


class Sessions:
    """The conversations of all clients."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        """Begin with none known."""
        self._known: OrderedDict[tuple[str, str, str, str], _Conversation] = (
            OrderedDict()
        )

    def recall(self, turn: Turn, glance: Glance, now: float) -> Recalled:
        """Return what is known; `now` is in seconds on the clock of `answered`."""
        known = self._known.get(turn.key)
        if known is None and turn.session is not None and glance.continues:
            # The client has shortened the conversation, and the loop goes on.
            known = self._known.get(turn.thread)
        if known is None:
            return NOTHING
        warm = {
            route: tokens
            for route, (tokens, at) in known.warm.items()
            if now - at < WARM_SECONDS
        }
        raised = _raised(known, turn, glance, now)
        return Recalled(known.route, warm, raised, known.asked)

    def answered(
        self,
        turn: Turn,
        route: str,
        now: float,
        *,
        tier: Tier | None = None,
        stop: str | None = None,
        warm: int = 0,
    ) -> None:
        """Note that a route answered a turn, and how.

        `tier` is the route's, None where its model has none; `stop` the answer's stop
        reason in its protocol's words; `warm` the tokens that are in the
        provider's cache from now on, 0 where none are.
        """
        keys = [turn.key] if turn.session is None else [turn.key, turn.thread]
        for key in keys:
            known = self._known.setdefault(key, _Conversation())
            self._known.move_to_end(key)
            known.route, known.tier, known.stop = route, tier, stop
            known.tail, known.answered, known.asked = turn.tail, now, turn.asked
            if warm > 0:
                known.warm[route] = (warm, now)
                known.warm.move_to_end(route)
                while len(known.warm) > _MOST_WARM:
                    known.warm.popitem(last=False)
        while len(self._known) > MOST_CONVERSATIONS:
            self._known.popitem(last=False)


def warm_after(usage: Usage, route: Route) -> int:
    """Return how many tokens of a prompt its provider is thought to hold now.

    Where caching is asked for, only what was told counts; elsewhere providers keep
    what they have read by themselves, if they have a price for reading it again.
    """
    told = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    price = route.price
    if route.protocol is Protocol.MESSAGES or price is None or price.cache_read is None:
        return told
    return max(told, usage.whole_input or 0)


def _raised(
    known: _Conversation, turn: Turn, glance: Glance, now: float
) -> Evidence | None:
    """Return why the model that answered last should be left for a stronger one."""
    if known.tier is None:
        return None
    said = _stuck(glance) or _dissatisfied(known, turn, now)
    return Evidence(_ABOVE[known.tier], said) if said else None


def _stuck(glance: Glance) -> str:
    calls = Counter(glance.tool_calls)
    if calls and max(calls.values()) >= SAME_CALLS:
        return f"The same tool call was made {max(calls.values())} times lately."
    errors = Counter(glance.tool_errors)
    if errors and max(errors.values()) >= SAME_CALLS:
        return f"The same tool error came back {max(errors.values())} times lately."
    return ""


def _dissatisfied(known: _Conversation, turn: Turn, now: float) -> str:
    if known.stop is not None and known.stop.lower() in _FAILURES:
        return "The last answer of this conversation ended in the model's own failure."
    if turn.session is None:
        # Scripts ask the same thing twice and mean it; people have sessions.
        return ""
    if turn.tail == known.tail and now - known.answered < RETRY_SECONDS:
        return "The client asked for the same turn again."
    return ""
