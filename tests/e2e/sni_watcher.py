"""A tray of the newer kind as far as an icon needs one: org.kde.StatusNotifierWatcher.

Run as a program on a session bus; says each registered item as a line. The interface is
that of https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import ClassInfo, Property, QCoreApplication, QObject, Signal, Slot
from PySide6.QtDBus import QDBusConnection, QDBusContext

NAME = "org.kde.StatusNotifierWatcher"


@ClassInfo({"D-Bus Interface": NAME})  # type: ignore[call-arg]
class Watcher(QObject, QDBusContext):  # type: ignore[operator]
    """Takes items and pretends that somebody shows them."""

    StatusNotifierItemRegistered = Signal(str)
    StatusNotifierHostRegistered = Signal()

    @Slot(str)
    def RegisterStatusNotifierItem(self, service: str) -> None:  # noqa: N802 - D-Bus
        print(service, flush=True)
        self.StatusNotifierItemRegistered.emit(service)

    @Slot(str)
    def RegisterStatusNotifierHost(self, service: str) -> None:  # noqa: N802 - D-Bus
        self.StatusNotifierHostRegistered.emit()

    def _hosted(self) -> bool:
        return True

    def _version(self) -> int:
        return 0

    IsStatusNotifierHostRegistered = Property(bool, _hosted)
    ProtocolVersion = Property(int, _version)


def main() -> None:
    app = QCoreApplication(sys.argv)
    watcher = Watcher()
    bus = QDBusConnection.sessionBus()
    flag = QDBusConnection.RegisterOption
    options = flag.ExportAllSlots | flag.ExportAllProperties | flag.ExportAllSignals
    if not bus.registerObject("/StatusNotifierWatcher", watcher, options):
        sys.exit("the object was not registered")
    if not bus.registerService(NAME):
        sys.exit("the name was not registered")
    print("ready", flush=True)
    app.exec()


if __name__ == "__main__":
    main()
