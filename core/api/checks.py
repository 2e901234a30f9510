"""System checks of the API's settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from core.ratelimit import split_rate


@register()
def check_rates(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a rate that cannot be read, which would fail each request instead."""
    found: list[CheckMessage] = []
    for name in ("API_RATE_PER_CREDENTIAL", "API_RATE_PER_ADDRESS"):
        try:
            split_rate(getattr(settings, name))
        except ValueError as error:
            found.append(Error(f"{name}: {error}.", hint="For example: 600/m", id="taproom.E010"))
    return found
