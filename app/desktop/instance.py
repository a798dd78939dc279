"""One tray per home: the first holds a lock, a second one only wakes it and ends.

Lock and socket stand at full paths in this home, so that two homes do not meet. A
tray that was killed leaves both behind; its process id in the lock tells that it died.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.paths import Paths

SHOW, HELLO = b"show\n", b"hello\n"
"""What a second start says: bring the window up, or nothing is wanted."""

PAUSE_MS = 250
STARTING = 20
"""So many pauses a first instance that is just starting is waited for."""

UNHEARD = 5
"""One that lets us in and does not answer is frozen: each such try counts for more."""


class Instance(QObject):
    """This process's claim to be the one tray of its home."""

    def __init__(self, paths: Paths) -> None:
        """Claim nothing yet."""
        super().__init__()
        self._lock = QLockFile(str(paths.run / "tray.lock"))
        # Never stale by age: a tray may run for months.
        self._lock.setStaleLockTime(0)
        self._name = str(socket_path(paths))
        self._server: QLocalServer | None = None

    def claim(self) -> bool:
        """Become the one instance if there is none; returns at once."""
        return self._lock.tryLock(0)

    def wake(self, word: bytes) -> bool:
        """Say a word to the first instance; True if it heard it.

        Waits a few seconds for one that is just starting. Returns False if none
        answers, or if it ended meanwhile and the claim is ours now.
        """
        left = STARTING
        while left > 0:
            met, heard = self._say(word)
            if heard:
                return True
            if self._lock.tryLock(PAUSE_MS):
                return False
            left -= UNHEARD if met else 1
        return False

    @property
    def ours(self) -> bool:
        """Whether this process holds the claim."""
        return self._lock.isLocked()

    @property
    def holder(self) -> int:
        """The process id of who holds it, 0 where that cannot be told."""
        return self._lock.getLockInfo()[0]

    def listen(self, woken: Callable[[], None]) -> None:
        """Call `woken` whenever another start asks for the window."""
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        # We hold the lock, so a socket that stands there has no owner.
        QLocalServer.removeServer(self._name)
        server.newConnection.connect(lambda: self._met(server, woken))
        server.listen(self._name)
        self._server = server

    def release(self) -> None:
        """Give the claim up."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _say(self, word: bytes) -> tuple[bool, bool]:
        """Return whether somebody let us in, and whether the word was heard."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(PAUSE_MS):
            return False, False
        socket.write(word)
        # The answer proves that it was heard, not only that a socket stood there.
        heard = socket.waitForReadyRead(4 * PAUSE_MS)
        socket.abort()
        return True, heard

    def _met(self, server: QLocalServer, woken: Callable[[], None]) -> None:
        socket = server.nextPendingConnection()
        socket.readyRead.connect(lambda: self._heard(socket, woken))
        socket.disconnected.connect(socket.deleteLater)

    def _heard(self, socket: QLocalSocket, woken: Callable[[], None]) -> None:
        word = socket.readLine(16).data()
        socket.write(b"yes\n")
        socket.flush()
        if word == SHOW:
            woken()


def socket_path(paths: Paths) -> Path:
    """Return where the first instance listens."""
    return paths.sockets / "tray.sock"
