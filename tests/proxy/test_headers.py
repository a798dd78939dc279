"""Which headers cross the gateway, in either direction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.headers import (
    answer_headers,
    credentials,
    request_headers,
    retry_after,
)

KEY = "tnt_" + "A1b2C3d4" * 5
OTHER = "tnt_" + "Z9y8X7w6" * 5
IDENTITY = ("accept-encoding", "identity")


def sent(
    *headers: tuple[str, str], secret: str | None = None, keep_own: bool = False
) -> list[tuple[str, str]]:
    return request_headers(headers, style="x-api-key", secret=secret, keep_own=keep_own)


def back(*headers: tuple[str, str], keep_length: bool = False) -> list[tuple[str, str]]:
    return answer_headers(headers, None, keep_length=keep_length)


def test_a_request_goes_on_in_order_and_as_spelt() -> None:
    ours = [
        ("Anthropic-Version", "2023-06-01"),
        ("anthropic-beta", "one,two"),
        ("X-Unknown-Header", "  spaced , value"),
        ("anthropic-beta", "three"),
        ("Content-Type", "application/json"),
        ("User-Agent", "claude-cli/2"),
        ("x-claude-code-session-id", "s"),
    ]
    assert sent(*ours) == [*ours, IDENTITY]
    raw = [(name.encode(), value.encode()) for name, value in ours]
    assert request_headers(raw, style="bearer", secret=None, keep_own=False) == [
        *ours,
        IDENTITY,
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Content-Length",
        "Content-Encoding",
        "Expect",
        "Cookie",
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Proxy-Authorization",
        "proxy-connection",
        "X-Turnout-Mode",
        "x-turnout-key",
        "Authorization",
        "X-Api-Key",
        "x-goog-api-key",
        "api-key",
    ],
)
def test_what_is_ours_or_the_connections_stays_here(name: str) -> None:
    assert sent((name, "value"), ("kept", "1")) == [("kept", "1"), IDENTITY]


def test_a_header_named_by_connection_stays_here() -> None:
    assert sent(
        ("Connection", "close, X-Private"),
        ("x-private", "1"),
        ("connection", "x-second"),
        ("X-Second", "2"),
        ("x-third", "3"),
    ) == [("x-third", "3"), IDENTITY]


def test_the_answer_is_asked_for_unpacked() -> None:
    assert sent(("Accept-Encoding", "gzip, br"), ("accept-encoding", "zstd")) == [
        IDENTITY
    ]


@pytest.mark.parametrize(
    ("style", "header"),
    [
        ("bearer", ("authorization", "Bearer sk-up")),
        ("x-api-key", ("x-api-key", "sk-up")),
        ("x-goog-api-key", ("x-goog-api-key", "sk-up")),
        ("api-key", ("api-key", "sk-up")),
    ],
)
def test_the_routes_key_replaces_every_credential(
    style: str, header: tuple[str, str]
) -> None:
    given_ = [("Authorization", f"Bearer {KEY}"), ("x-api-key", "sk-own"), ("a", "b")]
    assert request_headers(given_, style=style, secret="sk-up", keep_own=False) == [
        ("a", "b"),
        IDENTITY,
        header,
    ]


def test_the_clients_own_credential_goes_on_where_the_route_says_so() -> None:
    own = ("Authorization", "Bearer sk-ant-oat01-own")
    assert sent(("x-turnout-key", KEY), own, ("x-api-key", KEY), keep_own=True) == [
        own,
        IDENTITY,
    ]


@given(st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=9))
def test_no_header_ever_carries_a_key_of_ours(around: str) -> None:
    names = ["x-api-key", "Authorization", "x-odd", "User-Agent", "x-goog-api-key"]
    out = sent(*((name, f"{around} {KEY}") for name in names), keep_own=True)
    assert out == [IDENTITY]


def test_a_word_that_only_looks_like_our_prefix_goes_on() -> None:
    assert sent(("x-path", "/home/tnt_user"))[0] == ("x-path", "/home/tnt_user")


def test_values_that_cannot_be_sent_are_left_out() -> None:
    raw: list[tuple[bytes, bytes]] = [(b"x", b"\xff"), (b"y", "é".encode())]
    assert request_headers(raw, style="bearer", secret=None, keep_own=False) == [
        ("y", "é"),
        IDENTITY,
    ]
    assert sent(("x", "\udcff")) == [IDENTITY]


@pytest.mark.parametrize(
    ("headers", "keys", "own"),
    [
        ([], (), ()),
        ([("x-turnout-key", KEY)], (KEY,), ()),
        ([("X-Api-Key", KEY)], (KEY,), ()),
        ([("authorization", f"Bearer {KEY}")], (KEY,), ()),
        ([("Authorization", f"bearer  {KEY} ")], (KEY,), ()),
        ([("x-goog-api-key", KEY)], (KEY,), ()),
        ([("x-api-key", "tnt_short")], ("tnt_short",), ()),
        ([("x-api-key", KEY), ("authorization", f"Bearer {KEY}")], (KEY,), ()),
        ([("x-api-key", KEY), ("x-turnout-key", OTHER)], (KEY, OTHER), ()),
        (
            [("x-turnout-key", KEY), ("Authorization", "Bearer own")],
            (KEY,),
            (("Authorization", "Bearer own"),),
        ),
        (
            [("authorization", f"Bearer {KEY}"), ("x-api-key", "sk-own")],
            (KEY,),
            (("x-api-key", "sk-own"),),
        ),
        ([("x-turnout-key", "sk-own")], (), ()),
        ([("api-key", "azure")], (), (("api-key", "azure"),)),
        ([("x-api-key", f"prefix {KEY}")], (), ()),
        ([("Authorization", "")], (), ()),
        ([("x-other", KEY)], (), ()),
    ],
)
def test_credentials_are_told_apart(
    headers: list[tuple[str, str]],
    keys: tuple[str, ...],
    own: tuple[tuple[str, str], ...],
) -> None:
    read = credentials(headers)
    assert (read.gateway_keys, read.own) == (keys, own)
    assert KEY not in repr(read)
    assert "own" not in repr(read)


@pytest.mark.parametrize(
    "name",
    [
        "Set-Cookie",
        "Access-Control-Allow-Origin",
        "access-control-max-age",
        "Clear-Site-Data",
        "Refresh",
        "Link",
        "Location",
        "Alt-Svc",
        "Strict-Transport-Security",
        "Connection",
        "Transfer-Encoding",
        "Proxy-Authenticate",
        "X-Turnout-Request",
        "Content-Length",
    ],
)
def test_what_acts_on_a_browser_or_the_connection_does_not_come_back(
    name: str,
) -> None:
    assert back((name, "1"), ("request-id", "r")) == [("request-id", "r")]


def test_an_answer_comes_back_in_order_and_as_spelt() -> None:
    theirs = [
        ("Retry-After", "3"),
        ("anthropic-ratelimit-requests-remaining", "9"),
        ("Content-Encoding", "gzip"),
        ("X-Should-Retry", "true"),
        ("Content-Length", "12"),
    ]
    assert back(*theirs, keep_length=True) == theirs
    assert (
        answer_headers(
            [(n.encode(), v.encode()) for n, v in theirs],
            None,
            keep_length=False,
        )
        == theirs[:-1]
    )


def test_an_echoed_key_is_masked() -> None:
    assert answer_headers(
        [("x-debug", "é key=sk-provider-key!")], b"sk-provider-key", keep_length=True
    ) == [("x-debug", "é key=***************!")]


NOW = 1_800_000_000.0  # 15 January 2027, 08:00:00 UTC


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "7999"}, 7999.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        (
            {
                "retry-after": "Fri, 15 Jan 2027 08:00:30 GMT",
                "date": "Fri, 15 Jan 2027 08:00:10 GMT",
            },
            20.0,
        ),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Fri, 99 Foo 2027"}, None),
        ({"retry-after": "later"}, None),
        ({"x-ratelimit-reset-tokens": "6m0s"}, None),
        (
            {
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-requests": "12ms",
                "x-ratelimit-remaining-requests": "0",
            },
            360.0,
        ),
        (
            {
                "x-ratelimit-reset-requests": "2m59.56s",
                "x-ratelimit-remaining-requests": "0",
            },
            179.56,
        ),
        (
            {
                "anthropic-ratelimit-tokens-reset": "2027-01-15T08:01:00Z",
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2027-01-15T09:00:00Z",
                "anthropic-ratelimit-requests-remaining": "12",
            },
            60.0,
        ),
        (
            {
                "anthropic-ratelimit-unified-status": "rejected",
                "anthropic-ratelimit-unified-reset": "1800003600",
            },
            3600.0,
        ),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000002500"},
            2.5,
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
    ],
)
def test_the_wish_to_wait_is_read(headers: dict[str, str], wait: float | None) -> None:
    read = retry_after(headers.items(), NOW)
    assert read == (None if wait is None else pytest.approx(wait))


def test_without_a_clock_only_a_dated_moment_is_known() -> None:
    moment = ("retry-after", "Fri, 15 Jan 2027 08:00:30 GMT")
    assert retry_after([moment]) is None
    assert retry_after([moment, ("date", "Fri, 15 Jan 2027 08:00:00 GMT")]) == 30.0


@given(st.text(max_size=20))
def test_no_value_breaks_the_reader(text: str) -> None:
    names = ["retry-after", "retry-after-ms", "date", "x-ratelimit-reset-x"]
    left = ("x-ratelimit-remaining-x", "0")
    wait = retry_after([*((name, text) for name in names), left], NOW)
    assert wait is None or wait >= 0
