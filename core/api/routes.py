"""Routes whose final slash is optional, so that a POST without it is served, not redirected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern


class OptionalSlash(RoutePattern):
    """Matches a route that ends in a slash with or without it; reverses to the one with it."""

    def match(self, path: str) -> Any:
        """Return Django's match, or None."""
        return super().match(path) or super().match(f"{path}/")


def route(
    pattern: str, view: Callable[..., HttpResponseBase], *, name: str, **defaults: Any
) -> URLPattern:
    """Return what `django.urls.path` would, with an optional slash at the end."""
    if not pattern.endswith("/"):
        raise ValueError(f"Write {pattern!r} with its final slash; it is optional for callers.")
    return URLPattern(OptionalSlash(pattern, name=name, is_endpoint=True), view, defaults, name)
