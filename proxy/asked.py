"""Reads what a call asks for beside its content: model, form, mode and trust level.

It refuses what cannot be routed, with a sentence; it reads no message and chooses
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from proxy.advice import in_full
from proxy.aliases import alias_mode, real_name
from proxy.errors import Failure, FailureKind, Refused
from proxy.guard import NO_RETRY, Endpoint
from proxy.keys import PREFIX
from proxy.routing import Mode
from proxy.wire.body import BodyProblem, bool_field, text_field, top_level

if TYPE_CHECKING:
    from proxy.exchange import Call

TRUST_LEVELS = ("public", "internal", "confidential", "secret")
KEPT_HERE = frozenset({"confidential", "secret"})
"""The trust levels whose requests never leave the machine."""

MODEL_LENGTH = 512
"""Characters of a model's name; the longest in use are resource names of clouds."""

_BETWEEN = re.compile(r"[/\\]")
_KEY = re.compile(rf"{PREFIX}[A-Za-z0-9]{{16}}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call says without being read.

    `model` is the client's own word, `span` where the body names it, None where the
    path does. `stands_for` is the name that an alias asks for, '' where it asks for a
    mode; `mode` is the one that the header or an alias asks for; `offline` wins.
    `stays_here` says that its trust level keeps the request on this machine.
    """

    model: str
    span: tuple[int, int] | None
    stream: bool
    stands_for: str
    mode: Mode | None
    stays_here: bool


def asked_of(call: Call) -> Asked:
    """Return what a call asks for. Raises `Refused` where it cannot be routed."""
    model, span, stream = _model_of(call)
    _check_model(model)
    _check_query(call.query)
    alias, header = alias_mode(model), _header_mode(call)
    mode = Mode.OFFLINE if Mode.OFFLINE in {alias, header} else header or alias
    return Asked(
        model=model,
        span=span,
        stream=stream,
        stands_for="" if alias else real_name(model),
        mode=mode,
        stays_here=_stays_here(call),
    )


def _model_of(call: Call) -> tuple[str, tuple[int, int] | None, bool]:
    body = call.body.data
    try:
        spans = top_level(body)
        if call.path_model is not None:
            model = call.path_model.removeprefix("models/")
            return model, None, call.endpoint is Endpoint.GENERATE_STREAM
        model = text_field(body, spans, "model") or ""
        stream = bool_field(body, spans, "stream")
    except BodyProblem as problem:
        said = in_full(Failure(FailureKind.BAD_REQUEST, str(problem)))
        raise Refused(FailureKind.BAD_REQUEST, 400, said) from problem
    return model, spans.get("model"), bool(stream)


def _check_model(model: str) -> None:
    """Refuse a name that cannot be shown as it is, or that is a path's way upwards.

    Names with a slash are common (`publishers/google/models/x`), and in Gemini's
    protocol the name is a part of the path.
    """
    if not model:
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The request names no model, so Turnout cannot route it. Set `model`.",
        )
    if len(model) > MODEL_LENGTH or not model.isprintable():
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            f"The field `model` must be a name of at most {MODEL_LENGTH} printable "
            "characters. Nothing was sent on.",
        )
    if any(unquote(each) in {".", ".."} for each in _BETWEEN.split(unquote(model))):
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The field `model` holds `.` or `..` as a part of its own, which would "
            "lead to another address of the provider. Nothing was sent on. Set `model` "
            "to a model's name.",
        )


def _check_query(query: str) -> None:
    """Refuse a gateway key in the query, which goes to the provider as it came."""
    if _KEY.search(unquote(query)):
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The query holds a Turnout key, where it would be logged and sent on, so "
            "Turnout refused the request. Put the key into a header.",
            (NO_RETRY,),
        )


def _header_mode(call: Call) -> Mode | None:
    """Return the mode that headers ask for; of several `offline` wins."""
    try:
        modes = {Mode(each) for each in _said(call, "x-turnout-mode")}
    except ValueError:
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The header x-turnout-mode names no mode of Turnout. It may be one of "
            f"{', '.join(Mode)}.",
        ) from None
    if Mode.OFFLINE in modes:
        return Mode.OFFLINE
    if len(modes) > 1:
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The header x-turnout-mode stands there more than once and names "
            f"different modes ({', '.join(sorted(modes))}), so Turnout cannot tell "
            "which is meant. Nothing was sent on. Send it once.",
        )
    return next(iter(modes), None)


def _stays_here(call: Call) -> bool:
    """Tell whether the request's own trust level keeps it on this machine.

    A header may only raise the level, so of several the strictest wins; without one
    the level is `public` until trust rules are built.
    """
    levels = _said(call, "x-turnout-trust")
    if any(level not in TRUST_LEVELS for level in levels):
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The header x-turnout-trust names no trust level. It may be one of "
            f"{', '.join(TRUST_LEVELS)}.",
        )
    return not KEPT_HERE.isdisjoint(levels)


def _said(call: Call, name: str) -> tuple[str, ...]:
    """Return what every header of this name says."""
    return tuple(
        value.strip() for header, value in call.headers if header.lower() == name
    )
