"""What is said: instructions, pictures, files, sources, refusals, forms, caches."""

from __future__ import annotations

import json

from fidelity.case import Case
from fidelity.cases_thinking import fits
from fidelity.changes import Change, all_replaced, replaced, shaped
from fidelity.lane import Lane
from fidelity.terms import (
    HELLO,
    LOOP,
    WEATHER,
    Ask,
    Echo,
    File,
    Json,
    Other,
    Picture,
    Raw,
    Turn,
    Words,
    assistant,
    user,
)
from upstream import Answer, Script, Seen, Step, Text, say

from proxy.model import Protocol

ODD = "Wörter \N{LINE SEPARATOR} \U0001f3db\n\t\"'\\ </s> \x7f 中文"


async def _text(lane: Lane) -> None:
    turns = (user(ODD), assistant("Ja."), user(ODD, "And more."))
    told = await lane.ask(Ask(turns), say(ODD))
    got = lane.got(told)
    assert (got.text, got.stop) == (ODD, "end")
    assert [turn.role for turn in told.heard.turns] == ["user", "assistant", "user"]
    assert told.heard.turns[0].text == ODD
    assert told.heard.turns[1].text == "Ja."
    assert told.heard.turns[2].text.startswith(ODD)
    assert told.heard.turns[2].text.endswith("And more.")


async def _system(lane: Lane) -> None:
    told = await lane.ask(Ask(system=("You code.", "Be brief.")))
    whole = "\n".join(told.heard.system)
    assert whole.index("You code.") < whole.index("Be brief.")
    assert [turn.role for turn in told.heard.turns] == ["user"]


_STAMP = "x-anthropic-billing-header: cc_version=2.1.329; cch=00000;"


async def _attribution(lane: Lane) -> None:
    lane.only("no_attribution", clients="messages")
    told = await lane.ask(Ask(system=(_STAMP, "You code.")))
    assert "\n".join(told.heard.system).startswith(_STAMP)
    if lane.native:
        assert told.heard.system == (_STAMP, "You code.")


async def _later_system(lane: Lane) -> None:
    turns = (*HELLO, assistant("Hi."), user("Now?"), Turn("system", (Words("Hurry."),)))
    told = await lane.ask(Ask(turns))
    roles = [turn.role for turn in told.heard.turns if turn.text.strip() == "Hurry."]
    assert "Hurry." in told.heard.text
    lane.arrives(roles == ["system"], told, or_loses="system_as_user")


async def _prefill(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask((*HELLO, assistant("The answer is"))))
    began = told.heard.turns[-1]
    lane.arrives(began.role == "assistant", told, or_loses="prefill")
    assert "The answer is" in told.heard.text


async def _image(lane: Lane) -> None:
    told = await lane.ask(Ask((user("What is this?", Picture()),)))
    assert told.heard.pictures == [Picture()]
    assert "What is this?" in told.heard.text


async def _image_url(lane: Lane) -> None:
    url = "https://example.com/a.png"
    told = await lane.ask(Ask((user("What is this?", Picture("", url)),)))
    assert told.heard.pictures == [Picture("", url)]


async def _earlier_image_url(lane: Lane) -> None:
    url = "https://example.com/a.png"
    turns = (user("See.", Picture("", url)), assistant("Yes."), user("And?"))
    told = await lane.ask(Ask(turns))
    found = told.heard.pictures == [Picture("", url)]
    lane.arrives(found, told, or_loses="image_left_out")


async def _file(lane: Lane) -> None:
    told = await lane.ask(Ask((user("What is this?", File()),)))
    files = [each for each in told.heard.parts if isinstance(each, File)]
    assert [each.data for each in files] == [File().data]


async def _text_file(lane: Lane) -> None:
    lane.only("no_text_files", clients="messages")
    source = {"type": "text", "media_type": "text/plain", "data": "All is well."}
    shape: Json = {"type": "document", "source": source}
    told = await lane.ask(Ask((user(Raw(shape), "Sum up."),)))
    assert "All is well." in json.dumps(told.heard.body)


_URL = "https://example.com/a"


async def _sources(lane: Lane) -> None:
    cite = (
        "messages responses gemini" if lane.stream else "messages responses chat gemini"
    )
    lane.only("no_sources", providers=cite)
    told = await lane.ask(Ask(), cited(lane.provider))
    got = lane.got(told)
    assert got.text == "Sun."
    lane.arrives(_URL in got.sources, told, or_loses="citation")


def cited(protocol: Protocol) -> Script:
    """An answer with a source, as each protocol has it."""

    def script(seen: Seen) -> Step:
        pairs = _CITED[protocol]
        if seen.stream:
            pairs = _CITED_STREAM.get(protocol, pairs)
        return Answer((Text("Sun."),), change=all_replaced(pairs))

    return script


_LOCATION = json.dumps(
    {
        "type": "web_search_result_location",
        "url": _URL,
        "title": "A",
        "cited_text": "sun",
        "encrypted_index": "eA==",
    }
).encode()
_NOTE = json.dumps(
    {
        "type": "url_citation",
        "url": _URL,
        "title": "A",
        "start_index": 0,
        "end_index": 3,
    }
).encode()
_INNER = json.dumps(
    {"url": _URL, "title": "A", "start_index": 0, "end_index": 3}
).encode()
_CHUNKS = json.dumps({"groundingChunks": [{"web": {"uri": _URL, "title": "A"}}]})
_CITED = {
    Protocol.MESSAGES: [
        (
            b'"text": "Sun."',
            b'"text": "Sun.", "citations": [' + _LOCATION + b"]",
        )
    ],
    Protocol.RESPONSES: [(b'"annotations": []', b'"annotations": [' + _NOTE + b"]")],
    Protocol.CHAT: [
        (
            b'"refusal": null',
            b'"refusal": null, "annotations": [{"type": "url_citation", '
            b'"url_citation": ' + _INNER + b"}]",
        )
    ],
    Protocol.GEMINI: [
        (
            b'"finishReason"',
            b'"groundingMetadata": ' + _CHUNKS.encode() + b', "finishReason"',
        )
    ],
}
_CITED_STREAM = {
    Protocol.MESSAGES: [
        (
            b"event: content_block_stop\n",
            b"event: content_block_delta\ndata: "
            b'{"type": "content_block_delta", "index": 0, "delta": '
            b'{"type": "citations_delta", "citation": '
            + _LOCATION
            + b"}}\n\nevent: content_block_stop\n",
        )
    ],
    Protocol.RESPONSES: [
        (
            b'"annotations": [], "logprobs": [], "text": "Sun."',
            b'"annotations": [' + _NOTE + b'], "logprobs": [], "text": "Sun."',
        ),
        (
            b"event: response.output_text.done\n",
            b"event: response.output_text.annotation.added\ndata: "
            b'{"type": "response.output_text.annotation.added", "sequence_number": 5, '
            b'"item_id": "msg_scripted_0000_0", "output_index": 0, "content_index": 0, '
            b'"annotation_index": 0, "annotation": '
            + _NOTE
            + b"}\n\nevent: response.output_text.done\n",
        ),
    ],
}


async def _refused(lane: Lane) -> None:
    lane.only("no_refusals", providers="messages responses chat gemini")
    told = await lane.ask(Ask(), Answer((Text("No."),), change=_declined(lane)))
    assert lane.got(told).stop == "refusal"


def _declined(lane: Lane) -> Change:
    match lane.provider:
        case Protocol.MESSAGES:
            return replaced(b'"stop_reason": "end_turn"', b'"stop_reason": "refusal"')
        case Protocol.RESPONSES:
            old = b'"status": "completed", "background": false, "error": null, '
            new = old.replace(b"completed", b"incomplete")
            why = b'"incomplete_details": {"reason": "content_filter"}'
            word = (b"response.completed", b"response.incomplete")
            nothing = b'"incomplete_details": null'
            return all_replaced([(old + nothing, new + why), word])
        case Protocol.CHAT:
            return replaced(b'reason": "stop"', b'reason": "content_filter"')
        case _:
            return replaced(b'"STOP"', b'"SAFETY"')


async def _why_refused(lane: Lane) -> None:
    lane.only("no_refusal_reason", providers="messages")
    details = {"type": "refusal", "category": "cyber", "explanation": "Not that."}
    change = replaced(
        b'"stop_reason": "end_turn"',
        b'"stop_reason": "refusal", "stop_details": ' + json.dumps(details).encode(),
    )
    told = await lane.ask(Ask(), Answer((Text("No."),), change=change))
    got = lane.got(told)
    assert got.stop == "refusal"
    lane.arrives("Not that." in got.refusal, told, or_loses="stop_detail")


_STEP: Json = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "x"},
}


def paused(seen: Seen) -> Step:
    """An answer of Messages that waits to be called on again."""
    head: Json = {"id": "msg_p", "type": "message", "role": "assistant"}
    usage: Json = {"input_tokens": 7, "output_tokens": 3}
    head |= {"model": seen.model, "usage": usage, "stop_sequence": None}
    text: Json = {"type": "text", "text": "Searching."}
    whole = head | {"content": [text, _STEP], "stop_reason": "pause_turn"}
    ended: Json = {"stop_reason": "pause_turn", "stop_sequence": None}
    delta = {"type": "text_delta", "text": "Searching."}
    events: list[tuple[str, Json]] = [
        ("message_start", {"message": head | {"content": [], "stop_reason": None}}),
        ("content_block_start", {"index": 0, "content_block": text | {"text": ""}}),
        ("content_block_delta", {"index": 0, "delta": delta}),
        ("content_block_stop", {"index": 0}),
        ("content_block_start", {"index": 1, "content_block": _STEP}),
        ("content_block_stop", {"index": 1}),
        ("message_delta", {"delta": ended, "usage": usage}),
        ("message_stop", {}),
    ]
    typed = [(name, {"type": name} | data) for name, data in events]
    return shaped(Protocol.MESSAGES, typed, whole)(seen)


async def _paused(lane: Lane) -> None:
    lane.only("no_pauses", providers="messages")
    told = await lane.ask(Ask(), paused)
    got = lane.got(told)
    assert got.text == "Searching."
    lane.arrives(Other("server_tool_use") in got.parts, told, or_loses="provider_part")
    if lane.native:
        again = await lane.ask(Ask((*HELLO, assistant(Echo(got.answer)), user("Go."))))
        assert again.heard.body["messages"][1]["content"] == got.answer["content"]


async def _form(lane: Lane) -> None:
    schema: Json = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": False,
    }
    told = await lane.ask(Ask(schema=schema), say('{"ok": true}'))
    assert fits(told, schema)
    assert lane.got(told).text == '{"ok": true}'


async def _cache_marks(lane: Lane) -> None:
    lane.only("no_cache_marks", clients="messages")
    mark = {"type": "ephemeral"}
    parts = [
        Raw({"type": "text", "text": f"{n}.", "cache_control": mark}) for n in "12"
    ]
    told = await lane.ask(Ask((user(*parts),)))
    found = json.dumps(told.heard.body).count("cache_control")
    lane.arrives(found == 2, told, or_loses="cache_marks")


async def _cache_key(lane: Lane) -> None:
    lane.only("no_cache_key", clients="responses chat")
    told = await lane.ask(Ask(more={"prompt_cache_key": "session-1"}))
    found = told.heard.body.get("prompt_cache_key") == "session-1"
    lane.arrives(found, told, or_loses="cache_fields")


async def _prefix(lane: Lane) -> None:
    """A longer conversation begins with the very bytes of the shorter one."""
    system = ("You code.", "Be brief.")
    first = await lane.ask(Ask(LOOP, system, (WEATHER,)))
    more = (*LOOP, assistant("Sunny."), user("Thanks."))
    second = await lane.ask(Ask(more, system, (WEATHER,)))
    before, after = (json.dumps(each.heard.body) for each in (first, second))
    key = next(k for k in ("messages", "contents", "input") if k in first.heard.body)
    a, b = first.heard.body[key], second.heard.body[key]
    assert b[: len(a)] == a
    assert len(b) > len(a)
    begins = before.index(json.dumps(a)[:-1])
    assert (
        after[: begins + len(json.dumps(a)) - 1]
        == before[: begins + len(json.dumps(a)) - 1]
    )
    twice = await lane.ask(Ask(LOOP, system, (WEATHER,)))
    assert twice.seen is not None
    assert first.seen is not None
    assert twice.seen.body == first.seen.body


async def _unknown(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(more={"brand_new_field": {"deep": [1]}}))
    lane.arrives(found=False, told=told, or_loses="field")


async def _first_answer(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask((assistant("Welcome."), user("Hello."))))
    first = told.heard.turns[0]
    lane.arrives(first.role == "assistant", told, or_loses="first_turn")
    assert "Welcome." in told.heard.text


CASES = (
    Case("text", "Words arrive as they are, both ways.", _text),
    Case("system_flatten", "Instructions keep their order.", _system, streams=False),
    Case(
        "22_attribution",
        "The first line of the instructions stays first.",
        _attribution,
        streams=False,
    ),
    Case(
        "23_later_system",
        "Instructions in the middle stay there.",
        _later_system,
        streams=False,
    ),
    Case("24_prefill", "A begun answer is continued.", _prefill, streams=False),
    Case(
        "first_turn",
        "A conversation may begin with an answer.",
        _first_answer,
        streams=False,
    ),
    Case("image", "A picture arrives.", _image, streams=False),
    Case("image_by_address", "A picture's address arrives.", _image_url, streams=False),
    Case(
        "image_earlier",
        "An earlier picture's address arrives.",
        _earlier_image_url,
        streams=False,
    ),
    Case("file", "A PDF file arrives.", _file, streams=False),
    Case("file_of_text", "A text given as a file arrives.", _text_file, streams=False),
    Case("18_citations", "Sources are shown.", _sources, streams=False),
    Case("18_citations_streamed", "Sources are streamed.", _sources, streams=True),
    Case("19_refusal", "A refusal is told as one.", _refused),
    Case("19_refusal_reason", "Why the model declined is told.", _why_refused),
    Case("20_pause_turn", "A pause keeps the provider's own steps.", _paused),
    Case("structured_output", "The form of the answer arrives.", _form),
    Case("21_cache_marks", "Cache marks arrive.", _cache_marks, streams=False),
    Case("21_cache_key", "The cache key arrives.", _cache_key, streams=False),
    Case(
        "21_stable_prefix",
        "A longer conversation begins the same.",
        _prefix,
        streams=False,
    ),
    Case("unknown_field", "What nobody knows is named.", _unknown, streams=False),
)
