"""Carries a provider's answer to the client on the native lane, byte for byte.

Bytes leave as they arrive; usage is read on the side; what a client could take for the
end is held until the record is on disk. A cut answer never looks complete.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from proxy.errors import Failure, FailureKind
from proxy.upstream import UpstreamError
from proxy.wire.answer import read_answer
from proxy.wire.mask import Masker
from proxy.wire.tail import tail_holder
from proxy.wire.unpack import side_decoder

if TYPE_CHECKING:
    from proxy.exchange import Exchange
    from proxy.upstream import Answer
    from proxy.wire.tail import TailHolder

BODY_READ_LIMIT = 8 * 1024 * 1024
"""Bytes of a whole JSON answer that are kept to read its usage; more passes unread."""

REST_SECONDS = 2.0
"""How long bytes behind the end of an answer are waited for."""

_EMPTY = Failure(FailureKind.CUT, "The provider's answer was empty.")
_CUT = Failure(
    FailureKind.CUT, "The provider ended its stream before its answer was complete."
)
_OWN_ERROR = Failure(
    FailureKind.UPSTREAM_ERROR, "The provider reported an error inside its stream."
)


class Settle(Protocol):
    """Notes the attempt and commits the request's record before its last bytes."""

    async def __call__(self, failure: Failure | None) -> None:
        """Record a success, or the provider's own in-stream `failure`."""
        ...


class Begin(Protocol):
    """Sends the head of the client's answer."""

    async def __call__(self) -> None:
        """Called once, right before the first byte of the body."""
        ...


@dataclass(frozen=True, slots=True)
class Relay:
    """One answer on its way.

    `secret` is the provider key to mask, None where the client's own was sent. Each
    method returns None when the answer has been settled and sent, else the `Failure`
    that broke it: the caller looks at `x.outlet.started` to know what is still
    possible.
    """

    x: Exchange
    answer: Answer
    secret: bytes | None
    begin: Begin
    settle: Settle

    async def stream(self) -> Failure | None:
        """Relay server-sent events as they arrive."""
        holder = tail_holder(self.x.call.protocol)
        masker = Masker(self.secret) if self.secret else None
        try:
            while not holder.ended and (chunk := await self.answer.chunk()):
                await self._forward(
                    holder.feed(masker.feed(chunk) if masker else chunk)
                )
            if masker is not None:
                await self._forward(holder.feed(masker.finish()))
            holder.finish()
        except UpstreamError as error:
            return error.failure
        finally:
            self._learn(holder)
            self.x.broken_off = holder.break_off()
        return await self._end(holder)

    async def packed(self) -> Failure | None:
        """Relay a compressed stream unchanged, one chunk late, read on the side."""
        holder = tail_holder(self.x.call.protocol)
        read = side_decoder(self.answer.header("content-encoding"))
        late = b""
        try:
            while chunk := await self.answer.chunk():
                if read is not None:
                    holder.feed(read(chunk))
                await self._forward(late)
                late = chunk
            holder.finish()
        except UpstreamError as error:
            return error.failure
        finally:
            self._learn(holder)
        whole = holder.ended or holder.complete_at_eof
        if read is not None and not read.gave_up and not whole:
            return _CUT if late else _EMPTY
        await self.settle(_OWN_ERROR if holder.failed else None)
        await self._forward(late)
        return None

    async def body(self) -> Failure | None:
        """Relay a JSON answer, one chunk late."""
        masker = Masker(self.secret) if self.secret else None
        kept: list[bytes] = []
        size, late = 0, b""
        try:
            while chunk := await self.answer.chunk():
                if size <= BODY_READ_LIMIT:
                    kept.append(chunk)
                size += len(chunk)
                await self._forward(late)
                late = masker.feed(chunk) if masker else chunk
        except UpstreamError as error:
            return error.failure
        late += masker.finish() if masker else b""
        if not size:
            return _EMPTY
        whole = b"".join(kept) if size <= BODY_READ_LIMIT else b""
        read = side_decoder(self.answer.header("content-encoding"))
        facts = read_answer(self.x.call.protocol, read(whole) if read else whole)
        self.x.usage, self.x.stop_reason = facts.usage, facts.stop_reason
        await self.settle(None)
        await self._forward(late)
        return None

    async def _end(self, holder: TailHolder) -> Failure | None:
        if holder.failed and not self.x.outlet.started:
            return _OWN_ERROR
        if not (holder.ended or holder.complete_at_eof):
            return _CUT if self.x.outlet.started else _EMPTY
        await self.settle(_OWN_ERROR if holder.failed else None)
        await self._forward(holder.take())
        await self._rest()
        return None

    async def _rest(self) -> None:
        """Forward what stands behind the end, so that the connection can be reused."""
        masker = Masker(self.secret) if self.secret else None
        with contextlib.suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                while chunk := await self.answer.chunk():
                    await self._forward(masker.feed(chunk) if masker else chunk)
        if masker is not None:
            await self._forward(masker.finish())

    async def _forward(self, data: bytes) -> None:
        if data:
            if not self.x.outlet.started:
                await self.begin()
            await self.x.outlet.write(data)

    def _learn(self, holder: TailHolder) -> None:
        self.x.usage, self.x.stop_reason = holder.usage, holder.stop_reason
