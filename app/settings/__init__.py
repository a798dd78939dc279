"""The user's settings and providers: reading, checking and keeping `config.toml`.

It must not route or call anything; a mode's meaning is `proxy.routing`'s.
"""

from app.settings.config import Config, read_config
from app.settings.fields import Setting, Settings, setting_reference
from app.settings.store import ConfigStore

__all__ = [
    "Config",
    "ConfigStore",
    "Setting",
    "Settings",
    "read_config",
    "setting_reference",
]
