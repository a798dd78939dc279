"""Where is knocked: usual ports, those of servers' own settings, what users name."""

from pathlib import Path

import pytest

from discovery.ports import (
    USUAL,
    Target,
    every_port,
    local_targets,
    named_port,
    named_targets,
    ollama_port,
    told_ports,
)
from discovery.surroundings import Surroundings


@pytest.mark.parametrize(
    ("value", "port"),
    [
        ("", 0),
        ("127.0.0.1:11500", 11500),
        ('"127.0.0.1:11500"', 11500),
        ("'0.0.0.0:11500'", 11500),
        ("0.0.0.0", 11434),
        (":11500", 11500),
        ("localhost", 11434),
        ("http://localhost", 80),
        ("http://127.0.0.1:4321/ollama", 4321),
        ("[::1]:11500", 11500),
        ("[::]", 11434),
        ("https://localhost", 0),
        ("192.168.1.7:11434", 0),
        ("http://gpu-box:11434", 0),
        ("127.0.0.1:99999", 0),
        ("127.0.0.1:x", 0),
        ("[::1", 0),
        ("  ", 0),
    ],
)
def test_ollamas_variable_is_read_as_ollama_does(value: str, port: int) -> None:
    assert ollama_port(value) == port


def _around(home: Path, **environ: str) -> Surroundings:
    return Surroundings(home, environ, "linux")


def test_settings_of_servers_add_ports(tmp_path: Path) -> None:
    inner = tmp_path / ".lmstudio" / ".internal"
    inner.mkdir(parents=True)
    file = inner / "http-server-config.json"
    file.write_text('{"port": 1300, "networkInterface": "127.0.0.1"}', "utf-8")
    around = _around(
        tmp_path,
        OLLAMA_HOST="127.0.0.1:11500",
        LLAMA_ARG_PORT="9000",
        LOCALAI_ADDRESS=":8181",
        OPENEDAI_PORT="5005",
    )
    assert told_ports(around) == (11500, 9000, 8181, 5005, 1300)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": "x"}', '{"port": 70000}'])
def test_a_file_of_lm_studios_that_is_odd_says_nothing(
    tmp_path: Path, text: str
) -> None:
    inner = tmp_path / ".lmstudio" / ".internal"
    inner.mkdir(parents=True)
    (inner / "http-server-config.json").write_text(text, "utf-8")
    assert told_ports(_around(tmp_path)) == ()


def test_odd_variables_say_nothing(tmp_path: Path) -> None:
    around = _around(
        tmp_path,
        LLAMA_ARG_PORT="99999",
        LOCALAI_ADDRESS="10.0.0.1:8080",
        OPENEDAI_PORT="five",
    )
    assert told_ports(around) == ()


def test_each_port_is_knocked_at_once_and_ours_never() -> None:
    ports = every_port((8080, 11500, 8787, 11500), 8787)
    assert ports == (*USUAL, 11500)
    assert 8080 not in every_port((), 8080)


def test_this_machine_is_never_asked_by_name() -> None:
    assert [each.base for each in local_targets(1234)] == [
        "http://127.0.0.1:1234",
        "http://[::1]:1234",
    ]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://192.168.1.7:8000", Target("http://192.168.1.7:8000", 8000, True)),
        ("http://gpu-box:8000/v1/", Target("http://gpu-box:8000", 8000, True)),
        ("https://llm.example/v1", Target("https://llm.example", 443, True)),
        ("http://gpu-box/llm/v1", Target("http://gpu-box/llm", 80, True)),
        ("http://[fd00::7]:8000", Target("http://[fd00::7]:8000", 8000, True)),
    ],
)
def test_an_address_that_the_user_gave_is_asked(url: str, target: Target) -> None:
    assert named_targets(url) == (target,)
    assert named_port(url) == 0


def test_a_host_without_a_port_is_asked_at_the_usual_ones() -> None:
    targets = named_targets("http://gpu-box")
    assert [each.port for each in targets] == [80, *USUAL]
    assert {each.base.rpartition(":")[0] for each in targets} == {"http://gpu-box"}


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://localhost:8001/v1", 8001),
        ("http://127.0.0.1:8001", 8001),
        ("http://[::1]:8001", 8001),
        ("http://localhost", 80),
    ],
)
def test_this_machine_named_is_a_port_of_it(url: str, port: int) -> None:
    assert named_port(url) == port
    assert named_targets(url) == ()


@pytest.mark.parametrize(
    "url", ["gpu-box:8000", "http://a:b@gpu-box", "http://169.254.169.254", "ftp://x"]
)
def test_what_is_no_fit_address_is_left_out(url: str) -> None:
    assert named_targets(url) == ()
    assert named_port(url) == 0
