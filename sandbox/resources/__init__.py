"""The nouns of the API, one a file."""

import importlib
import pkgutil


def load() -> None:
    """Import every resource, so that its operations and timers are registered."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
