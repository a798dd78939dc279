import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resources
from app.failure import CommandFailed
from app.settings.edit import with_mode, with_on_quit
from app.settings.fields import OnQuit
from proxy.routing import Mode


def changed(text: str, mode: Mode = Mode.OFFLINE) -> str:
    return with_mode(text.encode(), mode).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[gateway]\nmode = "direct"\n', '[gateway]\nmode = "offline"\n'),
        (
            "# a\n[gateway] # b\n  mode   =  'direct'   # why\nport = 1",
            '# a\n[gateway] # b\n  mode   =  "offline"   # why\nport = 1',
        ),
        (
            '[gateway]\r\nport = 1\r\nmode = "direct" # x\r\n\r\n# p\r\n[other]\r\n',
            '[gateway]\r\nport = 1\r\nmode = "offline" # x\r\n\r\n# p\r\n[other]\r\n',
        ),
        ('gateway.mode = "direct"\n', 'gateway.mode = "offline"\n'),
        ('gateway = { mode = "direct" }\n', 'gateway = { mode = "offline" }\n'),
        (
            "[gateway]\nport = 1\n\n# about other\n[other]\n",
            '[gateway]\nmode = "offline"\nport = 1\n\n# about other\n[other]\n',
        ),
        ("[gateway]", '[gateway]\nmode = "offline"'),
        ("a = 1\r\n[gateway]", 'a = 1\r\n[gateway]\r\nmode = "offline"'),
        (
            "[gateway]\r\nmode = 'direct'",
            '[gateway]\r\nmode = "offline"',
        ),
        ("[gateway]\r\n", '[gateway]\r\nmode = "offline"\r\n'),
        (
            "a = 1\r\n[other]\r\nb = 1",
            'a = 1\r\n[other]\r\nb = 1\r\n\r\n[gateway]\r\nmode = "offline"\r\n',
        ),
        ("", '[gateway]\nmode = "offline"\n'),
        (
            'a = """\n[gateway]\n"""\n[gateway]\nport = 1\n',
            'a = """\n[gateway]\n"""\n[gateway]\nmode = "offline"\nport = 1\n',
        ),
    ],
)
def test_only_the_mode_changes(before: str, after: str) -> None:
    assert changed(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("gateway = { port = 1 }\r\n", 'gateway = { port = 1, mode = "offline"}\r\n'),
        (
            "gateway.port = 1\r\nx = 1\r\n",
            'gateway.port = 1\r\ngateway.mode = "offline"\r\nx = 1\r\n',
        ),
        ('[gateway]\nmode = """direct"""\n', '[gateway]\nmode = "offline"\n'),
        ('[gateway]\n"mode" = "direct"\n', '[gateway]\n"mode" = "offline"\n'),
        (
            '[gateway]\nmode = """\ndirect"""\nport = 1\n',
            '[gateway]\nmode = "offline"\nport = 1\n',
        ),
    ],
)
def test_odd_shapes(before: str, after: str) -> None:
    assert changed(before) == after


def test_tables_out_of_order_stay_where_they_are() -> None:
    text = '[[x]]\na = 1\n[gateway]\nmode = "direct"\n[[x]]\na = 2\n'
    assert changed(text) == text.replace("direct", "offline")


def test_a_byte_order_mark_stays() -> None:
    data = b'\xef\xbb\xbf[gateway]\r\nmode = "direct"\r\n'
    assert with_mode(data, Mode.OFFLINE) == data.replace(b"direct", b"offline")


def test_the_same_mode_is_the_same_file() -> None:
    data = b'[gateway]\nmode = "direct"   \n\n\n'
    assert with_mode(data, Mode.DIRECT) is data


def test_a_wrong_mode_is_mended() -> None:
    assert changed("[gateway]\nmode = 3 # x\n") == '[gateway]\nmode = "offline" # x\n'


def test_an_odd_shape_among_tables_out_of_order_is_refused() -> None:
    text = "gateway.port = 1\n[[x]]\na = 1\n[y]\nb = 1\n[[x]]\na = 2\n"
    with pytest.raises(CommandFailed, match="not changed"):
        changed(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[gateway]\nport = = 1\n", "line 2"),
        ('[gateway]\nmode = "direct', "line 2"),
        ("gateway = 3\n", "not a table"),
        ("[[gateway]]\nport = 1\n", "not a table"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text: str, says: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        changed(text)
    assert says in refused.value.message
    assert "as it was" in refused.value.message
    assert refused.value.todo


def test_there_and_back_gives_the_first_config_byte_for_byte() -> None:
    data = resources.data("first_config.toml")
    there = with_mode(data, Mode.OFFLINE)
    assert there == data.replace(b'mode = "direct"', b'mode = "offline"')
    assert with_mode(there, Mode.DIRECT) == data


_values = st.sampled_from(
    ["1", '"x"', "'y'  # c", "[1,\n  2, # d\n]", '"""\n[gateway]\n"""', "{ a = 1 }"]
)
_lines = st.one_of(
    st.sampled_from(["", "", "# mode = 1", "[other]", "[[list]]", "  # [gateway]"]),
    st.tuples(st.integers(0, 99), _values).map(lambda pair: f"k{pair[0]} = {pair[1]}"),
)
_table: st.SearchStrategy[list[str]] = st.one_of(
    st.just([]),
    st.just(["[gateway]"]),
    st.sampled_from(
        [
            ["[gateway]", 'mode = "direct"'],
            ["[ gateway ] # x", "port = 1", "mode = 'coding-auto'# y"],
            ["[gateway]", "port = 1", "", "# of port", "drain_seconds = 1"],
        ]
    ),
)


@given(
    st.lists(_lines, max_size=8),
    _table,
    st.lists(_lines, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([Mode.OFFLINE, Mode.CODING_FAST]),
)
def test_all_other_lines_keep_their_bytes(
    before: list[str], table: list[str], after: list[str], end: str, mode: Mode
) -> None:
    text = "\n".join([*before, *table, *after]).replace("\n", end)
    try:
        old = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    new = changed(text, mode)
    expected = {**old, "gateway": {**old.get("gateway", {}), "mode": mode.value}}
    assert tomllib.loads(new) == expected
    if "\n" in text:
        assert new.count("\r\n") == (new.count("\n") if end == "\r\n" else 0)
    kept = [line for line in text.split("\n") if "mode = " not in line or "#" in line]
    remaining = iter(new.split("\n"))
    for line in kept:
        if "coding-auto" not in line and line.strip():
            assert any(line.rstrip("\r") == each.rstrip("\r") for each in remaining)
    assert changed(new, mode) == new


def test_the_choice_for_quit_is_changed_alone() -> None:
    data = b'[gateway] # mine\nmode = "direct"\n\n[other]\non_quit = "x"\n'
    there = with_on_quit(data, OnQuit.UNWIRE)
    assert there == data.replace(b"# mine\n", b'# mine\non_quit = "unwire"\n')
    assert with_on_quit(there, OnQuit.UNWIRE) is there
    again = with_on_quit(there, OnQuit.KEEP)
    assert again == there.replace(b'"unwire"', b'"keep"')
    with pytest.raises(CommandFailed, match="choice for Quit"):
        with_on_quit(b"gateway = 1\n", OnQuit.KEEP)
