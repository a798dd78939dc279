"""What must be true after a client's task went through Turnout."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from e2e.clients import Place, Ran
from e2e.gateway import SCRIPTED_KEY, Row
from e2e.lanes import Lane
from upstream import ScriptedUpstream, Seen, Sent, Tap
from upstream.coding import AFTER, FILE, FINAL, MADE, SHOUT, TURNS, coding_task
from upstream.record import Ask
from upstream.rules import PROTOCOLS

# What a gateway may and must say for itself; all other headers are the client's.
OWN_HEADERS = {
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "host",
    "x-api-key",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request: as the client sent it, as it arrived, and what came back."""

    sent: Sent
    seen: Seen
    answer: Sent

    @property
    def id(self) -> str:
        """The request's id in the record."""
        return self.answer.header("x-turnout-request") or ""


def task_done(ran: Ran, place: Place) -> None:
    """The file is edited, the command ran, the client printed the answer."""
    assert ran.code == 0, ran
    assert FINAL in ran.out, ran
    assert (place.project / FILE).read_text() == AFTER
    assert (place.project / MADE).read_text() == SHOUT


def exchanges(tap: Tap, upstream: ScriptedUpstream) -> list[Exchange]:
    """The client's requests beside what arrived; the bodies must be the same."""
    pairs = [pair for pair in tap.exchanges() if pair[0].method == "POST"]
    arrived = upstream.asked
    assert Counter(sent.body for sent, _ in pairs) == Counter(s.body for s in arrived)
    by_body = {sent.body: (sent, answer) for sent, answer in pairs}
    return [Exchange(*_beside(seen, by_body[seen.body])) for seen in arrived]


def _beside(seen: Seen, pair: tuple[Sent, Sent]) -> tuple[Sent, Seen, Sent]:
    return pair[0], seen, pair[1]


def untouched(one: Exchange) -> None:
    """Both bodies byte for byte; headers all there and none added."""
    assert one.seen.target == one.sent.target
    assert one.seen.body == one.sent.body
    assert one.answer.status == 200
    assert one.answer.body == bytes(one.seen.sent)
    assert _foreign(one.seen.headers) == _foreign(one.sent.headers)
    assert one.seen.header("accept-encoding") == "identity"


def translated(
    tap: Tap, upstream: ScriptedUpstream, ask: Ask
) -> list[tuple[Sent, Sent]]:
    """A client's requests with their answers, carried in other words.

    All that arrived is of the kind `ask` and was taken by the (strict) provider; all
    that the client asked was answered.
    """
    assert upstream.strict, "a lenient provider proves little"
    assert upstream.refusals == []
    assert {seen.ask for seen in upstream.asked} == {ask}
    pairs = [pair for pair in tap.exchanges() if pair[0].method == "POST"]
    assert {answer.status for _, answer in pairs} == {200}
    return pairs


# The header in which a client names its session.
_SESSIONS = {
    "claude-code": "x-claude-code-session-id",
    "codex": "session-id",
    "opencode": "x-session-id",
}


def task_in_other_words(lane: Lane, key: str, client: str) -> None:
    """The coding task went by in foreign words and each request is on record."""
    key_stays_home(key, lane.upstream)
    pairs = translated(lane.tap, lane.upstream, lane.ask)
    # opencode asks for a title beside the task, Gemini CLI which model is to do it.
    assert len(pairs) == TURNS + (client in {"opencode", "gemini-cli"})
    rows = on_record(lane, pairs, client=client, session=_SESSIONS.get(client))
    reasons = Counter(row["stop_reason"] for row in rows)
    assert reasons == {"tool_use": TURNS - 1, "end_turn": len(pairs) - TURNS + 1}
    # Codex offers the web wherever its tools stand in plain sight.
    offered = any(b'"web_search"' in sent.body for sent, _ in pairs)
    named = ["server_tool_offered" in _names(row["losses"]) for row in rows]
    assert named == [offered] * len(rows)


def on_record(
    lane: Lane,
    pairs: Sequence[tuple[Sent, Sent]],
    *,
    client: str,
    session: str | None,
) -> list[Row]:
    """The record tells the truth about requests in other words; returns the rows.

    `session` is the header in which this client names its session, if it does.
    """
    rows = {str(row["id"]): row for row in lane.turnout.events()}
    assert len(rows) == len(pairs)
    for sent, answer in pairs:
        row = rows[answer.header("x-turnout-request") or ""]
        asked = Seen(0, sent.method, sent.target, sent.headers, sent.body, 0.0)
        wanted = {
            "client": client,
            "session": sent.header(session) if session else None,
            "protocol": PROTOCOLS[asked.ask],
            "requested_model": asked.model,
            "provider": "scripted",
            "status": "success",
            "error_kind": None,
        }
        assert {name: row[name] for name in wanted} == wanted
        assert answer.header("x-turnout-route") == f"scripted/{row['model']}"
        told = (answer.header("x-turnout-losses") or "").split(",")
        # What the answer's end has no place for is known after its head.
        assert set(filter(None, told)) <= set(_names(row["losses"]))
    counted = Counter((row["model"], *_counts(row)) for row in rows.values())
    assert counted == Counter(map(_said, lane.upstream.asked))
    return list(rows.values())


def _names(losses: object) -> list[str]:
    return [str(name) for name in losses] if isinstance(losses, list) else []


def _counts(row: Row) -> tuple[object, ...]:
    return row["input_tokens"], row["cache_read_tokens"], row["output_tokens"]


def _said(seen: Seen) -> tuple[object, ...]:
    """Model and tokens as the provider told them; Ollama does not tell of a cache."""
    tokens = coding_task(seen).tokens
    if seen.ask is Ask.OLLAMA:
        return seen.model, tokens.prompt, 0, tokens.output
    return seen.model, tokens.fresh, tokens.cache_read, tokens.output


def _foreign(headers: tuple[tuple[bytes, bytes], ...]) -> Counter[tuple[str, bytes]]:
    named = [(name.decode("latin-1").lower(), value) for name, value in headers]
    return Counter(pair for pair in named if pair[0] not in OWN_HEADERS)


def key_stays_home(key: str, upstream: ScriptedUpstream) -> None:
    """The gateway's key is nowhere upstream; the provider's is, exactly once."""
    assert upstream.requests
    for seen in upstream.requests:
        everything = seen.everything()
        assert key.encode() not in everything
        assert b"tnt_" not in everything
        assert everything.count(SCRIPTED_KEY.encode()) == 1
        assert seen.credential == SCRIPTED_KEY


def recorded(one: Exchange, row: Row, *, client: str, session: str | None) -> None:
    """The record tells the truth about one request."""
    tokens = coding_task(one.seen).tokens
    wanted: Mapping[str, object] = {
        "id": one.id,
        "client": client,
        "session": session,
        "requested_model": one.seen.model,
        "provider": "scripted",
        "model": one.seen.model,
        "losses": [],
        "status": "success",
        "input_tokens": tokens.fresh,
        "cache_read_tokens": tokens.cache_read,
        "output_tokens": tokens.output,
        "error_kind": None,
        "billing": "metered",
    }
    assert {name: row[name] for name in wanted} == dict(wanted)
    assert one.answer.header("x-turnout-route") == f"scripted/{one.seen.model}"
    # Only a model the provider lists has a lane to be told.
    if one.seen.model == "scripted-large":
        assert row["lane"] == "claude/premium"
        assert one.answer.header("x-turnout-lane") == "claude/premium"
    first, whole = row["first_byte_ms"], row["duration_ms"]
    assert isinstance(first, int)
    assert isinstance(whole, int)
    assert 0 <= first <= whole


def project_known(rows: Sequence[Row], place: Place) -> None:
    """The client's folder is on the record, and never another one.

    A look-up that takes over a quarter of a second on a busy machine is not
    waited for, so a single row may be without.
    """
    named = [row["project"] for row in rows]
    assert set(named) <= {place.project.name, None}
    assert named.count(None) <= 1
