"""Providers, models and prices, from Turnout's own files and the user's.

It must not call a provider, read a key or choose a route.
"""

from proxy.catalogue.provider import (
    AuthStyle,
    Billing,
    Catalogue,
    KeyRef,
    Model,
    Place,
    Provider,
    Route,
)

__all__ = [
    "AuthStyle",
    "Billing",
    "Catalogue",
    "KeyRef",
    "Model",
    "Place",
    "Provider",
    "Route",
]
