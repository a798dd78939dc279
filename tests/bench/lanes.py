"""Measures what translation costs: the same work on the translated and native lanes.

Processor time is the gateway's own, in nanoseconds of its threads, and the least of
the rounds: other work on the machine can only add to it.
"""

import asyncio
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from bench.canned import NEXT_PATH, post
from bench.load import Connection, Timing
from bench.machine import busy_nanoseconds, gateway_memory
from bench.spoken import PATHS, request_body
from bench.targets import Target

STREAMS = 200
"""Streams held open while memory is read."""

LARGE = 1_000_000
SIZES = (60_000, LARGE)

_FEW = 8
_BURST, _BURST_AT_ONCE, _BURST_EACH = 1_500, 2, 2
_DRIP, _DRIP_AT_ONCE, _DRIP_MS = 250, 16, 4
_SMALL = 1_000
_FIRSTS = {60_000: 15, LARGE: 10}
_HELD_MS = 500
_BETWEEN = 0.08
_QUIET = 12.0
"""Seconds before memory is read: the gateway tidies every ten."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A client's protocol and that of its provider."""

    client: str
    provider: str

    @property
    def native(self) -> "Pair":
        """The same client at a provider of its own protocol."""
        return Pair(self.client, self.client)

    @property
    def title(self) -> str:
        """The pair in the table's words."""
        return f"{self.client} client, {self.provider} provider"


_M, _R, _C = "anthropic-messages", "openai-responses", "openai-chat"
TRANSLATED = (
    Pair(_M, _C),
    Pair(_M, _R),
    Pair(_M, "gemini"),
    Pair(_M, "ollama-chat"),
    Pair(_C, _M),
    Pair(_R, _M),
)
NATIVE = (Pair(_M, _M), Pair(_C, _C), Pair(_R, _R))
HELD = (Pair(_M, _M), Pair(_M, _C))
"""The lanes whose memory is read."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of the processor for one text event.

    `burst`: many events arrive in one piece. `drip`: each arrives alone.
    """

    burst: float
    drip: float


@dataclass(frozen=True, slots=True)
class Lanes:
    """What was measured: cost by pair, first event and count in milliseconds by size.

    `kept` is KiB of memory for each open stream with a request of 1 MB; without an
    entry where it was not measured.
    """

    costs: Mapping[Pair, Cost]
    firsts: Mapping[Pair, Mapping[int, float]]
    counts: Mapping[int, float]
    kept: Mapping[Pair, float]


async def measure_lanes(turnout: Target, source: Target, *, quick: bool) -> Lanes:
    """Measure all pairs in turns; `quick` leaves the memory out."""
    bench = _Bench(turnout, source.port)
    rounds = 2 if quick else 8
    print("translated lane", file=sys.stderr, flush=True)
    costs = await bench.costs(rounds)
    firsts = await bench.firsts(1 if quick else 4)
    counts = {size: await bench.counting(size) for size in SIZES}
    held = () if quick else HELD
    return Lanes(costs, firsts, counts, {each: await bench.kept(each) for each in held})


class _Bench:
    def __init__(self, turnout: Target, source: int) -> None:
        self._turnout = turnout
        self._source = source

    async def costs(self, rounds: int) -> dict[Pair, Cost]:
        pairs = (*NATIVE, *TRANSLATED)
        least: dict[tuple[Pair, str], float] = {}
        for _ in range(rounds):
            for pair in pairs:
                for name, spent in (await self._spent(pair)).items():
                    before = least.get((pair, name), spent)
                    least[pair, name] = min(spent, before)
        return {
            pair: Cost(
                _each(least[pair, "burst"] - least[pair, "few"], _BURST),
                _each(least[pair, "drip"] - least[pair, "few"], _DRIP),
            )
            for pair in pairs
        }

    async def _spent(self, pair: Pair) -> dict[str, float]:
        """Nanoseconds a request takes, by how many events there are and how."""
        return {
            "few": await self._busy(pair, _FEW, 0, _BURST_AT_ONCE, 10),
            "burst": await self._busy(pair, _BURST, 0, _BURST_AT_ONCE, _BURST_EACH),
            "drip": await self._busy(pair, _DRIP, _DRIP_MS, _DRIP_AT_ONCE, 1),
        }

    async def _busy(
        self, pair: Pair, events: int, pace: int, at_once: int, each: int
    ) -> float:
        asked = self._request(pair, _SMALL)
        await self._tell(1, 0)
        connections = [
            await Connection.open(self._turnout.port) for _ in range(at_once)
        ]
        for connection in connections:
            await connection.ask(asked)
        await self._tell(events, pace)
        before = busy_nanoseconds(self._turnout.processes)
        await asyncio.gather(*(_series(one, asked, each) for one in connections))
        spent = busy_nanoseconds(self._turnout.processes) - before
        for connection in connections:
            connection.close()
        return spent / (at_once * each)

    async def firsts(self, rounds: int) -> dict[Pair, dict[int, float]]:
        pairs = (*NATIVE, *TRANSLATED)
        told: dict[Pair, dict[int, list[int]]] = {
            pair: {size: [] for size in SIZES} for pair in pairs
        }
        await self._tell(2, _DRIP_MS)
        for _ in range(rounds):
            for pair in pairs:
                for size in SIZES:
                    told[pair][size] += await self._first(pair, size)
        return {
            pair: {size: median(found) / 1e6 for size, found in sizes.items()}
            for pair, sizes in told.items()
        }

    async def _first(self, pair: Pair, size: int) -> list[int]:
        asked = self._request(pair, size)
        connection = await Connection.open(self._turnout.port)
        timings = await _series(connection, asked, _FIRSTS[size] + 1)
        connection.close()
        # What a server does once for each connection is not looked at.
        return [each.until_first for each in timings[1:]]

    async def counting(self, size: int) -> float:
        """Milliseconds for an estimated count of a Messages request's tokens."""
        body = request_body(_M, _C, size)
        key, port = self._turnout.key, self._turnout.port
        asked = post(port, "/v1/messages/count_tokens", key, body)
        connection = await Connection.open(port)
        timings = await _series(connection, asked, 12)
        connection.close()
        return median(each.whole for each in timings[1:]) / 1e6

    async def kept(self, pair: Pair) -> float:
        """KiB that the gateway holds for each of many open streams."""
        print(f"held streams, {pair.title}", file=sys.stderr, flush=True)
        asked = self._request(pair, LARGE)
        await self._tell(1, 0)
        connection = await Connection.open(self._turnout.port)
        await _series(connection, asked, 8)
        connection.close()
        await asyncio.sleep(_QUIET)
        before = gateway_memory(self._turnout.processes)
        began = STREAMS * _BETWEEN
        await self._tell(round((began + _QUIET + 6) * 1000 / _HELD_MS), _HELD_MS)
        connections = [
            await Connection.open(self._turnout.port) for _ in range(STREAMS)
        ]
        streams = asyncio.gather(
            *(_later(one, asked, at * _BETWEEN) for at, one in enumerate(connections))
        )
        await asyncio.sleep(began + _QUIET)
        held = gateway_memory(self._turnout.processes) - before
        await streams
        for connection in connections:
            connection.close()
        return held / STREAMS / 1024

    def _request(self, pair: Pair, size: int) -> bytes:
        body = request_body(pair.client, pair.provider, size)
        port, key = self._turnout.port, self._turnout.key
        return post(port, PATHS[pair.client], key, body)

    async def _tell(self, events: int, pace: int) -> None:
        """Say how the source answers from here on."""
        connection = await Connection.open(self._source)
        path = f"{NEXT_PATH}?events={events}&pace={pace}"
        await connection.ask(post(self._source, path, "", b"{}"))
        connection.close()


def _each(nanoseconds: float, events: int) -> float:
    return nanoseconds / (events - _FEW) / 1000


async def _series(connection: Connection, asked: bytes, times: int) -> list[Timing]:
    return [await connection.ask(asked) for _ in range(times)]


async def _later(connection: Connection, asked: bytes, delay: float) -> Timing:
    await asyncio.sleep(delay)
    return await connection.ask(asked)


def beyond(lanes: Lanes) -> Iterable[tuple[Pair, Cost]]:
    """What each translated pair costs beyond its client's native lane."""
    for pair in TRANSLATED:
        cost, native = lanes.costs[pair], lanes.costs[pair.native]
        yield pair, Cost(cost.burst - native.burst, cost.drip - native.drip)
