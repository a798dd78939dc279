"""Which web proxy a call goes through, and what is told of it."""

import pytest
from yarl import URL

from proxy.web_proxies import (
    WebProxy,
    is_loopback_name,
    proxies_from,
    proxy_for,
    shown_address,
)

USER = "http://somebody:not-a-secret-canary@proxy.example:3128"


def way(url: str, **environ: str) -> WebProxy | None:
    return proxy_for(URL(url), proxies_from(environ))


def test_variables_are_read_as_the_standard_library_does() -> None:
    read = proxies_from(
        {
            "HTTP_PROXY": "up",
            "http_proxy": "low",
            "NO_PROXY": "a",
            "X": "1",
            "all_proxy": "",
        }
    )
    assert read == {"http": "low", "no": "a"}


def test_the_scheme_says_which_variable_counts() -> None:
    named = {"HTTPS_PROXY": "http://s.example:1", "ALL_PROXY": "http://a.example:2"}
    secure = way("https://models.example/v1", **named)
    plain = way("http://models.example/v1", **named)
    assert secure is not None
    assert plain is not None
    assert (secure.shown, secure.variable) == ("http://s.example:1", "HTTPS_PROXY")
    assert (plain.shown, plain.variable) == ("http://a.example:2", "ALL_PROXY")
    assert way("https://models.example/v1") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:11434",
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]",
    ],
)
def test_loopback_is_never_called_through_a_proxy(url: str) -> None:
    assert is_loopback_name(URL(url).host or "")
    assert way(url, http_proxy="http://p.example:1", no_proxy="") is None


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("models.example", True),
        ("MODELS.EXAMPLE", True),
        (".example", True),
        ("*.example", True),
        ("other.example, models.example", True),
        ("*", True),
        ("models.example:443", True),
        ("models.example:8443", False),
        ("dels.example", False),
        ("models.example.org", False),
        (" , ,", False),
        ("[", False),
    ],
)
def test_no_proxy_names_hosts_domains_and_ports(no_proxy: str, direct: bool) -> None:
    chosen = way("https://models.example/", https_proxy=USER, NO_PROXY=no_proxy)
    assert (chosen is None) is direct


def test_no_proxy_takes_networks_for_addresses() -> None:
    assert way("http://10.1.2.3/", http_proxy=USER, no_proxy="10.0.0.0/8") is None
    assert way("http://11.1.2.3/", http_proxy=USER, no_proxy="10.0.0.0/8") is not None
    assert way("http://ten.example/", http_proxy=USER, no_proxy="10.0.0.0/8")


def test_a_bare_host_and_port_is_a_web_proxy() -> None:
    chosen = way("https://models.example/", HTTPS_PROXY="proxy.example:3128")
    assert chosen == WebProxy("http://proxy.example:3128", "HTTPS_PROXY")
    assert not chosen.refused


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS4"])
def test_a_socks_proxy_is_refused_in_words(scheme: str) -> None:
    chosen = way("https://models.example/", ALL_PROXY=f"{scheme}://p.example:1080")
    assert chosen is not None
    assert "SOCKS" in chosen.refused


def test_what_is_no_address_is_refused() -> None:
    for value in ("ftp://p.example", "http://", "http://p.example:999999"):
        chosen = way("https://models.example/", ALL_PROXY=value)
        assert chosen is not None
        assert "not the address" in chosen.refused


def test_a_password_in_a_proxy_is_never_shown() -> None:
    chosen = way("https://models.example/", https_proxy=USER)
    assert chosen is not None
    assert chosen.shown == "http://proxy.example:3128"
    assert "canary" not in f"{chosen!r} {chosen.shown} {chosen.refused}"
    assert shown_address("http://[::1]:80") == "http://[::1]:80"
