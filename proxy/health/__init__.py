"""How providers, routes and quota groups are: a fold of what happened to calls.

It makes no call, reads no clock and chooses no route: time is handed in, and
`proxy.routing.decide` reads the `Condition` that is made here.
"""

from proxy.health.failures import LastFailures

__all__ = ["LastFailures"]
