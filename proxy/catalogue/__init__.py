"""Providers, models and prices, from Turnout's own files and the user's.

It must not call a provider, read a key or choose a route.
"""

from proxy.catalogue.known import catalogue_of, known_providers, read_known
from proxy.catalogue.problems import ConfigProblem
from proxy.catalogue.provider import (
    AuthStyle,
    Billing,
    Catalogue,
    KeyRef,
    Model,
    Place,
    Provider,
    Route,
    Thinking,
)
from proxy.catalogue.reading import read_providers

__all__ = [
    "AuthStyle",
    "Billing",
    "Catalogue",
    "ConfigProblem",
    "KeyRef",
    "Model",
    "Place",
    "Provider",
    "Route",
    "Thinking",
    "catalogue_of",
    "known_providers",
    "read_known",
    "read_providers",
]
