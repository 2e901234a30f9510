"""What outgoing webhooks may tell of: `invoice.paid`. Each app registers its own, with words."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")

_known: dict[str, str] = {}


def register(name: str, words: str) -> None:
    """Make a type known; call it in the app's `ready()`. Repeating it is safe.

    `words` say when it is sent. Raises ValueError for a name of another shape (full-stop
    delimited, Standard Webhooks, "Event types").
    """
    if not _NAME.fullmatch(name) or len(name) > 60:
        raise ValueError(f"{name!r} is not a type such as 'invoice.paid'")
    _known[name] = words


def known() -> dict[str, str]:
    """Return all types with their words, by name."""
    return {name: _known[name] for name in sorted(_known)}
