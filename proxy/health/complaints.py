"""Reads what a refusing provider says in its error body; it judges nothing.

Sources: google.rpc.RetryInfo and QuotaFailure in Gemini's 429; OpenAI's error codes;
OpenRouter's error metadata; Cloudflare's error numbers. Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from proxy.health.signals import moment, name

_MOST: Final = 64 * 1024
_DEEPEST: Final = 400
_MONEY: Final = frozenset(
    {
        "insufficient_quota",
        "insufficient_credits",
        "insufficient_balance",
        "billing_hard_limit_reached",
        "billing_not_active",
        "exceeded_current_quota_error",
    }
)
_DAY: Final = 86_400.0
# Workers AI: the neurons of the day are used up; it begins anew at midnight UTC.
_NEURONS: Final = 3036


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error body says about limits.

    `wait` is in seconds, None where it says nothing. `money` says that the account
    has none left. `one_model` says that the limit is of the model called, not of the
    account. `daily` says that it is of a day, whatever `wait` says.
    """

    wait: float | None = None
    money: bool = False
    one_model: bool = False
    daily: bool = False


NOTHING: Final = Complaint()


def read_complaint(body: bytes | None, model_id: str, now: float) -> Complaint:
    """Return what the error `body` says about limits of the model called.

    `now` is in seconds since 1970. Of a long body, or one that is no JSON, nothing.
    """
    if not body or len(body) > _MOST:
        return NOTHING
    try:
        document: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NOTHING
    error = _error(document)
    details = [*_objects(error.get("details"))]
    quotas = [name(_str(each, "quotaId")) for each in _violations(details)]
    waits = [_delay(each, now) for each in details]
    if _out_of_neurons(document):
        waits.append(until_midnight(now))
    return Complaint(
        wait=max((each for each in waits if each is not None), default=None),
        money=_str(error, "code") in _MONEY or _str(error, "type") in _MONEY,
        one_model=_of_one_model(error, quotas, model_id),
        daily=any("PerDay" in quota for quota in quotas),
    )


def until_midnight(now: float) -> float:
    """Return the seconds until the next day begins in UTC."""
    return _DAY - now % _DAY


def _error(document: object) -> dict[str, Any]:
    if isinstance(document, list) and document:
        # Gemini wraps the error of a stream into a list.
        document = document[0]
    if not isinstance(document, dict):
        return {}
    inner = document.get("error")
    return inner if isinstance(inner, dict) else document


def _of_one_model(error: dict[str, Any], quotas: list[str], model_id: str) -> bool:
    if any("PerModel" in quota for quota in quotas):
        return True
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and _str(metadata, "provider_name"):
        # Not OpenRouter's limit, but of the one who runs the model behind it.
        return True
    message = _str(error, "message")[:_DEEPEST]
    # OpenAI and Groq: "Rate limit reached for MODEL in organization ...".
    said = message.replace("`", "")
    return bool(model_id) and f"limit reached for {model_id} in " in said


def _delay(detail: dict[str, Any], now: float) -> float | None:
    until = moment(_str(detail, "retryDelay")[:_DEEPEST], now, now)
    return None if until is None else until - now


def _violations(details: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for detail in details:
        yield from _objects(detail.get("violations"))


def _out_of_neurons(document: object) -> bool:
    errors = document.get("errors") if isinstance(document, dict) else None
    return any(each.get("code") == _NEURONS for each in _objects(errors))


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (each for each in value[:_DEEPEST] if isinstance(each, dict))


def _str(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""
