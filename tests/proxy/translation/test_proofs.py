"""Proofs are seen in bytes and in values alike, and go back to their maker only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from proxy.model import (
    Citation,
    Event,
    Json,
    JsonObject,
    Kept,
    Message,
    Opaque,
    Origin,
    PartEnded,
    Protocol,
    Request,
    Role,
    ServerPart,
    SignatureDelta,
    Text,
    Thinking,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolResult,
)
from proxy.translation.fit import fit
from proxy.translation.names import Names
from proxy.translation.needs import obstacles
from proxy.translation.proofs import bears_proofs, is_sealed, may_bear_proofs
from proxy.translation.restore import Restorer
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS
from proxy.wire.sealing import unseal

_ASKS = {"role": "user", "content": "go on"}
_BODIES: dict[str, tuple[Protocol, dict[str, Json], bool]] = {
    "signed thinking": (
        Protocol.MESSAGES,
        {
            "model": "m",
            "max_tokens": 9,
            "messages": [
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
                    ],
                }
            ],
        },
        True,
    ),
    "redacted thinking": (
        Protocol.MESSAGES,
        {
            "model": "m",
            "max_tokens": 9,
            "messages": [
                {
                    "role": "assistant",
                    "content": [{"type": "redacted_thinking", "data": "x"}],
                }
            ],
        },
        True,
    ),
    "encrypted reasoning": (
        Protocol.RESPONSES,
        {
            "model": "m",
            "input": [
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [],
                    "encrypted_content": "x",
                }
            ],
        },
        True,
    ),
    "a compaction": (
        Protocol.RESPONSES,
        {"model": "m", "input": [{"type": "compaction", "encrypted_content": "x"}]},
        True,
    ),
    "a signed call": (
        Protocol.GEMINI,
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [
                        {
                            "functionCall": {"name": "f", "args": {}},
                            "thoughtSignature": "c2ln",
                        }
                    ],
                }
            ]
        },
        True,
    ),
    "only a wish for proofs": (
        Protocol.RESPONSES,
        {"model": "m", "input": "hi", "include": ["reasoning.encrypted_content"]},
        False,
    ),
    "proofs quoted in a text": (
        Protocol.MESSAGES,
        {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": 'see {"signature": "x"}'}],
        },
        False,
    ),
    "plain words": (Protocol.CHAT, {"model": "m", "messages": [dict(_ASKS)]}, False),
}


@pytest.mark.parametrize("case", _BODIES)
def test_bytes_and_values_tell_the_same(case: str) -> None:
    protocol, shape, bears = _BODIES[case]
    body = msgspec.json.encode(shape)
    assert may_bear_proofs(body) is bears
    assert bears_proofs(CLIENT_CODEC_OF[protocol].read_request(body)) is bears


def test_proofs_inside_results_count() -> None:
    sealed = Opaque(Protocol.MESSAGES, "x", {"content": [{"encrypted_content": "e"}]})
    turn = Message(Role.USER, (ToolResult("c", (sealed,)),))
    assert bears_proofs(Request(Protocol.MESSAGES, "m", (turn,)))


def test_no_depth_is_too_deep() -> None:
    nest: Json = {"signature": "s"}
    for _ in range(5_000):
        nest = [nest]
    assert is_sealed({"content": nest})
    assert not is_sealed({"content": [], "signature": ""})


# --- a session goes to another provider -----------------------------------------------


def _target(protocol: Protocol) -> Target:
    return Target(protocol, "there", "model-x", VENDOR_DIALECTS[protocol])


def _told(protocol: Protocol, *parts: Any) -> Request:
    asked = Message(Role.USER, (Text("ask"),))
    return Request(protocol, "m", (asked, Message(Role.ASSISTANT, parts), asked))


_SIGNED = Thinking("hm", signature="sig", origin=Origin(Protocol.MESSAGES))


def test_plain_proofs_go_to_their_owner_only() -> None:
    request = _told(Protocol.MESSAGES, _SIGNED, Text("so"))
    target = _target(Protocol.MESSAGES)
    for owner in (None, "there"):
        fitted = fit(request, target, proofs_from=owner)
        assert fitted.request.messages == request.messages
    elsewhere = fit(request, target, proofs_from="another")
    assert elsewhere.request.messages[1].parts == (Text("so"),)
    assert [each.name for each in elsewhere.losses] == ["thinking_replay"]
    written = PROVIDER_CODEC_OF[Protocol.MESSAGES].write_request(
        elsewhere.request, target
    )
    assert not may_bear_proofs(written.body)


def test_a_wrap_says_itself_whose_it_is() -> None:
    line: list[Event] = [
        ThinkingStarted(0, origin=Origin(Protocol.MESSAGES)),
        ThinkingDelta(0, "hm"),
        SignatureDelta(0, "sig"),
        PartEnded(0),
    ]
    maker = Origin(Protocol.MESSAGES, "there", "model-x")
    restorer = Restorer(Names(), maker, Protocol.MESSAGES, proofs_from="another")
    out = [each for event in line for each in restorer.feed(event)]
    wraps = [each for each in out if isinstance(each, SignatureDelta)]
    assert len(wraps) == 1
    inside = unseal(wraps[0].signature)
    assert inside is not None
    assert (inside.provider, inside.signature) == ("there", "sig")
    back = replace(_SIGNED, signature=wraps[0].signature)
    request = _told(Protocol.MESSAGES, _SIGNED, back, Text("so"))
    fitted = fit(request, _target(Protocol.MESSAGES), proofs_from="another")
    assert fitted.request.messages[1].parts == (
        replace(_SIGNED, origin=maker),
        Text("so"),
    )


def test_a_wrap_of_the_client_s_own_protocol_keeps_text_and_summary() -> None:
    line: list[Event] = [
        ThinkingStarted(0, origin=Origin(Protocol.RESPONSES), id="rs_1"),
        ThinkingDelta(0, "all of it"),
        ThinkingDelta(0, "in short", summary=0),
        ThinkingSealed(0, "enc"),
        PartEnded(0),
    ]
    maker = Origin(Protocol.RESPONSES, "there", "model-x")
    restorer = Restorer(Names(), maker, Protocol.RESPONSES, proofs_from="another")
    out = [each for event in line for each in restorer.feed(event)]
    (wrap,) = [each.data for each in out if isinstance(each, ThinkingSealed)]
    item = Thinking(
        "all of it", ("in short",), sealed=wrap, origin=Origin(Protocol.RESPONSES)
    )
    request = _told(Protocol.RESPONSES, item, Text("so"))
    fitted = fit(request, _target(Protocol.RESPONSES), proofs_from="another")
    kept = replace(item, sealed="enc", origin=maker, id="rs_1")
    assert kept in [part for each in fitted.request.messages for part in each.parts]


def test_another_provider_s_steps_are_told_and_their_sources_left_out() -> None:
    query: JsonObject = {
        "type": "server_tool_use",
        "id": "s1",
        "input": {"query": "weather"},
    }
    found: JsonObject = {
        "type": "web_search_tool_result",
        "tool_use_id": "s1",
        "content": [{"url": "http://x", "title": "X", "encrypted_content": "e"}],
    }
    cited = Citation(Protocol.MESSAGES, {"encrypted_index": "e"}, "http://x")
    request = _told(
        Protocol.MESSAGES,
        ServerPart(Protocol.MESSAGES, "server_tool_use", query, "s1"),
        ServerPart(Protocol.MESSAGES, "web_search_tool_result", found, "s1"),
        Text("rain", citations=(cited,)),
    )
    target = _target(Protocol.MESSAGES)
    assert fit(request, target).request.messages == request.messages
    fitted = fit(request, target, proofs_from="another")
    said = fitted.request.messages[1].parts
    assert all(isinstance(each, Text) and not each.citations for each in said)
    assert {each.name for each in fitted.losses} == {"citation", "server_part_as_text"}
    assert obstacles(request, Protocol.MESSAGES, target.dialect, foreign=True) == ()


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (
            _told(
                Protocol.RESPONSES,
                Opaque(Protocol.RESPONSES, "compaction", {"encrypted_content": "e"}),
            ),
            "part_compaction",
        ),
        (
            _told(
                Protocol.RESPONSES,
                Opaque(Protocol.RESPONSES, "item_reference", {"id": "msg_1"}),
            ),
            "part_item_reference",
        ),
        (
            replace(_told(Protocol.RESPONSES, Text("x")), kept=Kept(previous="r")),
            "previous_response",
        ),
    ],
)
def test_what_only_its_owner_can_read_is_an_obstacle_elsewhere(
    request_: Request, name: str
) -> None:
    dialect = VENDOR_DIALECTS[Protocol.RESPONSES]
    assert obstacles(request_, Protocol.RESPONSES, dialect) == ()
    found = obstacles(request_, Protocol.RESPONSES, dialect, foreign=True)
    assert [each.name for each in found] == [name]
