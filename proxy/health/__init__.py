"""How providers, routes and quota groups are: a fold of what happened to calls.

It makes no call, reads no clock and chooses no route: time is handed in, and
`proxy.routing.decide` reads the `Condition` that is made here.
"""

from proxy.health.accounts import account_of
from proxy.health.breaker import UNREACHED, State
from proxy.health.failures import LastFailures
from proxy.health.health import Health
from proxy.health.latency import Quantiles
from proxy.health.outlook import (
    GroupOutlook,
    KeyOutlook,
    Outlook,
    RouteOutlook,
    WindowOutlook,
)

__all__ = [
    "UNREACHED",
    "GroupOutlook",
    "Health",
    "KeyOutlook",
    "LastFailures",
    "Outlook",
    "Quantiles",
    "RouteOutlook",
    "State",
    "WindowOutlook",
    "account_of",
]
