"""What menu and windows may ask for; the desk does it, tests write it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.settings.fields import OnQuit
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

    def repair_client(self, client: str) -> None:
        """Open the review of what would put one client's settings right."""
        ...

    def accept_client(self, client: str) -> None:
        """Leave one client's settings as others have changed them."""
        ...

    def look_at_login(self) -> None:
        """Look whether Turnout starts at login."""
        ...

    def set_login(self, *, on: bool) -> None:
        """Start Turnout at login from now on, or not."""
        ...

    def choose_quit(self, choice: OnQuit) -> None:
        """Save what Quit is to do with connected clients."""
        ...

    def start_gateway(self) -> None:
        """Start a gateway where none runs."""
        ...

    def quit(self) -> None:
        """End the tray; asks before where clients are connected."""
        ...

    def stop_and_quit(self) -> None:
        """Stop the gateway, then end the tray; asks before in the same way."""
        ...
