from __future__ import annotations

import tomllib

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


def _set(text: str, path: KeyPath, value: Json) -> str:
    new = with_edits(Format.TOML, text, [Edit(path, value)])
    assert with_edits(Format.TOML, new, [Edit(path, value)]) == new
    return new


def _gone(text: str, path: KeyPath) -> str:
    return with_edits(Format.TOML, text, [Edit(path, ABSENT)])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("k = 1 # n\n", 'k = "v" # n\n'),
        ("  'k'=[1, # n\n 2]\r\n", "  'k'=\"v\"\r\n"),
        ('k = """\nx"y""" \nb = 1', 'k = "v" \nb = 1'),
        ('k = """x"""""\n', 'k = "v"\n'),
        ("k = '''x'y''''\n", 'k = "v"\n'),
        ("k = { a = '}' }\n", 'k = "v"\n'),
        ("k = 2024-01-01 00:00:00 # n\n", 'k = "v" # n\n'),
        ('"\\u006b" = 1.5\n', '"\\u006b" = "v"\n'),
        ('k = "v"\n', 'k = "v"\n'),
    ],
)
def test_an_existing_value_is_replaced_alone(text: str, wanted: str) -> None:
    assert _set(text, ("k",), "v") == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# n\n",
        "a = 1",
        "# n\r\n[t]\r\na = 1\r\n",
        "# about t\n[t]",
        "[[t]]\n",
    ],
)
def test_a_root_key_is_the_first_line(text: str) -> None:
    new = _set(text, ("k",), "v")
    assert new == 'k = "v"' + ("\r\n" if "\r" in text else "\n") + text
    assert _gone(new, ("k",)) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", '[p.ours]\nk = "v"\n'),
        ("a = 1\n", 'a = 1\n\n[p.ours]\nk = "v"\n'),
        ("a = 1", 'a = 1\n\n[p.ours]\nk = "v"'),
        ("[p]\r\na = 1\r\n\r\n", '[p]\r\na = 1\r\n\r\n\r\n[p.ours]\r\nk = "v"\r\n'),
        ("[p.other]\na = 1\n# n", '[p.other]\na = 1\n# n\n\n[p.ours]\nk = "v"'),
        ("[p.ours.sub]\n", '[p.ours.sub]\n\n[p.ours]\nk = "v"\n'),
    ],
)
def test_a_new_table_comes_last_and_goes_without_a_trace(
    text: str, wanted: str
) -> None:
    assert _set(text, ("p", "ours", "k"), "v") == wanted
    if "sub" not in text:
        assert _gone(wanted, ("p", "ours")) == text
        assert value_at(Format.TOML, wanted, ("p", "ours")) == {"k": "v"}


def test_a_table_is_written_with_what_is_in_it() -> None:
    value: Json = {
        "url": "http://x",
        "path": "C:\\a b",
        "quote": "it's \\",
        "headers": {"x-key": "canary", "a b": ""},
        "list": [1, True, 1.5, []],
        "none": {},
        "control": "\x7f\x00\n\U0001f600",
    }
    text = _set("", ("p", "a.b"), value)
    assert text.startswith('[p."a.b"]\nurl = "http://x"\npath = \'C:\\a b\'\n')
    assert 'headers = { x-key = "canary", "a b" = "" }\n' in text
    assert tomllib.loads(text) == {"p": {"a.b": value}}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[t] # h\n", '[t] # h\nk = "v"\n'),
        ("[t]", '[t]\nk = "v"'),
        (
            "[t]\n  a = 1 # n\n\n# about u\n[u]\n",
            '[t]\n  a = 1 # n\n  k = "v"\n\n# about u\n[u]\n',
        ),
        ("[t]\r\na = [\r\n1]\r\n[t.u]", '[t]\r\na = [\r\n1]\r\nk = "v"\r\n[t.u]'),
        ("[t]\nx.y = 1\n", '[t]\nx.y = 1\nk = "v"\n'),
    ],
)
def test_a_key_comes_last_in_its_table(text: str, wanted: str) -> None:
    assert _set(text, ("t", "k"), "v") == wanted
    assert _gone(wanted, ("t", "k")) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("k = 1 # n\n", "# n\n"),
        ("a = 1\r\nk = 2", "a = 1"),
        ("k = [\n1,\n]\nb = 1\n", "b = 1\n"),
        ("[k]\na = 1\n[k.u]\n[x]\n", "[x]\n"),
        ("a = 1\n\n[k]\nx = 1\n\n[[k.l]]\ny = 1\n", "a = 1\n"),
        ("a = 1\n\n[k]\n# n", "a = 1\n# n"),
        ("k.a = 1\nk.b = 2\nz = 1\n", "z = 1\n"),
        ("a = 1\n\n[k]", "a = 1"),
        ("a = 1\n\n[k]\n\n[k.u]", "a = 1"),
        ("z = 1\n", "z = 1\n"),
    ],
)
def test_a_key_is_taken_away(text: str, wanted: str) -> None:
    assert _gone(text, ("k",)) == wanted


def test_a_table_over_a_table_is_set_key_by_key() -> None:
    text = "[t] # h\n# why\na = 1 # n\nb = 2\n"
    new = _set(text, ("t",), {"a": 5, "c": "x"})
    assert new == '[t] # h\n# why\na = 5 # n\nc = "x"\n'
    assert _set("[t]\n", ("t",), {"a": 1}) == "[t]\na = 1\n"
    assert _set("t = { a = 1, b = 2 }\n", ("t",), {"b": 2}) == "t = { b = 2 }\n"


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nt = { x = 1 }\n", ("t", "k"), 2),
        ("t = { x = 1 }\n", ("t", "x"), 1),
        ("\n[[t]]\na = 1\n", ("t", "k"), 2),
        ("[[t]]\n[t.u]\n", ("t", "u", "k"), 1),
        ("t.a = 1\n", ("t", "k"), 1),
        ("[t]\nb.c = 1\n", ("t", "b", "k"), 2),
        ("[k]\na = 1\n", ("k",), 1),
        ("[k.b]\na = 1\n", ("k",), 1),
        ("t = 1\n", ("t", "k"), 1),
        ("", ("t", Item("name", "x")), 0),
    ],
)
def test_what_cannot_be_set_alone_is_refused_with_its_line(
    text: str, path: KeyPath, line: int
) -> None:
    value: Json = {"name": "x"} if isinstance(path[-1], Item) else 5
    with pytest.raises(Refused) as refused:
        _set(text, path, value)
    assert refused.value.line == line


@pytest.mark.parametrize("value", [None, [None], {"a": None}, "\ud800", 2**64 + 0.5j])
def test_what_toml_lacks_is_refused(value: Json) -> None:
    with pytest.raises(Refused):
        _set("", ("k",), value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb =\n", 2),
        ("a = 1\na = 2\n", 2),
        ("a = [\n", 2),
        ("a = " + "[" * 20_000, 0),
        ("a = " + "[" * 200 + "]" * 200, 0),
        ("a = 2024-13-01\n", 1),
        ("a = " + "1" * 5000, 0),
        ("a = 1\n" * 200_000, 0),
    ],
)
def test_a_broken_text_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Broken) as broken:
        parsed(Format.TOML, text)
    assert broken.value.line == line


def test_several_edits_stand_together() -> None:
    edits = [
        Edit(("model_provider",), "ours"),
        Edit(("model_providers", "ours", "name"), "Ours"),
        Edit(("model_providers", "ours", "http_headers"), {"x": "canary"}),
        Edit(("model",), ABSENT),
    ]
    text = '# mine\nmodel = "m"\n\n[model_providers.other] # o\nname = "o"\n'
    new = with_edits(Format.TOML, text, edits)
    assert new == (
        'model_provider = "ours"\n# mine\n\n[model_providers.other] # o\nname = "o"\n'
        '\n[model_providers.ours]\nname = "Ours"\n'
        '\n[model_providers.ours.http_headers]\nx = "canary"\n'
    )
    assert with_edits(Format.TOML, new, edits) == new
