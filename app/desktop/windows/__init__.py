"""The windows, one module each; the explicit list of them."""

from app.desktop.windows.overview import OverviewWindow

WINDOWS = (OverviewWindow,)
"""Every window: its `NAME` is how it is asked for, its `TEXT` stands in the menu."""
