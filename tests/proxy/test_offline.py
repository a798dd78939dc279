"""Offline is held at the socket too, whatever names and places claim."""

import json
import socket
from pathlib import Path

import pytest
from loopback import Serving, provider, serving
from upstream import ScriptedUpstream

OFFLINE = '[gateway]\nmode = "offline"\n'
BODY = json.dumps({"model": "scripted-large", "max_tokens": 5, "messages": []}).encode()
FAR = "192.0.2.7"
"""An address of the documentation range (RFC 5737): nobody answers there."""


async def asked(gateway: Serving) -> tuple[int, str | None]:
    status, headers, body = await gateway.post("/v1/messages", BODY)
    error = json.loads(body)["error"]
    assert error["type"] == "permission_error"
    assert "offline" in error["message"]
    assert headers["x-should-retry"] == "false"
    (event,) = gateway.events()
    return status, event.attempts[0].error_kind if event.attempts else None


async def test_a_resolver_that_lies_about_localhost_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    connect = socket.socket.connect

    def lie(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (FAR, 80))]

    def note(self: socket.socket, address: object) -> None:
        tried.append(address)
        connect(self, address)  # type: ignore[arg-type]

    config = OFFLINE + provider("http://localhost:80", place="this-machine")
    async with serving(tmp_path / "h", config) as gateway:
        monkeypatch.setattr(socket, "getaddrinfo", lie)
        monkeypatch.setattr(socket.socket, "connect", note)
        assert await asked(gateway) == (403, "offline")
        assert not [address for address in tried if FAR in str(address)]


async def test_a_name_that_only_claims_to_be_local_is_not_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[object] = []

    def note(host: object, *_: object, **__: object) -> list[object]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]

    config = OFFLINE + provider("http://models.test:80", place="this-machine")
    async with serving(tmp_path / "h", config) as gateway:
        monkeypatch.setattr(socket, "getaddrinfo", note)
        assert await asked(gateway) == (403, "offline")
        assert "models.test" not in looked_up


async def test_a_far_address_written_as_local_is_not_called(tmp_path: Path) -> None:
    config = OFFLINE + provider(f"http://{FAR}:80", place="this-machine")
    async with serving(tmp_path / "h", config) as gateway:
        assert await asked(gateway) == (403, "offline")


async def test_a_loopback_address_whose_model_runs_elsewhere_is_not_local(
    tmp_path: Path,
) -> None:
    async with ScriptedUpstream() as upstream:
        config = OFFLINE + provider(upstream.url, place="provider")
        async with serving(tmp_path / "h", config) as gateway:
            assert await asked(gateway) == (403, None)
            assert not upstream.requests


async def test_online_a_proxy_is_used_for_far_hosts_and_never_for_loopback(
    tmp_path: Path,
) -> None:
    async with ScriptedUpstream() as proxy, ScriptedUpstream() as near:
        far = provider("http://models.test", "far")
        config = provider(near.url, "near") + far
        environ = {"HTTP_PROXY": proxy.url}
        async with serving(tmp_path / "h", config, environ) as gateway:
            await gateway.post("/v1/messages", BODY)
            assert (len(near.requests), len(proxy.requests)) == (1, 0)
            pinned = BODY.replace(b"scripted-large", b"far/scripted-large")
            await gateway.post("/v1/messages", pinned)
            assert proxy.requests[0].target == "http://models.test/v1/messages"
