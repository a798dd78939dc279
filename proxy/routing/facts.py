"""What `decide` looks at: one request as values, and its words; it reads no body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from proxy.model import Protocol

if TYPE_CHECKING:
    from proxy.model import Request

NOTHING_WARM: Final[Mapping[str, int]] = MappingProxyType({})
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class RouteClass(StrEnum):
    """What kind of request this is."""

    HOUSEKEEPING = "housekeeping"
    CHEAP_EDIT = "cheap_edit"
    FAST_CODE = "fast_code"
    DEEP_REASONING = "deep_reasoning"
    TOOL_HEAVY = "tool_heavy"
    LONG_CONTEXT = "long_context"
    FALLBACK_SAFE = "fallback_safe"


class Intent(StrEnum):
    """What the requested model's name asks for, where it is no pin."""

    AUTO = "auto"
    PREMIUM = "premium"
    ECO = "eco"


class Tier(StrEnum):
    """How strong a model is held to be, weakest first; the second half of a lane."""

    SMALL = "small"
    STANDARD = "standard"
    PREMIUM = "premium"


RANKS: Final[Mapping[str, int]] = MappingProxyType(
    {tier: rank for rank, tier in enumerate(Tier)}
)
"""How strong each tier is, from 0 on."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many tokens a request's input is estimated to be.

    The truth is expected between `low` and `high`; `method` says how it was estimated.
    """

    tokens: int = 0
    low: int = 0
    high: int = 0
    method: str = "none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the floor is raised for a request: the tier, and the sentence that says so.

    The sentence tells what was seen, never what the request says.
    """

    tier: Tier
    sentence: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One request as `decide` sees it.

    `client` is the client's profile (`claude-code`, `unknown`), `project` its folder's
    label where that is known. `own_credential` says that the client brought a
    credential of its own beside the gateway key, `stays_here` that its trust level
    keeps the request on this machine, `native_only` that no other protocol has what it
    asks for. `request` is what it says, read; None where only providers of its own
    protocol matter, and nobody has had to read it. `stands_for` is what an alias asks
    for, None where the requested model is none; `asked_mode` is the mode that a header
    or such an alias asks for, None where neither does.

    `route_class` comes with `evidence`, sentences about what it was told by. `tools`
    says that tools are offered, `forced_tool` that one must be called, `thinking` and
    `structured` that reasoning or output of a form is asked for. `output` is the most
    tokens the answer may have, None where the request does not say.

    `continues` says that this turn carries results of tools, `made_calls` is the route
    (`provider/model`) that made the calls. `warm` maps a route's name to how many
    tokens of this prompt its provider is thought to hold in its cache. `raised` lifts
    the floor after evidence of failure. `moment` is when the request came (UTC): prices
    have hours and dates.
    """

    protocol: Protocol
    requested_model: str
    client: str = "unknown"
    project: str | None = None
    own_credential: bool = False
    stays_here: bool = False
    native_only: bool = False
    request: Request | None = None
    stands_for: str | None = None
    asked_mode: str | None = None
    route_class: RouteClass = RouteClass.FALLBACK_SAFE
    evidence: tuple[str, ...] = ()
    tools: bool = False
    forced_tool: bool = False
    images: bool = False
    documents: bool = False
    thinking: bool = False
    structured: bool = False
    stream: bool = True
    size: Size = field(default_factory=Size)
    output: int | None = None
    continues: bool = False
    made_calls: str | None = None
    warm: Mapping[str, int] = field(default_factory=lambda: NOTHING_WARM)
    raised: Evidence | None = None
    moment: datetime = _EPOCH

    @property
    def wanted(self) -> str:
        """The model's name to look for; '' where any model will do."""
        return self.requested_model if self.stands_for is None else self.stands_for
