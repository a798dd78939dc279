import pytest
from hypothesis import given
from hypothesis import strategies as st

import resources
from app.settings import Config, Settings, read_config
from app.settings.config import MOST_BYTES, built_in
from proxy.catalogue import Place, known_providers
from proxy.routing import Mode

GOOD = b"""[gateway]
port = 9000
mode = "offline"

[[providers]]
id = "a"
base_url = "http://127.0.0.1:9800"
protocols = ["openai-chat"]
key = "none"
"""


def lines(config: Config) -> list[int | None]:
    return [problem.line for problem in config.problems]


def test_a_good_file() -> None:
    config = read_config(GOOD)
    assert config.problems == ()
    assert config.source == "file"
    assert config.settings == Settings(port=9000, mode=Mode.OFFLINE)
    assert (config.mode, config.raw_mode, config.mode_note) == (
        Mode.OFFLINE,
        "offline",
        "",
    )
    assert [provider.id for provider in config.providers] == ["a"]
    assert config.providers == config.catalogue.providers


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + GOOD, GOOD.replace(b"\n", b"\r\n")])
def test_windows_files_are_the_same(data: bytes) -> None:
    assert read_config(data) == read_config(GOOD)


def test_an_empty_file_is_the_defaults() -> None:
    config = read_config(b"")
    assert config.source == "file"
    assert config.settings == Settings()
    assert built_in().source == "built-in"


@pytest.mark.parametrize("mode", ["coding-auto", "coding-fast", "coding-premium"])
def test_a_mode_is_what_the_file_says(mode: str) -> None:
    config = read_config(f'[gateway]\nmode = "{mode}"\n'.encode())
    assert config.problems == ()
    assert config.settings.mode.value == config.raw_mode == mode
    assert (config.mode, config.mode_note) == (Mode(mode), "")


def test_every_problem_of_a_file_with_its_line() -> None:
    config = read_config(
        b'gatway = 1\n[gateway]\nport = 70000\nmode = "ofline"\nspeed = 9\n'
        b'[[providers]]\nid = "a"\nkey = "sk-123"\n'
        b'[[providers]]\nid = "anthropic"\nkey = "env:A"\nplace = "mars"\n'
    )
    assert [(problem.line, problem.where) for problem in config.problems] == [
        (1, "gatway"),
        (3, "gateway.port"),
        (4, "gateway.mode"),
        (5, "gateway.speed"),
        (6, "providers[0]"),
        (6, "providers[0]"),
        (8, "providers[0].key"),
        (12, "providers[1].place"),
    ]
    assert config.source == "partial"
    assert "sk-123" not in str(config)


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"[gateway]\nport = = 1\n", 2, "not valid TOML"),
        (b"[gateway]\nkey = sk-ant-secret\n", 2, "not valid TOML"),
        (b"a = 1\na = 2\n", 2, "not valid TOML"),
        (b'[gateway]\nmode = "direct', 2, "not valid TOML"),
        (b"a = [\n1,\n\n", 2, "not valid TOML"),
        (b"a = 1\nb = \xff\n", 2, "not UTF-8"),
        (b"a = " + b"9" * 5000, None, "too long"),
        (b"a = " + b"[" * 5000, None, "too deeply"),
        (b"#" * (MOST_BYTES + 1), None, "larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_toml(data: bytes, line: int | None, says: str) -> None:
    config = read_config(data)
    assert config.source == "partial"
    (problem,) = config.problems
    assert problem.line == line
    assert says in problem.message
    assert "secret" not in str(problem)


def test_tables_before_a_broken_one_are_sound() -> None:
    config = read_config(
        GOOD + b'[[providers]]\nid = "b"\nkey = "none"\n\n[[providers.models]]\nx = = 1'
    )
    assert lines(config) == [15]
    assert [provider.id for provider in config.providers] == ["a"]
    assert (config.mode, config.settings.port) == (Mode.OFFLINE, 9000)


def test_a_header_inside_a_text_is_no_header() -> None:
    config = read_config(GOOD + b'[[providers]]\nid = """\n[gateway]\nx\n')
    assert [provider.id for provider in config.providers] == ["a"]


def test_a_table_that_is_cut_short_is_not_used() -> None:
    config = read_config(GOOD.replace(b'"none"', b'"none'))
    assert config.providers == ()


@pytest.mark.parametrize(
    "data",
    [
        b'[gateway]\nmode = "ofline"\n',
        b"[gateway]\nmode = 3\n",
        b'[gateway]\nmod = "offline"\n',
        b'gateway = 3\n[other]\nmode = "offline"\n',
        b'[[gateway]]\nmode = "offline"\n',
        b'[gateway]\nmode = "offline\n',
        b'[gateway]\nport = = 1\nmode = "offline"\n',
        b'[gateway\nmode = "offline"\n',
    ],
)
def test_a_mode_that_cannot_be_read_lets_nothing_out(data: bytes) -> None:
    config = read_config(data)
    assert config.mode is Mode.OFFLINE
    assert "offline until" in config.mode_note


@pytest.mark.parametrize(
    "data",
    [
        b"[gateway]\nport = 0\n",
        b'[gateway]\nport = 0\nmode = "direct"\n',
        b"[gateway]\nport = = 1\n# mode = offline\n",
    ],
)
def test_other_problems_leave_the_mode_alone(data: bytes) -> None:
    config = read_config(data)
    assert config.mode is Mode.DIRECT
    assert config.problems


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_provider_that_is_this_gateway_is_left_out(host: str) -> None:
    address = f"http://{host}:9000".encode()
    config = read_config(GOOD.replace(b"http://127.0.0.1:9800", address))
    assert config.providers == ()
    (problem,) = config.problems
    assert (problem.line, problem.where) == (7, "providers[0].base_url")
    assert "circles" in problem.message


def test_the_first_config_is_all_off_and_without_a_problem() -> None:
    config = read_config(resources.data("first_config.toml"))
    assert config.problems == ()
    assert config.providers == ()
    assert config.settings == Settings()


def test_the_first_configs_examples_work_when_their_signs_are_taken_off() -> None:
    text = resources.text("first_config.toml")
    uncommented = [
        line.removeprefix("# ") if _is_toml(line) else line for line in text.split("\n")
    ]
    blocks = "\n".join(uncommented).split("# --- ")
    ids = []
    for block in blocks[1:]:
        config = read_config(f"{blocks[0]}# {block}".encode())
        assert config.problems == ()
        ids += [provider.id for provider in config.providers]
        assert config.settings == Settings()
    assert ids == [
        "anthropic",
        "anthropic",
        "openai",
        "chatgpt",
        "ollama",
        "gemini",
        "mistral",
        "my-server",
    ]
    known = known_providers()["anthropic"]
    first = read_config(f"{blocks[0]}# {blocks[1]}".encode()).providers[0]
    assert first.models == known.models
    last = read_config(f"{blocks[0]}# {blocks[-1]}".encode()).providers[0]
    assert last.place is Place.THIS_MACHINE


def _is_toml(line: str) -> bool:
    bare = line.removeprefix("# ")
    return line.startswith("# ") and (
        bare.startswith("[[") or bare.split(" = ")[0].replace("_", "").isalpha()
    )


@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(
            st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary()
        ).map(lambda cut: GOOD[: cut[0]] + cut[2] + GOOD[cut[1] :]),
    )
)
def test_no_file_raises_and_offline_survives_what_is_left_of_it(data: bytes) -> None:
    config = read_config(data)
    assert (config.source == "file") is (not config.problems)
    if config.problems and b'\nmode = "offline"\n' in data and b"#" not in data:
        decoded = not [p for p in config.problems if "UTF-8" in p.message]
        assert config.mode is Mode.OFFLINE or not decoded


@pytest.mark.parametrize("ceiling", ["0.01 USD", "0,50", "-1"])
def test_a_ceiling_that_cannot_be_read_lets_nothing_be_spent(ceiling: str) -> None:
    config = read_config(f'[gateway]\nprice_ceiling = "{ceiling}"\n'.encode())
    assert config.problems
    assert config.policy.ceiling_nano == 0
    assert "price ceiling" in config.mode_note


@pytest.mark.parametrize(
    ("ceiling", "nano"), [("", None), ("0", 0), ("0.0", 0), ("0.50", 500_000_000)]
)
def test_a_ceiling_of_nothing_is_one(ceiling: str, nano: int | None) -> None:
    config = read_config(f'[gateway]\nprice_ceiling = "{ceiling}"\n'.encode())
    assert (config.problems, config.mode_note) == ((), "")
    assert config.policy.ceiling_nano == nano


def test_a_broken_file_that_speaks_of_a_ceiling_has_one() -> None:
    config = read_config(b'[[providers]\n[gateway]\nprice_ceiling = "1"\n')
    assert config.policy.ceiling_nano == 0


@pytest.mark.parametrize("key", ["price_celing", "price-ceiling", "ceiling"])
def test_a_misspelt_ceiling_is_one_all_the_same(key: str) -> None:
    config = read_config(f'[gateway]\n{key} = "5"\n'.encode())
    assert config.problems
    assert config.policy.ceiling_nano == 0
    assert "price ceiling" in config.mode_note
