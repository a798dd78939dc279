"""Estimates how many tokens a request is, and learns from what providers count.

Per model a weight for each kind of content, moved by every count that a provider tells
(a Kalman filter over the weights, as the counts are a sum of kinds). It holds numbers
only, never content, does no I/O and knows no clock.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import msgspec

from proxy.wire.counting import PRIOR, Features, weigh

_KINDS: Final = len(PRIOR)
_AXES: Final = range(_KINDS)
_MOST_MODELS: Final = 200
_LONGEST_NAME: Final = 200
_VERSION: Final = 1
# How far a weight may be from the prior, as a share of it: one standard deviation.
_SPREAD: Final = 0.4
# What a provider's count deviates by from any weighted sum, as a share.
_NOISE: Final = 0.03
# The factor by which doubt grows with each count, as models change; the second where
# estimates have been wrong lately by more than the share `_WRONG`.
_FADE: Final = 1.005
_FADE_FAST: Final = 1.5
_WRONG: Final = 0.08
# A count further off than this many standard deviations moves the weights no further.
_CLIP: Final = 2.5
# A count that differs by more than this factor is about something else.
_ABSURD: Final = 6.0
_FIRST_ERROR: Final = 0.12
_LEAST_ERROR: Final = 0.01
_ERROR_STEP: Final = 0.2
_BAND: Final = 2.5

METHOD_PRIOR: Final = "characters"
"""Estimated by kinds of characters alone: no provider has told a count yet."""

METHOD_LEARNED: Final = "learned"
"""Estimated by weights that were learned from counts the provider told."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated number of tokens, and how sure it is.

    The count is expected between `low` and `high`; `samples` is how many counts were
    learned from, `method` one of the words of this module.
    """

    tokens: int
    low: int
    high: int
    method: str
    samples: int


class _Model(msgspec.Struct, array_like=True):
    """What is known of one model.

    `spread` is the covariance of the weights, row by row. `error` is the usual
    distance of an estimate from the count told after it, as a share.
    """

    name: str
    weights: list[float]
    spread: list[float]
    samples: int
    error: float

    @property
    def sound(self) -> bool:
        """Whether the numbers can be calculated with."""
        numbers = [*self.weights, *self.spread, self.error]
        return (
            len(self.weights) == _KINDS
            and len(self.spread) == _KINDS * _KINDS
            and all(map(math.isfinite, numbers))
            and min(*self.weights, self.error, self.samples) >= 0
            and len(self.name) <= _LONGEST_NAME
        )


class _State(msgspec.Struct, array_like=True):
    version: int
    kinds: int
    models: list[_Model]


_READ: Final = msgspec.msgpack.Decoder(_State)


class Estimator:
    """Estimates by model; the least recently used of many models are forgotten."""

    def __init__(self, state: bytes = b"") -> None:
        """Begin with an earlier `exported` state; one that is unsound is dropped."""
        self._models: OrderedDict[str, _Model] = OrderedDict()
        for model in _read(state):
            self._models[model.name] = model
        self._trim()

    def estimate(self, model: str, features: Features) -> Estimate:
        """Return the estimated input tokens of a request with these features."""
        known = self._models.get(model)
        weights = PRIOR if known is None else known.weights
        tokens = weigh(weights, features)
        samples = 0 if known is None else known.samples
        error = _FIRST_ERROR if known is None else known.error
        band = _BAND * max(error, _LEAST_ERROR) * tokens
        return Estimate(
            tokens=math.ceil(tokens),
            low=max(0, math.floor(tokens - band)),
            high=math.ceil(tokens + band),
            method=METHOD_LEARNED if samples else METHOD_PRIOR,
            samples=samples,
        )

    def learn(self, model: str, features: Features, whole_input: int) -> None:
        """Learn from a provider's own count (`Usage.whole_input`), in tokens.

        A count that cannot be about these features (none, or off by a factor of six)
        teaches nothing.
        """
        if whole_input <= 0 or len(model) > _LONGEST_NAME:
            return
        known = self._models.get(model) or _fresh(model)
        guess = weigh(known.weights, features)
        if not whole_input / _ABSURD <= guess <= whole_input * _ABSURD:
            return
        self._models[model] = _moved(known, features, guess, whole_input)
        self._models.move_to_end(model)
        self._trim()

    def exported(self) -> bytes:
        """Return all that was learned: numbers and models' names, under 1 MB."""
        models = list(self._models.values())
        return msgspec.msgpack.encode(_State(_VERSION, _KINDS, models))

    def _trim(self) -> None:
        while len(self._models) > _MOST_MODELS:
            self._models.popitem(last=False)


def _read(state: bytes) -> list[_Model]:
    if not state:
        return []
    try:
        found = _READ.decode(state)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    if (found.version, found.kinds) != (_VERSION, _KINDS):
        return []
    return [model for model in found.models if model.sound]


def _fresh(name: str) -> _Model:
    spread = [0.0] * (_KINDS * _KINDS)
    for at, weight in enumerate(PRIOR):
        spread[at * _KINDS + at] = (_SPREAD * weight) ** 2
    return _Model(name, list(PRIOR), spread, 0, _FIRST_ERROR)


def _moved(known: _Model, features: Features, guess: float, told: int) -> _Model:
    """Return the model after a count: one step of a Kalman filter.

    The gain goes to the kinds that make up the request and are not sure yet.
    """
    held = [float(each) for each in features.vector]
    spread = _faded(known)
    toward = [_dot(spread[at * _KINDS : (at + 1) * _KINDS], held) for at in _AXES]
    variance = _dot(held, toward) + (_NOISE * told) ** 2
    off = told - guess
    most = _CLIP * math.sqrt(variance)
    step = max(-most, min(most, off)) / variance
    weights = [
        max(0.0, weight + gain * step)
        for weight, gain in zip(known.weights, toward, strict=True)
    ]
    narrowed = [
        spread[row * _KINDS + column] - toward[row] * toward[column] / variance
        for row in _AXES
        for column in _AXES
    ]
    error = known.error + _ERROR_STEP * (min(1.0, abs(off) / told) - known.error)
    return _Model(known.name, weights, narrowed, known.samples + 1, error)


def _faded(known: _Model) -> list[float]:
    """Return the spread with a little more doubt, never more than at the beginning.

    Without that end, what a model is never asked (pictures, say) would grow unsure
    beyond all numbers.
    """
    fade = _FADE_FAST if known.error > _WRONG and known.samples else _FADE
    shrink = []
    for at, weight in enumerate(PRIOR):
        most, grown = (_SPREAD * weight) ** 2, known.spread[at * _KINDS + at] * fade
        shrink.append(math.sqrt(most / grown) if grown > most else 1.0)
    return [
        known.spread[row * _KINDS + column] * fade * shrink[row] * shrink[column]
        for row in _AXES
        for column in _AXES
    ]


def _dot(left: list[float], right: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(left, right, strict=True))
