"""Who stands at the other end of a socket."""

import os
import socket
import struct
import sys

import pytest

from app import peer
from app.peer import peer_pid, peer_uid


def test_the_peers_uid_is_the_real_one() -> None:
    near, far = socket.socketpair(socket.AF_UNIX)
    with near, far:
        assert peer_uid(near) == os.getuid()
        assert peer_pid(near) == os.getpid()


class Mac:
    """A macOS socket: `struct xucred` begins with a version and the uid."""

    def getsockopt(self, level: int, option: int, length: int, /) -> bytes:
        assert (level, option) == (0, 1)
        assert length >= 8
        return struct.pack("2I", 0, 501) + bytes(68)


def test_macos_tells_it_in_another_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert peer.peer_uid(Mac()) == 501
    assert peer.peer_pid(Mac()) is None
