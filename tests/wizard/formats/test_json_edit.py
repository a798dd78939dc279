from __future__ import annotations

import json
import time

import pytest

from wizard.formats import (
    ABSENT,
    Broken,
    Edit,
    Format,
    Item,
    Json,
    KeyPath,
    Refused,
    parsed,
    value_at,
    with_edits,
)

_OURS = Item("name", "Ours")


def _set(text: str, path: KeyPath, value: Json, fmt: Format = Format.JSONC) -> str:
    new = with_edits(fmt, text, [Edit(path, value)])
    assert with_edits(fmt, new, [Edit(path, value)]) == new
    return new


def _gone(text: str, path: KeyPath, fmt: Format = Format.JSONC) -> str:
    return with_edits(fmt, text, [Edit(path, ABSENT)])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"k": 1}', '{"k": "v"}'),
        ('{"k":1,"b":2}', '{"k":"v","b":2}'),
        ('{\n  "k": {"x": 1} // n\n}', '{\n  "k": "v" // n\n}'),
        ('{"\\u006b" : [1, /* x */ 2] }', '{"\\u006b" : "v" }'),
        ('{"k": "v"}', '{"k": "v"}'),
        ('{"k": "\\u0076"}', '{"k": "\\u0076"}'),
    ],
)
def test_an_existing_value_is_replaced_alone(text: str, wanted: str) -> None:
    assert _set(text, ("k",), "v") == wanted


@pytest.mark.parametrize(
    ("old", "new"), [("1", True), ("true", 1), ("1", 1.0), ("0", False), ("1.0", 1)]
)
def test_values_of_another_kind_are_not_equal(old: str, new: Json) -> None:
    text = _set(f'{{"k": {old}}}', ("k",), new)
    assert type(value_at(Format.JSON, text, ("k",))) is type(new)
    assert text != f'{{"k": {old}}}'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "k": "v"\n}\n'),
        ('{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"k": "v"\n}'),
        ('{\r\n  "a": 1\r\n}', '{\r\n  "a": 1,\r\n  "k": "v"\r\n}'),
        ('{\n  "a": 1,\n}', '{\n  "a": 1,\n  "k": "v",\n}'),
        ('{\n  "a": 1 // n\n}', '{\n  "a": 1, // n\n  "k": "v"\n}'),
        ('{\n  "a": 1, // n\n}', '{\n  "a": 1, // n\n  "k": "v",\n}'),
        (
            '{\n  "a": 1 /* , */ /* } */\n}',
            '{\n  "a": 1, /* , */ /* } */\n  "k": "v"\n}',
        ),
        ('{\n  "a": 1\n  // below\n}', '{\n  "a": 1,\n  "k": "v"\n  // below\n}'),
        ('{\n  "a": 1 }', '{\n  "a": 1,\n  "k": "v" }'),
        ('{"a":1}', '{"a":1, "k": "v"}'),
        ('{"a":1,}', '{"a":1, "k": "v",}'),
        ('{"a": 1 // n\n}', '{"a": 1, "k": "v" // n\n}'),
    ],
)
def test_a_new_member_comes_last_and_goes_without_a_trace(
    text: str, wanted: str
) -> None:
    assert _set(text, ("k",), "v") == wanted
    assert _gone(wanted, ("k",)) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", '{\n  "k": "v"\n}\n'),
        ("\n", '{\n  "k": "v"\n}\n'),
        ("// n", '// n\n{\n  "k": "v"\n}\n'),
        ("// n\r\n", '// n\r\n{\r\n  "k": "v"\r\n}\r\n'),
        ("{}", '{\n  "k": "v"\n}'),
        ("{ \n}\n", '{\n  "k": "v"\n}\n'),
        ("{ // n\n}", '{ // n\n  "k": "v"\n}'),
        ("{ /* n */ }", '{ /* n */\n  "k": "v"\n }'),
        ("{\n  // n\n}", '{\n  // n\n  "k": "v"\n}'),
    ],
)
def test_the_first_member(text: str, wanted: str) -> None:
    assert _set(text, ("k",), "v") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{\n    "a": {}\n}', '{\n    "a": {\n        "k": "v"\n    }\n}'),
        ('{"a": {}}', '{"a": {"k": "v"}}'),
        ('{"a": { }}', '{"a": {"k": "v" }}'),
        ('{"a": { // n\n}}', '{"a": { // n\n  "k": "v"\n}}'),
        ('{\n  "b": 1\n}', '{\n  "b": 1,\n  "a": {\n    "k": "v"\n  }\n}'),
        ('{"b": 1}', '{"b": 1, "a": {"k": "v"}}'),
        ('{\n"b": 1\n}', '{\n"b": 1,\n"a": {\n  "k": "v"\n}\n}'),
        ('{\n  "a": null\n}', '{\n  "a": {\n    "k": "v"\n  }\n}'),
        ('{"a": null}', '{"a": {"k": "v"}}'),
    ],
)
def test_missing_parents_are_made(text: str, wanted: str) -> None:
    assert _set(text, ("a", "k"), "v") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"k": 1, "b": 2}', '{"b": 2}'),
        ('{"a": 1, "k": 2 , "b": 3}', '{"a": 1, "b": 3}'),
        ('{"a": 1, "k": 2}', '{"a": 1}'),
        ('{"a": 1, /* n */ "k": 2}', '{"a": 1 /* n */ }'),
        ('{"a": 1, "k": 2 /* n */, "b": 3}', '{"a": 1,  /* n */ "b": 3}'),
        ('{"a": 1, "k": 2 /* n */,}', '{"a": 1,  /* n */}'),
        ('{"a": 1, /* n */ "k": 2,}', '{"a": 1, /* n */ }'),
        ('{\n  "k": 1, // n\n  "b": 2\n}', '{\n   // n\n  "b": 2\n}'),
        ('{\n  // n\n  "k": 1,\n  "b": 2\n}', '{\n  // n\n  "b": 2\n}'),
        ('{\n  "a": 1,\n  // n\n  "k": 1}', '{\n  "a": 1\n  // n\n  }'),
        ('{\n  "a": 1,\n  "k": 1\n}', '{\n  "a": 1\n}'),
        ('{\n  "a": 1 // n\n  , "k": 1\n}', '{\n  "a": 1 // n\n  \n}'),
        ('{\n  "a": 1\n  ,\n  "k": 1\n}', '{\n  "a": 1\n  \n}'),
        ('{"k": 1}', "{}"),
        ('{"k": 1 ,}', "{}"),
        ('{"k": 1 /* n */}', "{ /* n */}"),
        ('{"k": 1 /* n */,}', "{ /* n */}"),
        ('{"b": 1}', '{"b": 1}'),
        ('{"k2": {"k": 1}}', '{"k2": {"k": 1}}'),
    ],
)
def test_a_member_is_taken_away_and_comments_stay(text: str, wanted: str) -> None:
    assert _gone(text, ("k",)) == wanted


def test_no_comment_swallows_what_follows() -> None:
    text = '{\n  "a": 1, // note\n  "k": 2 }'
    assert parsed(Format.JSONC, _gone(text, ("k",))) == {"a": 1}


def test_an_object_over_an_object_is_set_leaf_by_leaf() -> None:
    text = '{\n  "o": {\n    // why\n    "a": 1, // old\n    "b": 2\n  }\n}'
    new = _set(text, ("o",), {"a": 5, "c": {"d": 1}})
    assert new == (
        '{\n  "o": {\n    // why\n    "a": 5, // old\n    "c": {\n      "d": 1\n    }\n'
        "  }\n}"
    )
    assert _set(text, ("o",), {}) == '{\n  "o": {\n    // why\n     // old\n  }\n}'


class TestElements:
    def test_the_list_is_made(self) -> None:
        text = _set("{}", ("m", _OURS, "url"), "u")
        assert parsed(Format.JSON, text) == {"m": [{"name": "Ours", "url": "u"}]}

    def test_an_element_is_added_changed_and_taken_away(self) -> None:
        text = '{\n  "m": [\n    {"name": "x"} // n\n  ]\n}'
        more = _set(text, ("m", _OURS), {"url": "u"})
        assert more == (
            '{\n  "m": [\n    {"name": "x"}, // n\n    {\n      "name": "Ours",\n'
            '      "url": "u"\n    }\n  ]\n}'
        )
        assert '"url": "w"' in _set(more, ("m", _OURS, "url"), "w")
        assert _gone(more, ("m", _OURS)) == text

    def test_an_element_on_one_line(self) -> None:
        text = '{"m": [1, {"name": "Ours", "url": "u"}, 2]}'
        assert _gone(text, ("m", _OURS)) == '{"m": [1, 2]}'
        assert _gone('{"m": [1]}', ("m", _OURS)) == '{"m": [1]}'
        assert _set('{"m": [1]}', ("m", _OURS), {}) == '{"m": [1, {"name": "Ours"}]}'

    def test_two_of_our_name_are_refused(self) -> None:
        text = '{"m": [{"name": "Ours"}, {"name": "Ours"}]}'
        with pytest.raises(Refused):
            _set(text, ("m", _OURS, "url"), "u")

    @pytest.mark.parametrize("value", ["text", {"name": "Other"}])
    def test_an_element_carries_its_name(self, value: Json) -> None:
        with pytest.raises(Refused):
            _set("{}", ("m", _OURS), value)

    def test_a_list_as_root(self) -> None:
        assert parsed(Format.JSON, _set("[]", (_OURS, "u"), 1)) == [
            {"name": "Ours", "u": 1}
        ]
        text = _set("", (_OURS, "u"), 1)
        assert text.startswith("[\n  {\n")
        with pytest.raises(Refused):
            _set("{}", (_OURS, "u"), 1)


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ('{"k": 1,\n"k": 2}', ("k",), 2),
        ('{"k": {},\n\n"\\u006b": {}}', ("k", "x"), 3),
        ('{"k":\n[1]}', ("k", "x"), 2),
        ('{"k":\n{}}', ("k", _OURS, "x"), 2),
        ('{"k": "text"}', ("k", "x"), 1),
        ("null", ("k",), 1),
        ("[]", ("k",), 1),
        ("{}", (), 0),
    ],
)
def test_what_cannot_be_set_alone_is_refused_with_its_line(
    text: str, path: KeyPath, line: int
) -> None:
    with pytest.raises(Refused) as refused:
        _set(text, path, "v")
    assert refused.value.line == line


def test_nothing_is_taken_away_where_nothing_is() -> None:
    for text in ('{"k": 1}', "", "null", '{"k": null}', '{"k": [{"k": 1}]}'):
        assert _gone(text, ("k", "x")) == text
        assert _gone(text, ("k", _OURS)) == text


@pytest.mark.parametrize(
    ("fmt", "text", "line"),
    [
        (Format.JSON, '{"a": 1,\n// n\n"b": 2}', 2),
        (Format.JSON, '{"a": 1,\n}', 2),
        (Format.JSON, "{'a': 1}", 1),
        (Format.JSON, "[NaN]", 0),
        (Format.JSON, "{}\n{}", 2),
        (Format.JSON, '{"a": "\t"}', 1),
        (Format.JSON, "[1\n" + "[" * 200, 2),
        (Format.JSON, '["[[', 1),
        (Format.JSON, "]", 1),
        (Format.JSONC, "[,]", 1),
        (Format.JSONC, "{,}", 1),
        (Format.JSONC, "[1,,]", 1),
        (Format.JSONC, "[Infinity]", 0),
        (Format.JSONC, "{a: 1}", 1),
        (Format.JSONC, "\n{'a': 1}", 2),
        (Format.JSONC, "/* n", 1),
        (Format.JSONC, '{\n"a', 2),
        (Format.JSONC, "\v{}", 1),
        (Format.JSONC, "{ // \u2028 }\n}", 1),
        (Format.JSONC, "]", 1),
        (Format.JSON5, "[\n" + "[" * 200, 2),
        (Format.JSON5, "{1: 2}", 1),
        (Format.JSON5, "{a-b: 2}", 1),
        (Format.JSON5, "[\n\ntru]", 3),
        (Format.JSON5, "[.]", 1),
        (Format.JSON5, "[+]", 1),
        (Format.JSON5, "[01]", 1),
        (Format.JSON5, "['\\1']", 1),
        (Format.JSON5, "['\\x4']", 1),
        (Format.JSON5, "['\\u12']", 1),
        (Format.JSON5, "[0x" + "f" * 2000 + "]", 1),
        (Format.JSON5, "[" + "1" * 5000 + "]", 0),
    ],
)
def test_a_broken_text_is_named_with_its_line(
    fmt: Format, text: str, line: int
) -> None:
    with pytest.raises(Broken) as broken:
        with_edits(fmt, text, [Edit(("k",), "v")])
    assert broken.value.line == line
    assert not isinstance(broken.value, Refused)


def test_json5_reads_all_its_forms() -> None:
    text = (
        "\ufeff// n\u2028{a: +1, $b: -0x1F, 'c\\'': .5, \"d\": 5., e: 1e3, f: Infinity,"
        "\u00a0g: -Infinity, \\u0068: 'x\\\r\ny\\x41\\0\\v\\q\\ud83d\\ude00', i: [1,],}"
    )
    assert parsed(Format.JSON5, text) == {
        "a": 1,
        "$b": -31,
        "c'": 0.5,
        "d": 5.0,
        "e": 1000.0,
        "f": float("inf"),
        "g": float("-inf"),
        "h": "xyA\0\vq\U0001f600",
        "i": [1],
    }
    assert str(parsed(Format.JSON5, "[NaN, -NaN]")) == "[nan, nan]"
    new = _set(text, ("h",), "v", Format.JSON5)
    assert new == text[: text.index("'x")] + '"v"' + text[text.index(", i:") :]


def test_a_nan_beside_our_key_does_not_matter() -> None:
    assert _set("{a: NaN}", ("k",), 1, Format.JSON5) == '{a: NaN, "k": 1}'


def test_what_the_format_cannot_hold_is_refused() -> None:
    for value in (float("nan"), "\ud800"):
        with pytest.raises(Refused):
            with_edits(Format.JSON, "{}", [Edit(("k",), value)])


def test_nothing_of_the_text_is_in_the_complaint() -> None:
    with pytest.raises(Broken) as broken:
        parsed(Format.JSON5, "{key: canary-secret}")
    assert "canary" not in str(broken.value)


def test_five_megabytes_take_seconds_at_most() -> None:
    rows = {
        f"k{n}": {"a": n, "b": "text" * 8, "c": [True, None]} for n in range(42_000)
    }
    text = json.dumps(rows, indent=2)
    start = time.process_time()
    new = with_edits(Format.JSON, text, [Edit(("env", "K"), "v")])
    assert time.process_time() - start < 6  # 1.5 s on an idle machine
    assert len(new) > len(text) > 4_500_000
