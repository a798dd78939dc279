"""Gathers what reads a provider's answer on the native lane; changes none of it."""

from __future__ import annotations

from proxy.wire.answer import AnswerFacts, read_answer
from proxy.wire.mask import Masker, mask
from proxy.wire.tail import TailHolder, tail_holder
from proxy.wire.unpack import SideDecoder, side_decoder

__all__ = [
    "AnswerFacts",
    "Masker",
    "SideDecoder",
    "TailHolder",
    "mask",
    "read_answer",
    "side_decoder",
    "tail_holder",
]
