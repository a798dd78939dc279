"""What a call asks for beside its content, and what is refused before a decision."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from requests_in_hand import call

from proxy.asked import MODEL_LENGTH, asked_of
from proxy.errors import FailureKind, Refused
from proxy.exchange import Call
from proxy.guard import Endpoint
from proxy.model import Protocol
from proxy.routing import Mode


def body(**fields: object) -> Call:
    return call(body=json.dumps({"model": "m", **fields}).encode())


def gemini(model: str, endpoint: Endpoint = Endpoint.GENERATE) -> Call:
    plain = call(Protocol.GEMINI, body=b"{}")
    return replace(plain, endpoint=endpoint, path_model=model)


def test_model_and_form_are_the_bodys() -> None:
    asked = asked_of(body(stream=True))
    assert (asked.model, asked.stream, asked.stands_for) == ("m", True, "m")
    assert asked.span == (10, 13)
    assert (asked.mode, asked.stays_here) == (None, False)
    assert not asked_of(body()).stream


def test_geminis_model_and_form_are_the_paths() -> None:
    asked = asked_of(gemini("models/gemini-4-argon", Endpoint.GENERATE_STREAM))
    assert (asked.model, asked.span, asked.stream) == ("gemini-4-argon", None, True)
    assert not asked_of(gemini("gemini-4-argon")).stream


@pytest.mark.parametrize(
    ("model", "stands_for", "mode"),
    [
        ("turnout-auto", "", Mode.CODING_AUTO),
        ("claude-turnout-offline", "", Mode.OFFLINE),
        ("claude-turnout/openai/gpt-6.1-sol", "openai/gpt-6.1-sol", None),
        ("gpt-6.1-sol", "gpt-6.1-sol", None),
    ],
)
def test_an_alias_stands_for_a_mode_or_a_model(
    model: str, stands_for: str, mode: Mode | None
) -> None:
    asked = asked_of(body(model=model))
    assert (asked.model, asked.stands_for, asked.mode) == (model, stands_for, mode)


def test_the_header_counts_more_than_an_alias() -> None:
    of = replace(
        body(model="turnout-auto"), headers=(("X-Turnout-Mode", " coding-premium "),)
    )
    assert asked_of(of).mode is Mode.CODING_PREMIUM


@pytest.mark.parametrize(
    ("level", "stays"),
    [("public", False), ("internal", False), ("confidential", True), ("secret", True)],
)
def test_a_trust_level_may_keep_a_request_here(level: str, stays: bool) -> None:
    of = replace(body(), headers=(("x-turnout-trust", level),))
    assert asked_of(of).stays_here is stays


def test_of_several_trust_levels_the_strictest_wins() -> None:
    named = (("x-turnout-trust", "public"), ("X-Turnout-Trust", "secret"))
    for headers in (named, named[::-1]):
        assert asked_of(replace(body(), headers=headers)).stays_here


@pytest.mark.parametrize(
    ("model", "headers"),
    [
        ("turnout-offline", ("direct",)),
        ("turnout-offline", ("coding-auto",)),
        ("turnout-auto", ("offline",)),
        ("m", ("coding-auto", "offline")),
        ("m", ("offline", "direct")),
    ],
)
def test_offline_wins_wherever_it_is_asked_for(
    model: str, headers: tuple[str, ...]
) -> None:
    said = tuple(("x-turnout-mode", each) for each in headers)
    asked = asked_of(replace(body(model=model), headers=said))
    assert asked.mode is Mode.OFFLINE


@pytest.mark.parametrize(
    "refused",
    [
        call(body=b"not json"),
        call(body=b"{}"),
        body(model=""),
        body(model=7),
        body(model="a\nb"),
        body(model="m" * (MODEL_LENGTH + 1)),
        body(model="a/../b"),
        gemini("%2e%2e/x"),
        replace(body(), headers=(("x-turnout-mode", "fast"),)),
        replace(body(), headers=(("x-turnout-trust", "low"),)),
        replace(body(), headers=(("x-turnout-trust", ""),)),
        replace(
            body(),
            headers=(("x-turnout-mode", "direct"), ("x-turnout-mode", "coding-auto")),
        ),
        replace(body(), query="key=tnt_" + "a" * 16),
    ],
)
def test_what_cannot_be_routed_is_refused_with_a_sentence(refused: Call) -> None:
    with pytest.raises(Refused) as caught:
        asked_of(refused)
    assert caught.value.status == 400
    assert caught.value.kind is FailureKind.BAD_REQUEST
    assert caught.value.message.endswith(".")
