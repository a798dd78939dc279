"""Rows as SQL: the INSERT of each table and the values it takes; it runs nothing."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

import msgspec

from proxy.keys import KeyRow
from proxy.ledger.rows import Finished, NewConsent, Routed, Run
from proxy.ledger.stamps import stamp
from proxy.model import Usage

Value = str | int | None
Values = tuple[Value, ...]

_LARGEST = 2**63 - 1
# Names and ids come from clients and providers; a record must stay small.
_LONGEST = 1000


class Table(IntEnum):
    """Where a row goes; a batch is written in this order."""

    RUN = 0
    PROJECT = 1
    ROUTED = 2
    FINISHED = 3
    ATTEMPT = 4
    KEY = 5
    INTERRUPTED = 6
    RUN_END = 7
    CONSENT = 8


INSERT: dict[Table, str] = {
    Table.RUN: "INSERT INTO runs (id, pid, started, version) VALUES (?, ?, ?, ?)",
    Table.PROJECT: (
        "INSERT INTO projects (label) SELECT ?1"
        " WHERE NOT EXISTS (SELECT 1 FROM projects WHERE label = ?1)"
    ),
    Table.ROUTED: (
        "INSERT INTO routed (id, run, time, client, protocol, session, agent,"
        " parent_agent, route_class, requested_model, mode, stream, decision,"
        " intent, class_evidence, floor)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ),
    Table.FINISHED: (
        "INSERT INTO finished (project, id, run, time, provider, model, lane, billing,"
        " fallback_chain, attempts, input_tokens, cache_read_tokens,"
        " cache_write_tokens, cache_write_1h_tokens, output_tokens,"
        " reasoning_tokens, web_searches, price, price_snapshot, cost_nano,"
        " first_byte_ms, duration_ms, stop_reason, status, error_kind, losses,"
        " mark, answer_cost_nano, asked_cost_nano)"
        " VALUES ((SELECT sequence FROM projects WHERE label = ?),"
        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?)"
    ),
    Table.ATTEMPT: (
        "INSERT INTO attempts (request, number, time, provider, model, lane, billing,"
        " outcome, input_tokens, cache_read_tokens, cache_write_tokens,"
        " cache_write_1h_tokens, output_tokens, reasoning_tokens, web_searches, price,"
        " price_snapshot, cost_nano)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ),
    Table.KEY: (
        "INSERT INTO gateway_keys (entry, id, name, scope, hash, time)"
        " VALUES (?, ?, ?, ?, ?, ?)"
    ),
    # Requests of a dead gateway that nobody finished: by run, so that a second
    # gateway that does the same finds nothing left. Their route is the one that was
    # chosen; whether it was the last one tried died with the gateway.
    Table.INTERRUPTED: (
        "INSERT INTO finished (id, run, time, provider, model, lane, billing,"
        " fallback_chain, attempts, status, error_kind, losses, mark)"
        " SELECT id, ?, ?, substr(chosen, 1, instr(chosen, '/') - 1),"
        " substr(chosen, instr(chosen, '/') + 1),"
        " json_extract(decision, '$.lane'), json_extract(decision, '$.billing'),"
        " iif(chosen IS NULL, '[]', json_array(chosen)), '[]',"
        " 'interrupted', 'interrupted', '[]',"
        " json_extract(decision, '$.choices[0].mark')"
        " FROM (SELECT id, run, sequence, decision,"
        " json_extract(decision, '$.chosen') AS chosen"
        " FROM (SELECT id, run, sequence,"
        " iif(json_valid(decision), decision, '{}') AS decision FROM routed)) r"
        " WHERE r.run = ? AND NOT EXISTS (SELECT 1 FROM finished f WHERE f.id = r.id)"
        " ORDER BY r.sequence"
    ),
    Table.RUN_END: (
        "INSERT INTO run_ends (run, time) SELECT ?1, ?2"
        " WHERE NOT EXISTS (SELECT 1 FROM run_ends WHERE run = ?1)"
    ),
    # The chain's next link is made where nobody can come in between.
    Table.CONSENT: (
        "INSERT INTO consents (sequence, id, time, kind, subject, scope, detail, given,"
        " revokes, hash) SELECT n, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
        " turnout_chain(previous, n, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " FROM (SELECT coalesce(max(sequence), 0) + 1 AS n, coalesce((SELECT hash"
        " FROM consents ORDER BY sequence DESC LIMIT 1), '') AS previous FROM consents)"
    ),
}


def run_values(row: Run) -> Values:
    """Return the values of `Table.RUN`."""
    return (row.id, row.pid, stamp(row.started), row.version)


def routed_values(row: Routed) -> Values:
    """Return the values of `Table.ROUTED`."""
    return (
        row.id,
        row.run,
        stamp(row.time),
        _text(row.client),
        row.protocol,
        _text(row.session),
        _text(row.agent),
        _text(row.parent_agent),
        row.route_class,
        _text(row.requested_model),
        row.mode,
        int(row.stream),
        _clean(row.decision),
        row.intent,
        _json(row.class_evidence),
        row.floor,
    )


def finished_values(row: Finished) -> Values:
    """Return the values of `Table.FINISHED`; the first is the project's label."""
    return (
        _text(row.project),
        row.id,
        row.run,
        stamp(row.time),
        _text(row.provider),
        _text(row.model),
        _text(row.lane),
        row.billing,
        _json([each.route for each in row.attempts]),
        _json(row.attempts),
        *_used(row.usage),
        None if row.price is None else _json(row.price),
        row.price_snapshot,
        _count(row.cost_nano),
        _count(row.first_byte_ms),
        _count(row.duration_ms),
        _text(row.stop_reason),
        row.status,
        row.error_kind,
        _json(row.losses),
        row.mark,
        _count(row.answer_cost_nano),
        _count(row.asked_cost_nano),
    )


def attempt_values(row: Finished) -> tuple[Values, ...]:
    """Return the values of `Table.ATTEMPT`, for each attempt that is a row there."""
    return tuple(
        (
            row.id,
            number,
            stamp(row.time),
            _text(attempt.provider),
            _text(attempt.model),
            _text(attempt.lane),
            attempt.billing,
            attempt.outcome,
            *_used(attempt.usage or Usage()),
            None if attempt.price is None else _json(attempt.price),
            attempt.price_snapshot,
            _count(attempt.cost_nano),
        )
        for number, attempt in row.spent
    )


def _used(usage: Usage) -> Values:
    """Return the counts in the order in which both tables have them."""
    return (
        _count(usage.input_tokens),
        _count(usage.cache_read_tokens),
        _count(usage.cache_write_tokens),
        _count(usage.cache_write_1h_tokens),
        _count(usage.output_tokens),
        _count(usage.reasoning_tokens),
        _count(usage.web_searches),
    )


def created_values(row: KeyRow) -> Values:
    """Return the values of `Table.KEY` for a key that is new."""
    return ("created", row.id, row.name, row.scope, row.hash, stamp(row.created))


def revoked_values(row: KeyRow, time: datetime) -> Values:
    """Return the values of `Table.KEY` for a key that ends at `time`."""
    return ("revoked", row.id, row.name, row.scope, row.hash, stamp(time))


def consent_values(row: NewConsent) -> Values:
    """Return the values of `Table.CONSENT`."""
    return (
        row.id,
        stamp(row.time),
        str(row.kind),
        _text(row.subject),
        _text(row.scope),
        _text(row.detail),
        int(row.given),
        row.revokes,
    )


def _json(value: object) -> str:
    return _clean(msgspec.json.encode(value).decode())


def _text(text: str | None) -> str | None:
    return None if text is None else _clean(text[:_LONGEST])


def _clean(text: str) -> str:
    """Return text that SQLite can store: half a surrogate pair becomes `?`."""
    return text.encode("utf-8", "replace").decode()


def _count(number: int | None) -> int | None:
    """Return a count that fits a column; what a provider cannot mean is unknown."""
    return number if number is not None and 0 <= number <= _LARGEST else None
