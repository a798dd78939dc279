from __future__ import annotations

from typing import ClassVar

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
    with_edits,
)

_OURS = Item("name", "Ours")


def _set(text: str, path: KeyPath, value: Json) -> str:
    new = with_edits(Format.YAML, text, [Edit(path, value)])
    assert with_edits(Format.YAML, new, [Edit(path, value)]) == new
    return new


def _gone(text: str, path: KeyPath) -> str:
    return with_edits(Format.YAML, text, [Edit(path, ABSENT)])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("k: x # n\n", 'k: "v" # n\n'),
        ("k:   'x'\r\nb: yes\r\n", 'k:   "v"\r\nb: yes\r\n'),
        ("k:\nb: 1\n", 'k: "v"\nb: 1\n'),
        ("k: # n\nb: 1\n", 'k: "v" # n\nb: 1\n'),
        ("k:", 'k: "v"'),
        ("k: [a,   b] # n\n", 'k: "v" # n\n'),
        ("k:\n  - a # n\n  - b\nz: 1\n", 'k: "v"\nz: 1\n'),
        ("{k: 1, b:  2}\n", '{k: "v", b:  2}\n'),
        ("k: one\n  two\n", 'k: "v"\n'),
        ('k: "v"\n', 'k: "v"\n'),
        ("k: v\n", "k: v\n"),
    ],
)
def test_an_existing_value_is_replaced_alone(text: str, wanted: str) -> None:
    assert _set(text, ("k",), "v") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", 'k: "v"\n'),
        ("# n\n", '# n\nk: "v"\n'),
        ("# n", '# n\nk: "v"'),
        ("---\n", '---\nk: "v"\n'),
        ("a: 1\r\n", 'a: 1\r\nk: "v"\r\n'),
        ("a: 1", 'a: 1\nk: "v"'),
        ("a: 1 # n\n\n# tail\n", 'a: 1 # n\nk: "v"\n\n# tail\n'),
        (
            "a:\n    b:\n        - c # n\n# tail\n",
            'a:\n    b:\n        - c # n\nk: "v"\n# tail\n',
        ),
        ("a: |\n  x # y\n\n# tail\n", 'a: |\n  x # y\nk: "v"\n\n# tail\n'),
        ("a: |+\n  x\n\n", 'a: |+\n  x\n\nk: "v"\n'),
        ("a: |+\r\n  x\r\n\r\n", 'a: |+\r\n  x\r\n\r\nk: "v"\r\n'),
        ("a:\n", 'a:\nk: "v"\n'),
        ("a:\n  -\n", 'a:\n  -\nk: "v"\n'),
        ("a:\n  - x: 1\n  - y:\n", 'a:\n  - x: 1\n  - y:\nk: "v"\n'),
        ("a: 1\n...\n", 'a: 1\nk: "v"\n...\n'),
        ("{a: 1}\n", '{a: 1, "k": "v"}\n'),
        ("{a}\n", '{a, "k": "v"}\n'),
        ("{\n a: 1, # n\n}\n", '{\n a: 1, "k": "v", # n\n}\n'),
        ("{}\n", '{"k": "v"}\n'),
    ],
)
def test_a_new_key_comes_last_and_goes_without_a_trace(text: str, wanted: str) -> None:
    assert _set(text, ("k",), "v") == wanted
    assert _gone(wanted, ("k",)) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: 1\n", 'a: 1\nenv:\n  k: "v"\n'),
        ("a:\n    b: 1\n", 'a:\n    b: 1\nenv:\n    k: "v"\n'),
        ("env:\n", 'env:\n  k: "v"\n'),
        ("env: # n\nb: 1\n", 'env: # n\n  k: "v"\nb: 1\n'),
        ("env: ~\n", 'env: {"k": "v"}\n'),
        ("env: {}\n", 'env: {"k": "v"}\n'),
        ("env:\n   a: 1 # n\nb: 1\n", 'env:\n   a: 1 # n\n   k: "v"\nb: 1\n'),
        ("{env: }\n", '{env: {"k": "v"} }\n'),
    ],
)
def test_missing_parents_are_made(text: str, wanted: str) -> None:
    assert _set(text, ("env", "k"), "v") == wanted


@pytest.mark.parametrize(
    "value",
    [
        *("yes", "010", "#", "a: b", "\x7f\x85\u2028\ufeff\x00", "é\U0001f600", "\t\n"),
        *(True, None, 5, 1.5, 1e22, 1e-9, float("inf"), float("-inf"), float("nan")),
        *([], {}, [{"a": [1, []]}, "x", {}], {"yes": {"a b": [[1]]}, "x": {}}),
    ],
)
def test_what_is_written_is_read_again(value: Json) -> None:
    for text in ("", "k: 1\n", "a:\n- 1\n", "{a: 1}"):
        assert "k" in _set(text, ("k",), value)


class TestElements:
    ELEMENT: ClassVar[Json] = {"name": "Ours", "url": "u", "roles": ["chat"]}

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            (
                "a: 1\n",
                (
                    'a: 1\nm:\n  - name: "Ours"\n    url: "u"\n    roles:\n'
                    '      - "chat"\n'
                ),
            ),
            (
                "m:\n- name: x # n\n\n# tail\n",
                (
                    'm:\n- name: x # n\n- name: "Ours"\n  url: "u"\n  roles:\n'
                    '  - "chat"\n\n# tail\n'
                ),
            ),
            ("m: []\n", 'm: [{"name": "Ours", "url": "u", "roles": ["chat"]}]\n'),
            (
                "m: [a,  b]\n",
                'm: [a,  b, {"name": "Ours", "url": "u", "roles": ["chat"]}]\n',
            ),
            (
                "m:\n  - # n - m\n    name: x\n",
                (
                    'm:\n  - # n - m\n    name: x\n  - name: "Ours"\n    url: "u"\n'
                    '    roles:\n      - "chat"\n'
                ),
            ),
        ],
    )
    def test_an_element_is_added_and_taken_away(self, text: str, wanted: str) -> None:
        assert _set(text, ("m", _OURS), self.ELEMENT) == wanted
        back = _gone(wanted, ("m", _OURS))
        assert back == (text if "m:" in text else "a: 1\nm: []\n")

    def test_an_element_between_others(self) -> None:
        text = "m:\n  - a\n  - name: Ours # n\n    url: u\n  # about b\n  - b\n"
        assert _gone(text, ("m", _OURS)) == "m:\n  - a\n  # about b\n  - b\n"
        assert _set(text, ("m", _OURS, "url"), "w") == text.replace(
            "url: u", 'url: "w"'
        )
        assert _gone(text, ("m", _OURS, "url")) == text.replace("    url: u\n", "")

    def test_the_first_key_of_an_element(self) -> None:
        text = "m:\n  - url: u\n    name: Ours\n"
        assert _gone(text, ("m", _OURS, "url")) == "m:\n  - name: Ours\n"
        with pytest.raises(Refused):
            _gone(text.replace("url: u", "url: u\n    # n"), ("m", _OURS, "url"))

    def test_a_list_as_root(self) -> None:
        assert _set("", (_OURS, "u"), 1) == '- name: "Ours"\n  u: 1\n'
        assert _set("- a\n", (_OURS, "u"), 1) == '- a\n- name: "Ours"\n  u: 1\n'

    def test_an_empty_element(self) -> None:
        assert _set("m:\n  -\n", ("m", _OURS), {}) == 'm:\n  -\n  - name: "Ours"\n'
        assert _set("m:\n- - a\n", ("m", _OURS), {}) == 'm:\n- - a\n- name: "Ours"\n'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("env:\n  k: 1\n", "env: {}\n"),
        ("env: # n\n  k: 1\nb: 1\n", "env: {} # n\nb: 1\n"),
        (
            "env:\n  # n\n  k: 1\n  b: |\n    x\n\nc: 1\n",
            "env:\n  # n\n  b: |\n    x\n\nc: 1\n",
        ),
        ("env: {k: 1}\n", "env: {}\n"),
        ("env: {k: 1, }\n", "env: { }\n"),
        ("env: {k: 1, b: 2}\n", "env: {b: 2}\n"),
        ("env: {a: 1, k: 2, b: 3}\n", "env: {a: 1, b: 3}\n"),
        ("env:\n  b: 1\n  k: 1", "env:\n  b: 1"),
        ("env:\r\n  b: 1\r\n  k: 1", "env:\r\n  b: 1"),
        ("env:\n  k:\n  b: 1\n", "env:\n  b: 1\n"),
        ("env: 5\n", "env: 5\n"),
    ],
)
def test_a_key_is_taken_away(text: str, wanted: str) -> None:
    assert _gone(text, ("env", "k")) == wanted


def test_the_only_key_of_a_document() -> None:
    assert _gone("k: 1", ("k",)) == ""
    assert _gone("# n\nk: 1 # gone with it\n", ("k",)) == "# n\n"


def test_the_only_key_of_an_element() -> None:
    text = "- a\n- name: Ours # n\n"
    assert _gone(text, (_OURS, "name")) == "- a\n- {} # n\n"


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a: &x {b: 1}\nk: *x\n", ("k", "b"), 2),
        ("k: &x {b: 1}\na: *x\n", ("k", "b"), 1),
        ("a: &x 1\nk: *x\n", ("k",), 2),
        ("k: &x 1\n", ("k",), 1),
        ("b: 1\nk:\n  <<: {a: 1}\n", ("k", "b"), 3),
        ("a: 1\nk: |\n  x\n", ("k",), 2),
        ("k: text\n", ("k", "b"), 1),
        ("k: {}\n", ("k", _OURS, "b"), 1),
        ("- 1\n", ("k",), 1),
        ("? k\n: \n", ("k",), 1),
        ("a: &x [1]\nb:\n  - *x\n", ("b", _OURS, "k"), 3),
        ("a: &x [1]\nb: [*x]\n", ("b", _OURS, "k"), 2),
        ("b:\n  - &x 1\n  - *x\n", ("b", _OURS, "k"), 2),
        ("a: 1\nb: >\n  x", ("k",), 0),
        ("m: [{name: Ours}, {name: Ours}]\n", ("m", _OURS, "k"), 0),
        ("null\n", ("k",), 1),
        ('1: a\n"1": b\n', ("1",), 2),
    ],
)
def test_what_cannot_be_set_alone_is_refused_with_its_line(
    text: str, path: KeyPath, line: int
) -> None:
    with pytest.raises(Refused) as refused:
        _set(text, path, "v")
    assert refused.value.line == line


@pytest.mark.parametrize("text", ["{a: 1, # n\n k: 2}\n", "{a: 1,\n # n\n k: 2}\n"])
def test_a_comment_beside_our_key_in_brackets_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        _gone(text, ("k",))


@pytest.mark.parametrize(
    ("text", "word", "line"),
    [
        ("a: 1\n---\nb: 2\n", "second document", 2),
        ("a: 1\nb: 1\na: 2\n", "twice", 3),
        ("a:\n\t- 1\n", "YAML", 2),
        ("a: [1\n", "YAML", 2),
        ("a: !ours 1\n", "YAML", 1),
        ("a: !!python/object:os.system x\n", "YAML", 1),
        ("a: 2024-99-99\n", "YAML", 0),
        ("\n" + "[" * 5000, "deep", 2),
        ("[" * 200 + "]" * 200, "deep", 0),
        ("a: &a [*a]\n", "deep", 0),
        ("a: 1\n" * 50_000, "large", 0),
    ],
)
def test_a_broken_text_is_named_with_its_line(text: str, word: str, line: int) -> None:
    with pytest.raises(Broken) as broken:
        parsed(Format.YAML, text)
    assert word in broken.value.why
    assert broken.value.line == line


def test_aliases_that_multiply_are_refused() -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for old, new in zip("abcdefg", "bcdefgh", strict=True):
        rows.append(f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]")
    with pytest.raises(Broken):
        parsed(Format.YAML, "\n".join(rows))


def test_a_key_in_a_form_of_its_own_stays() -> None:
    with pytest.raises(Refused):
        _gone("? k\n: v\n", ("k",))


def test_a_dash_on_a_line_of_its_own() -> None:
    text = "m:\n  - a\n  -\n    # n\n    name: Ours\n    url: u\n  - b\n"
    assert _gone(text, ("m", _OURS)) == "m:\n  - a\n  - b\n"


def test_an_unprintable_half_is_refused() -> None:
    with pytest.raises(Refused):
        _set("", ("k",), "\ud800")
