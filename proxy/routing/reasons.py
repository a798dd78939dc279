"""Why candidates are rejected: each reason's code and its one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ReasonCode(StrEnum):
    """Why a candidate was rejected; each has one sentence in `REASONS`."""

    OFFLINE = "offline"
    TRUST = "trust"
    NOT_READY = "not_ready"
    NATIVE_ONLY = "native_only"
    NOT_CARRIED = "not_carried"
    NOT_LISTED = "not_listed"
    NOT_PINNED = "not_pinned"
    NO_CREDENTIAL = "no_credential"
    CREDENTIAL_ELSEWHERE = "credential_elsewhere"
    CREDENTIAL_FOREIGN = "credential_foreign"
    TOOLS_MISSING = "tools_missing"
    TOOLS_UNSAFE = "tools_unsafe"
    TOOLS_EXPERIMENTAL = "tools_experimental"
    VISION_MISSING = "vision_missing"
    CAPABILITY_MISSING = "capability_missing"
    CONTEXT_TOO_SMALL = "context_too_small"
    OUTPUT_TOO_SMALL = "output_too_small"
    BREAKER_OPEN = "breaker_open"
    QUOTA_EXHAUSTED = "quota_exhausted"
    OVER_CEILING = "over_ceiling"
    PRICE_UNKNOWN = "price_unknown"
    BELOW_FLOOR = "below_floor"
    BEATEN = "beaten"
    ATTEMPT_LIMIT = "attempt_limit"


REASONS: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.OFFLINE: "its model does not run on this machine and the mode is "
    "offline",
    ReasonCode.TRUST: "its model does not run on this machine and the request's trust "
    "level keeps it here",
    ReasonCode.NOT_READY: "the provider is not ready",
    ReasonCode.NATIVE_ONLY: "what was asked for exists in the client's protocol only, "
    "and it does not speak that",
    ReasonCode.NOT_CARRIED: "the request depends on something that cannot be carried "
    "into its protocol",
    ReasonCode.NOT_LISTED: "it does not list the model that was asked for",
    ReasonCode.NOT_PINNED: "another route is pinned",
    ReasonCode.NO_CREDENTIAL: "it passes the client's own credential on, and this "
    "request brought none",
    ReasonCode.CREDENTIAL_ELSEWHERE: "the client's own credential is offered to one "
    "provider only",
    ReasonCode.CREDENTIAL_FOREIGN: "it takes the client's own credential only, and the "
    "client speaks another vendor's protocol",
    ReasonCode.TOOLS_MISSING: "the request offers tools and the model takes none",
    ReasonCode.TOOLS_UNSAFE: "its tool use is known not to work with this client",
    ReasonCode.TOOLS_EXPERIMENTAL: "its tool use with this client is experimental, and "
    "experimental routes are not switched on",
    ReasonCode.VISION_MISSING: "the request holds images and the model sees none",
    ReasonCode.CAPABILITY_MISSING: "the model lacks what the request asks for",
    ReasonCode.CONTEXT_TOO_SMALL: "the request is longer than the model can read",
    ReasonCode.OUTPUT_TOO_SMALL: "the model cannot write as much as was asked for",
    ReasonCode.BREAKER_OPEN: "it failed lately and is left alone for a while",
    ReasonCode.QUOTA_EXHAUSTED: "its quota is used up for now",
    ReasonCode.OVER_CEILING: "it is expected to cost more than the price ceiling",
    ReasonCode.PRICE_UNKNOWN: "its price is unknown and there is a price ceiling",
    ReasonCode.BELOW_FLOOR: "its quality is below what this request needs",
    ReasonCode.BEATEN: "another route is at least as good and costs no more",
    ReasonCode.ATTEMPT_LIMIT: "enough routes stand by before it",
}
