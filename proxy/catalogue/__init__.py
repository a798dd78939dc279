"""Providers, models and prices, from Turnout's own files and the user's.

It must not call a provider, read a key or choose a route.
"""

from proxy.catalogue.known import catalogue_of, known_providers, read_known
from proxy.catalogue.problems import ConfigProblem
from proxy.catalogue.provider import (
    ASSUMED,
    AuthStyle,
    Billing,
    Catalogue,
    Compatibility,
    KeyRef,
    LimitsDialect,
    Model,
    Place,
    Privacy,
    Provider,
    Route,
    Safety,
    Thinking,
)
from proxy.catalogue.reading import read_providers

__all__ = [
    "ASSUMED",
    "AuthStyle",
    "Billing",
    "Catalogue",
    "Compatibility",
    "ConfigProblem",
    "KeyRef",
    "LimitsDialect",
    "Model",
    "Place",
    "Privacy",
    "Provider",
    "Route",
    "Safety",
    "Thinking",
    "catalogue_of",
    "known_providers",
    "read_known",
    "read_providers",
]
