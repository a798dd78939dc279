"""Where a price document is fetched from, and where never."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from app import price_source
from app.failure import CommandFailed
from app.price_source import fetch_document


async def _whole(_: web.Request) -> web.Response:
    return web.Response(body=b'{"schema": 1}')


async def _large(_: web.Request) -> web.Response:
    return web.Response(body=b"x" * 2000)


async def _away(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "file:///etc/passwd"})


@pytest.fixture
async def address() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/prices.json", _whole)
    app.router.add_get("/large", _large)
    app.router.add_get("/away", _away)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_bytes(b"{}")
    assert await fetch_document(str(file), offline=True) == b"{}"


async def test_no_file_no_prices(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        await fetch_document(str(tmp_path / "none.json"), offline=False)
    assert "not changed" in caught.value.message
    with pytest.raises(CommandFailed):
        await fetch_document(str(tmp_path), offline=False)


async def test_an_address_of_this_machine_answers_offline_too(address: str) -> None:
    url = f"{address}/prices.json?version=2"
    assert await fetch_document(url, offline=True) == b'{"schema": 1}'


@pytest.mark.parametrize(
    "url",
    [
        "http://prices.example/x.json",
        "ftp://prices.example/x.json",
        "file:///etc/passwd",
        "https://user:canary@prices.example/x.json",
        "https://169.254.169.254/latest",
        "https://",
        "https://pri ces.example/",
    ],
)
async def test_other_addresses_are_refused_and_never_repeated(url: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        await fetch_document(url, offline=False)
    told = " ".join(caught.value.parts.values())
    assert "canary" not in told
    assert url not in told


async def test_offline_asks_nobody_else() -> None:
    with pytest.raises(CommandFailed, match="offline"):
        await fetch_document("https://prices.example/x.json", offline=True)


async def test_a_redirect_is_not_followed(address: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        await fetch_document(f"{address}/away?token=canary", offline=False)
    assert "302" in caught.value.message
    assert "canary" not in str(caught.value.parts)


async def test_a_missing_page_and_a_dead_server_are_told(address: str) -> None:
    with pytest.raises(CommandFailed, match="downloaded"):
        await fetch_document(f"{address}/none", offline=False)
    with pytest.raises(CommandFailed, match="downloaded"):
        await fetch_document("http://127.0.0.1:9/x", offline=False)


async def test_a_size_is_the_limit(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_source, "MOST_BYTES", 1000)
    with pytest.raises(CommandFailed, match="too large"):
        await fetch_document(f"{address}/large", offline=False)
    file = tmp_path / "large"
    file.write_bytes(b"x" * 1001)
    with pytest.raises(CommandFailed, match="too large"):
        await fetch_document(str(file), offline=False)
