"""Certificates: a company's own authority counts, and a refusal names its cause."""

from __future__ import annotations

import os
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from private_ca import DAY, Authority, ConnectProxy, secure_server

from proxy.errors import FailureKind
from proxy.trust_store import (
    Distrust,
    distrust,
    distrust_sentence,
    has_system_store,
    trust,
)
from proxy.upstream import Outgoing, Upstream, UpstreamError

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


async def asked(url: str, **environ: str) -> bytes:
    upstream = Upstream(environ)
    call = Outgoing("GET", url, (("x-api-key", "not-a-secret"),), b"", "scripted")
    try:
        async with upstream.send(call, offline=False) as got:
            return await got.read(100)
    finally:
        await upstream.close()


async def refused(url: str, **environ: str) -> tuple[FailureKind, str]:
    with pytest.raises(UpstreamError) as caught:
        await asked(url, **environ)
    failure = caught.value.failure
    return failure.kind, failure.message


async def test_a_company_authority_counts_only_where_it_is_named(
    authority: Authority,
) -> None:
    async with secure_server(authority.server("127.0.0.1"), ANSWER) as port:
        url = f"https://127.0.0.1:{port}/x"
        kind, told = await refused(url)
        assert kind is FailureKind.TLS
        assert "an issuer this machine does not know" in told
        assert "SSL_CERT_FILE" in told
        assert "`turnout doctor`" in told
        assert await asked(url, SSL_CERT_FILE=str(authority.file)) == b"ok"


async def test_a_folder_of_hashed_certificates_counts(
    authority: Authority, tmp_path: Path
) -> None:
    context = ssl.create_default_context(cafile=str(authority.file))
    assert context.cert_store_stats()["x509_ca"]
    # OpenSSL looks a certificate up by a hash of its subject's name.
    for number in range(3):
        (tmp_path / f"{_subject_hash(authority.file)}.{number}").write_bytes(
            authority.file.read_bytes()
        )
    async with secure_server(authority.server("127.0.0.1"), ANSWER) as port:
        url = f"https://127.0.0.1:{port}/x"
        assert await asked(url, SSL_CERT_DIR=str(tmp_path)) == b"ok"


def _subject_hash(file: Path) -> str:
    """The hash `openssl rehash` names files by: SHA-1 of the canonical subject."""
    import hashlib

    from cryptography import x509

    made = x509.load_pem_x509_certificate(file.read_bytes())
    (attribute,) = list(made.subject)
    value = str(attribute.value).lower().encode()
    inner = b"\x06\x03\x55\x04\x03\x0c" + bytes([len(value)]) + value
    one = b"\x30" + bytes([len(inner)]) + inner
    canonical = b"\x31" + bytes([len(one)]) + one
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


@pytest.mark.parametrize(
    ("name", "begins", "ends", "said"),
    [
        ("127.0.0.1", -3 * DAY, -DAY, "has expired"),
        ("127.0.0.1", DAY, 3 * DAY, "is not valid yet"),
        ("other.example", -DAY, DAY, "is for another name"),
    ],
)
async def test_the_cause_is_named(
    authority: Authority, name: str, begins: timedelta, ends: timedelta, said: str
) -> None:
    server = authority.server(name, begins=begins, ends=ends)
    async with secure_server(server, ANSWER) as port:
        kind, told = await refused(
            f"https://127.0.0.1:{port}/x", SSL_CERT_FILE=str(authority.file)
        )
    assert kind is FailureKind.TLS
    assert said in told
    assert "`turnout doctor`" in told


async def test_a_provider_is_called_through_a_proxy_that_opens_the_connection(
    authority: Authority,
) -> None:
    async with (
        secure_server(authority.server("models.example"), ANSWER) as port,
        ConnectProxy(port).listening() as proxy,
    ):
        named = f"http://somebody:not-a-secret-canary@{proxy.address}"
        got = await asked(
            "https://models.example/v1",
            HTTPS_PROXY=named,
            SSL_CERT_FILE=str(authority.file),
        )
    assert got == b"ok"
    (head,) = proxy.heads
    assert head.startswith("CONNECT models.example:443 ")
    assert "Proxy-Authorization: Basic " in head
    assert "not-a-secret" not in head


async def test_a_proxy_that_refuses_or_is_gone_is_named_without_its_password(
    authority: Authority,
) -> None:
    async with ConnectProxy(9, "407 Proxy Authentication Required").listening() as met:
        named = f"http://somebody:not-a-secret-canary@{met.address}"
        kind, told = await refused("https://models.example/v1", https_proxy=named)
    assert kind is FailureKind.CONNECT
    assert "The proxy on the way to scripted refused to open it (status 407)." in told
    gone, said = await refused("https://models.example/v1", https_proxy=named)
    assert gone is FailureKind.CONNECT
    assert "The proxy on the way to scripted could not be reached." in said
    assert "canary" not in told + said
    del authority


async def test_a_socks_proxy_is_refused_before_anything_is_sent() -> None:
    kind, told = await refused(
        "https://models.example/v1", ALL_PROXY="socks5://u:canary@127.0.0.1:9"
    )
    assert kind is FailureKind.CONNECT
    assert "from ALL_PROXY, cannot be used, because it is a SOCKS proxy" in told
    assert "canary" not in told


def test_nothing_named_leaves_the_library_its_own_store() -> None:
    assert has_system_store()
    assert trust({}).context is None


def test_what_cannot_be_used_is_told_and_stops_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate\n")
    for environ, said in (
        ({"SSL_CERT_FILE": str(tmp_path / "gone.pem")}, "cannot be read"),
        ({"SSL_CERT_FILE": str(tmp_path)}, "cannot be read"),
        ({"SSL_CERT_FILE": str(empty)}, "holds no certificate"),
        ({"SSL_CERT_FILE": "\0"}, "cannot be read"),
        ({"SSL_CERT_DIR": str(tmp_path / "gone")}, "a folder that is not there"),
    ):
        made = trust(environ)
        (problem,) = made.problems
        assert said in problem
        assert (made.file, made.folder) == ("", "")
        assert made.context is not None
        assert made.context.verify_mode is ssl.CERT_REQUIRED
        assert made.context.check_hostname


def test_several_folders_stand_in_one_variable(tmp_path: Path) -> None:
    both = os.pathsep.join([str(tmp_path), str(tmp_path)])
    assert trust({"SSL_CERT_DIR": both}).folder == both


def test_every_cause_has_a_sentence() -> None:
    for why in Distrust:
        told = distrust_sentence("scripted", why)
        assert told.startswith("The secure connection to scripted failed: ")
        assert told.endswith(".")
    assert distrust(OSError()) is None
    assert distrust(ssl.SSLCertVerificationError(1, "x")) is Distrust.OTHER
