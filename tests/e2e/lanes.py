"""A lane between protocols: a strict provider of one protocol, Turnout, a recorder.

Knows no client; what must be true after a task stands in `e2e.expect`.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from e2e.gateway import Turnout, running
from upstream import Ask, Script, ScriptedUpstream, Tap, in_thread
from upstream.coding import coding_task
from upstream.rules import PROTOCOLS

from proxy.model import Protocol

ASKS = {protocol: ask for ask, protocol in PROTOCOLS.items()}
MODEL = "scripted-large"
# What each client speaks.
OWN = {
    "claude-code": Protocol.MESSAGES,
    "codex": Protocol.RESPONSES,
    "opencode": Protocol.CHAT,
    "gemini-cli": Protocol.GEMINI,
}


@dataclass(frozen=True, slots=True)
class Lane:
    """A running Turnout before one provider; `tap` is where a client is pointed."""

    protocol: Protocol
    upstream: ScriptedUpstream
    turnout: Turnout
    tap: Tap

    @property
    def ask(self) -> Ask:
        """The kind of everything that reaches the provider."""
        return ASKS[self.protocol]


@contextlib.contextmanager
def lane(
    base: Path,
    protocol: Protocol,
    script: Script = coding_task,
    *,
    strict: bool = True,
) -> Iterator[Lane]:
    """Serve a lane to a provider that speaks this protocol alone, until the end.

    A client's own words may be more than the vendor's types know: what goes through
    untouched needs a provider that is not strict.
    """
    upstream = ScriptedUpstream(script, speaks=[protocol], strict=strict)
    with in_thread(upstream):
        home = base / "home"
        with running(home, upstream.url, protocols=[protocol]) as turnout:
            tap = Tap(turnout.port)
            with in_thread(tap):
                yield Lane(protocol, upstream, turnout, tap)
