from __future__ import annotations

import re
from collections import Counter

import pytest
from labelled.conversation import HISTORIES, LARGE
from labelled.requests import (
    SHAPES,
    Labelled,
    Row,
    bodies_by_class,
    built,
    held,
    held_rows,
    requests,
    rows,
    texts,
)
from labelled.shapes.side import SIDES
from sdk_types import request_problems

from proxy.model import Protocol
from proxy.routing.facts import RouteClass
from proxy.wire import CLIENT_CODECS

_CODECS = {codec.protocol: codec for codec in CLIENT_CODECS}
# What Claude Code sends beside the vendor's published types, under its betas.
_BETAS = frozenset({"context_management", "output_config", "thinking.display"})
_SMALL = [row for row in rows() if row.history not in LARGE]
_OF_NO_PERSON = {"claude-prefix", "claude-probe"}


def one_of_each() -> list[Row]:
    """A row for each template and each state of the conversation."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows():
        found.setdefault((row.template, row.history), row)
    return list(found.values())


def test_it_is_large_enough_and_has_every_class() -> None:
    assert len(rows()) >= 320
    counted = Counter(row.label for row in rows())
    assert all(counted[name] >= 30 for name in RouteClass)


def test_no_line_is_there_twice() -> None:
    every = (*rows(), *held_rows())
    assert len({row.id for row in every}) == len(every)
    assert len({text.text for text in texts().values()}) == len(texts())


def test_every_text_template_and_state_is_used() -> None:
    assert {row.human for row in (*rows(), *held_rows())} == set(texts())
    assert {row.template for row in rows()} == {*SHAPES, *SIDES}
    assert {row.history for row in rows()} == {*HISTORIES, "side"}


def test_what_is_held_back_has_texts_of_its_own() -> None:
    assert not {row.human for row in rows()} & {row.human for row in held_rows()}
    assert len([each for each in held() if each.body]) == len(held_rows()) >= 50


def expected(row: Row) -> RouteClass:
    if row.history == "side":
        return RouteClass.HOUSEKEEPING
    if row.history in LARGE:
        return RouteClass.LONG_CONTEXT
    return texts()[row.human].label


def test_a_label_is_the_texts_unless_size_or_the_client_says_more() -> None:
    assert [
        row.id for row in (*rows(), *held_rows()) if row.label is not expected(row)
    ] == []


def test_work_in_many_steps_is_only_labelled_where_there_are_tools() -> None:
    heavy = [row for row in rows() if row.label is RouteClass.TOOL_HEAVY]
    assert all(SHAPES[row.template].tools for row in heavy)


def test_the_same_line_makes_the_same_bytes() -> None:
    assert [built(row).body for row in _SMALL] == [built(row).body for row in _SMALL]


@pytest.mark.parametrize("row", one_of_each(), ids=lambda row: row.id)
def test_a_body_is_what_the_vendor_would_take(row: Row) -> None:
    made = built(row)
    problems = request_problems(made.protocol, made.body, _BETAS)
    assert problems == []


@pytest.mark.parametrize("row", one_of_each(), ids=lambda row: row.id)
def test_a_body_is_read_by_our_own_codec(row: Row) -> None:
    made = built(row)
    codec = _CODECS.get(made.protocol)
    if codec is None:
        assert made.protocol is Protocol.OLLAMA
        return
    request = codec.read_request(made.body)
    assert request.messages
    assert bool(request.tools) is ('"tools":[{' in made.body.decode())


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def test_the_human_text_is_in_the_body() -> None:
    for row in _SMALL:
        if row.template in _OF_NO_PERSON:
            continue
        once = escaped(texts()[row.human].text.split("\n", 1)[0])
        body = built(row).body.decode()
        # opencode writes a whole conversation into one string when it sums up.
        assert once in body or escaped(once) in body, row.id


def test_large_ones_are_large_and_a_picture_makes_none() -> None:
    for made in requests():
        tokens = len(made.body) / 4
        if made.history in LARGE:
            assert tokens > 150_000
        elif made.history != "continues-big-picture":
            assert tokens < 40_000


def test_nothing_of_a_real_machine_or_person_is_in_a_body() -> None:
    telling = re.compile(rb"/tmp/|/root|/work/|Bearer|sk-[a-z]|@[a-z]+\.(com|org)")
    found = {row.id: telling.findall(built(row).body) for row in _SMALL}
    assert not {name: hits for name, hits in found.items() if hits}


def test_headers_are_found_whatever_their_case() -> None:
    made = built(next(row for row in rows() if row.template == "claude-code"))
    assert (made.header("USER-AGENT") or "").startswith("claude-cli/")
    assert made.header("x-absent") is None
    assert not made.path_stream


def test_they_come_by_class_too() -> None:
    found = bodies_by_class()
    assert set(found) == set(RouteClass)
    assert sum(len(some) for some in found.values()) == len(rows())
    assert all(isinstance(each, Labelled) for each in found[RouteClass.CHEAP_EDIT])
    assert all(each.why for some in found.values() for each in some)
