"""The guard: what gets in, what is refused, and that everything else is denied."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FailureKind, Refused
from proxy.guard import Admission, Endpoint, Policy, admit, allowed_hosts, read_target
from proxy.keys import KeyRing, KeyRow, Scope, hash, new_key
from proxy.model import Protocol

PORT = 8787
CLAUDE, CODEX, READER = new_key(), new_key(), new_key()
WHEN = datetime(2026, 11, 21, tzinfo=UTC)


def row(name: str, key: str, scope: Scope = Scope.CALL) -> KeyRow:
    return KeyRow(id=name, name=name, scope=scope, hash=hash(key), created=WHEN)


POLICY = Policy(
    allowed_hosts(PORT),
    KeyRing(
        [
            row("claude-code", CLAUDE),
            row("codex", CODEX),
            row("reader", READER, Scope.READ),
        ]
    ),
    "/opt/turnout/bin/turnout",
)
GOOD = (
    ("Host", "127.0.0.1:8787"),
    ("x-api-key", CLAUDE),
    ("Content-Type", "application/json"),
)


def ask(
    method: str = "POST",
    target: str = "/v1/messages?beta=true",
    headers: tuple[tuple[str, str], ...] = GOOD,
) -> Admission:
    return admit(method, read_target(target), headers, POLICY)


def refusal(
    method: str = "POST",
    target: str = "/v1/messages",
    headers: tuple[tuple[str, str], ...] = GOOD,
) -> Refused:
    with pytest.raises(Refused) as caught:
        ask(method, target, headers)
    return caught.value


def without(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in GOOD if key.lower() not in names)


@pytest.mark.parametrize(
    ("target", "endpoint", "protocol"),
    [
        ("/v1/messages", Endpoint.MESSAGES, Protocol.MESSAGES),
        ("/v1/messages?beta=true&x=/v1/models", Endpoint.MESSAGES, Protocol.MESSAGES),
        ("/v1/v1/messages", Endpoint.MESSAGES, Protocol.MESSAGES),
        ("/v1/messages/count_tokens", Endpoint.COUNT_MESSAGES, Protocol.MESSAGES),
        ("/v1/responses", Endpoint.RESPONSES, Protocol.RESPONSES),
        ("/v1/v1/responses", Endpoint.RESPONSES, Protocol.RESPONSES),
        ("/v1/responses/compact", Endpoint.COMPACT, Protocol.RESPONSES),
        ("/v1/responses/input_tokens", Endpoint.COUNT_RESPONSES, Protocol.RESPONSES),
        ("/v1/chat/completions", Endpoint.CHAT, Protocol.CHAT),
    ],
)
def test_model_calls_are_known_by_their_raw_path(
    target: str, endpoint: Endpoint, protocol: Protocol
) -> None:
    admission = ask(target=target)
    assert (admission.endpoint, admission.protocol) == (endpoint, protocol)
    assert admission.client is not None
    assert admission.client.name == "claude-code"


@pytest.mark.parametrize(
    ("target", "endpoint", "model"),
    [
        ("/v1beta/models/m:generateContent", Endpoint.GENERATE, "m"),
        ("/v1/models/m:streamGenerateContent?alt=sse", Endpoint.GENERATE_STREAM, "m"),
        ("/v1beta/models/m:countTokens", Endpoint.COUNT_GEMINI, "m"),
        ("/v1beta/models/a/b:8b:generateContent", Endpoint.GENERATE, "a/b:8b"),
        ("/v1beta/models/a%2Fb%3A8b:generateContent", Endpoint.GENERATE, "a/b:8b"),
    ],
)
def test_a_gemini_client_names_the_model_in_the_path(
    target: str, endpoint: Endpoint, model: str
) -> None:
    admission = ask(target=target)
    assert admission.endpoint is endpoint
    assert admission.protocol is Protocol.GEMINI
    assert admission.model == model


@pytest.mark.parametrize(
    ("target", "protocol", "model"),
    [
        ("/v1/models/claude-opus-5-5", None, "claude-opus-5-5"),
        ("/v1/models/qwen3:8b", None, "qwen3:8b"),
        ("/v1beta/models/gemini-3-pro", Protocol.GEMINI, "gemini-3-pro"),
    ],
)
def test_a_single_model_can_be_asked_about(
    target: str, protocol: Protocol | None, model: str
) -> None:
    admission = ask("GET", target)
    assert admission.endpoint is Endpoint.MODEL
    assert (admission.protocol, admission.model) == (protocol, model)


def test_what_gemini_has_beside_is_not_served() -> None:
    refused = refusal("POST", "/v1beta/models/m:embedContent")
    assert (refused.status, refused.kind) == (405, FailureKind.METHOD_NOT_ALLOWED)


@pytest.mark.parametrize(
    "carrier",
    [
        (("x-turnout-key", CODEX),),
        (("X-Api-Key", CODEX),),
        (("Authorization", f"Bearer {CODEX}"),),
        (("authorization", f"bearer {CODEX}"),),
        (("x-goog-api-key", CODEX),),
        (("x-turnout-key", CODEX), ("Authorization", "Bearer sk-own")),
        (("Authorization", f"Bearer {CODEX}"), ("x-api-key", "tnt_wrong")),
        (("Authorization", f"Bearer {CODEX}"), ("x-api-key", CODEX)),
    ],
)
def test_one_valid_key_in_any_carrier_is_enough(
    carrier: tuple[tuple[str, str], ...],
) -> None:
    admission = ask(headers=(*without("x-api-key"), *carrier))
    assert admission.client is not None
    assert admission.client.name == "codex"


def test_the_key_may_be_the_first_path_segment() -> None:
    admission = ask(target=f"/k/{CODEX}/v1/responses", headers=without("x-api-key"))
    assert admission.endpoint is Endpoint.RESPONSES
    assert admission.client is not None
    assert admission.client.name == "codex"


def test_valid_keys_of_two_clients_are_refused() -> None:
    refused = refusal(headers=(*GOOD, ("authorization", f"Bearer {CODEX}")))
    assert refused.status == 401
    assert ("x-should-retry", "false") in refused.headers


@pytest.mark.parametrize(
    "headers",
    [
        without("x-api-key"),
        (*without("x-api-key"), ("x-api-key", "tnt_nonsense")),
        (*without("x-api-key"), ("x-api-key", "sk-ant-somebody")),
        (*without("x-api-key"), ("x-api-key", new_key())),
    ],
)
def test_without_a_known_key_nothing_opens_and_no_retry_is_asked_for(
    headers: tuple[tuple[str, str], ...],
) -> None:
    for target in ("/v1/messages", "/v1/models", "/nowhere", "/events/recent"):
        refused = refusal(target=target, headers=headers)
        assert refused.status == 401
        assert ("x-should-retry", "false") in refused.headers
        assert "/opt/turnout/bin/turnout keys new" in refused.message


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8788",
        "localhost",
        "evil.example:8787",
        "127.0.0.1.evil.example:8787",
        "0.0.0.0:8787",
        "127.1:8787",
        "[::]:8787",
        "localhost.:8787",
        "user@127.0.0.1:8787",
        "",
    ],
)
def test_a_foreign_host_is_refused_even_with_a_valid_key(host: str) -> None:
    refused = refusal(headers=(("host", host), *without("host")))
    assert (refused.status, refused.kind) == (403, FailureKind.FORBIDDEN)


def test_no_host_and_two_hosts_are_refused() -> None:
    assert refusal(headers=without("host")).status == 403
    assert refusal(headers=(*GOOD, ("host", "127.0.0.1:8787"))).status == 403


@pytest.mark.parametrize("host", ["LOCALHOST:8787", "[::1]:8787", "127.0.0.1:8787"])
def test_our_own_names_are_accepted_in_any_case(host: str) -> None:
    admission = ask(headers=(("host", host), *without("host")))
    assert admission.endpoint is Endpoint.MESSAGES


@pytest.mark.parametrize(
    "extra",
    [
        ("Origin", "http://127.0.0.1:8787"),
        ("origin", "null"),
        ("Origin", ""),
        ("Sec-Fetch-Site", "same-origin"),
        ("sec-fetch-site", "cross-site"),
    ],
)
def test_a_browser_is_refused_on_every_path(extra: tuple[str, str]) -> None:
    for method, target in (("POST", "/v1/messages"), ("GET", "/health"), ("HEAD", "/")):
        assert refusal(method, target, (*GOOD, extra)).status == 403


def test_a_typed_address_is_no_web_page() -> None:
    admission = ask("GET", "/health", (*GOOD, ("Sec-Fetch-Site", "none")))
    assert admission.endpoint is Endpoint.HEALTH


def test_only_health_and_the_probes_are_open() -> None:
    host = (("host", "localhost:8787"),)
    for method, target in (("GET", "/health"), ("HEAD", "/"), ("HEAD", "/api/hello")):
        assert admit(method, read_target(target), host, POLICY).client is None
    for method, target in (("GET", "/"), ("POST", "/health"), ("GET", "/api/hello")):
        assert refusal(method, target, host).status == 401


def test_scopes_open_their_own_paths_only() -> None:
    reader = (("host", "localhost:8787"), ("x-turnout-key", READER))
    assert ask("GET", "/events/recent", reader).endpoint is Endpoint.EVENTS
    assert ask("GET", "/metrics", reader).endpoint is Endpoint.METRICS
    assert refusal("GET", "/v1/models", reader).status == 403
    assert refusal("GET", "/events/recent").status == 403
    assert refusal("GET", "/metrics").status == 403
    assert refusal("POST", "/metrics", reader).status == 405


def test_an_upgrade_on_responses_is_426_at_once() -> None:
    upgrade = (*without("content-type"), ("Upgrade", "websocket"))
    assert refusal("GET", "/v1/responses", upgrade).status == 426
    assert refusal("GET", "/v1/v1/responses", upgrade).status == 426


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "HEAD", "DELETE"])
def test_a_wrong_method_says_which_is_right(method: str) -> None:
    refused = refusal(method)
    assert refused.status == 405
    assert ("allow", "POST") in refused.headers


@pytest.mark.parametrize(
    "kinds",
    [
        (),
        ("text/plain",),
        ("application/x-www-form-urlencoded",),
        ("multipart/form-data; boundary=x",),
        ("text/plain; application/json",),
        ("application/json", "text/plain"),
    ],
)
def test_only_json_bodies_are_taken(kinds: tuple[str, ...]) -> None:
    headers = (*without("content-type"), *(("content-type", kind) for kind in kinds))
    assert refusal(headers=headers).status == 415


def test_json_with_a_charset_is_json() -> None:
    kind = ("content-type", "Application/JSON; charset=utf-8")
    admission = ask(headers=(*without("content-type"), kind))
    assert admission.endpoint is Endpoint.MESSAGES


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/v1/messages",
        "*",
        "evil.example:443",
        "",
        "/" + "a" * 9_000,
    ],
)
def test_only_plain_paths_are_read(target: str) -> None:
    with pytest.raises(Refused) as caught:
        read_target(target)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "target",
    [
        "//v1/messages",
        "/v1/messages/",
        "/V1/messages",
        "/v1/%6dessages",
        "/v1/../v1/messages",
        "/v1/messages;x",
        "/v1/v1/v1/messages",
        "/health/",
    ],
)
def test_a_path_is_taken_literally(target: str) -> None:
    assert refusal(target=target).status == 404


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.text(max_size=12), st.text(max_size=30)), max_size=6),
)
def test_nothing_else_ever_opens_or_breaks(
    target: str, headers: list[tuple[str, str]]
) -> None:
    with pytest.raises(Refused) as caught:
        admit("POST", read_target("/" + target), (*headers, ("host", "x")), POLICY)
    assert caught.value.status >= 400
