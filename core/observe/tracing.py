"""Spans for whoever collects traces: named by route, task and endpoint, never by an address.

Without a tracer (config.telemetry makes one where it is wanted) a span costs and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Tracer(Protocol):
    """The part of OpenTelemetry's tracer that is used."""

    def start_as_current_span(self, name: str, **options: Any) -> Any:
        """Return a context manager that yields a span."""


_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Send spans of this process to a tracer from now on; None ends it."""
    global _tracer  # noqa: PLW0603 - one for the process, set when it starts
    _tracer = tracer


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[dict[str, str | int]]:
    """Measure what is done inside; yields a dict whose items become attributes at the end.

    The item `name` renames the span. Texts of exceptions are left out: they may hold people.
    """
    told: dict[str, str | int] = {}
    if _tracer is None:
        yield told
        return
    options = {"record_exception": False, "set_status_on_exception": False}
    with _tracer.start_as_current_span(name, attributes=attributes, **options) as one:
        try:
            yield told
        except BaseException as error:
            told["error.type"] = type(error).__name__
            raise
        finally:
            one.update_name(str(told.pop("name", name)))
            one.set_attributes(told)
