import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.catalogue.address import is_loopback, objection, origin


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com",
        "http://127.0.0.1:9800",
        "http://[::1]:9800/v1/",
        "http://192.168.1.5:11434",
        "https://api.example.com/openai/v1",
    ],
)
def test_ordinary_addresses_are_fine(url: str) -> None:
    assert objection(url) is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("api.example.com", "http://"),
        ("ftp://h", "http://"),
        ("file:///etc/passwd", "http://"),
        ("https://", "host"),
        ("https://user:hunter2@h", "user name"),
        ("https://hunter2@h", "user name"),
        ("https://h/?key=hunter2", "query"),
        ("https://h/#hunter2", "fragment"),
        ("https://h:0", "port 0"),
        ("https://h:99999", "valid address"),
        ("https://[::1", "valid address"),
        ("https://h /", "blank"),
        ("https://h\r\nx: y", "blank"),
        ("https://h\\@evil", "backslash"),
        ("https://\u0445\u043e\u0441\u0442", "ASCII"),
        ("http://169.254.169.254", "link-local"),
        ("http://[fe80::1]", "link-local"),
        ("http://[::ffff:169.254.169.254]", "link-local"),
        ("http://0.0.0.0:1", "nobody"),
        ("http://224.0.0.1", "nobody"),
        ("http://h%41", "host"),
    ],
)
def test_what_is_wrong_is_said_without_the_address(url: str, says: str) -> None:
    clause = objection(url)
    assert clause is not None
    assert says in clause
    assert "hunter2" not in clause


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://localhost:1", True),
        ("http://LOCALHOST", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://192.168.0.1", False),
        ("http://2130706433", False),
    ],
)
def test_only_a_literal_loopback_is_this_machine(url: str, here: bool) -> None:
    assert objection(url) is None
    assert is_loopback(url) is here


def test_the_default_port_belongs_to_the_origin() -> None:
    assert origin("https://h") == origin("https://h:443/x") == ("https", "h", 443)
    assert origin("http://h") == ("http", "h", 80)


@given(st.one_of(st.text(), st.text().map(lambda t: f"http://{t}")))
def test_no_text_breaks_the_judge(text: str) -> None:
    if objection(text) is None:
        is_loopback(text)
        origin(text)
