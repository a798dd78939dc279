"""What menu and windows may ask for; the desk does it, tests write it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from discovery.findings import ServerFound
    from proxy.routing import Mode


class Actions(Protocol):
    """The wishes of a person, each returning at once."""

    def set_mode(self, mode: Mode) -> None:
        """Let a mode act."""
        ...

    def copy_settings(self, client: str) -> None:
        """Put a client's lines into the clipboard."""
        ...

    def show_window(self, name: str) -> None:
        """Bring the window of that name up."""
        ...

    def look(self) -> None:
        """Fetch the recent requests."""
        ...

    def explain(self, request: str) -> None:
        """Fetch why the request of that id went where it did."""
        ...

    def connect_client(self, client: str) -> None:
        """Open the review of one client's wiring."""
        ...

    def look_for_servers(self) -> None:
        """Look for model servers that are not used yet."""
        ...

    def use_server(self, server: ServerFound) -> None:
        """Name a model server in Turnout's configuration."""
        ...

    def start_gateway(self) -> None:
        """Start a gateway where none runs."""
        ...

    def quit(self) -> None:
        """End the tray; a gateway of its own process goes on."""
        ...

    def stop_and_quit(self) -> None:
        """Stop the gateway, then end the tray."""
        ...
