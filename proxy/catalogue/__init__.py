"""Providers, models and prices, from Turnout's own files and the user's.

It must not call a provider, read a key or choose a route.
"""

from proxy.catalogue.found import FoundModel, with_found
from proxy.catalogue.known import (
    catalogue_of,
    known_providers,
    read_known,
    repriced,
)
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
    "FoundModel",
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
    "repriced",
    "with_found",
]
