"""What callers may do: `links:read`, `links:write`. Each app registers its own, with words.

People hold scopes by their role: an admin all of them, a counselor every `...:read` and those
registered with `counselor=True`. An API key holds what it was given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z_]{1,30}:[a-z]{2,12}")


@dataclass(frozen=True, slots=True)
class ScopeName:
    """One thing that a caller may be allowed to do."""

    name: str
    words: str
    counselor: bool


_known: dict[str, ScopeName] = {}


def register(name: str, words: str, *, counselor: bool | None = None) -> None:
    """Make a scope known; call it in the app's `ready()`. Repeating it is safe.

    `words` end the sentence "This key may ...". Without `counselor`, reading is for all roles
    and anything else for admins alone. Raises ValueError for a name of another shape.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a scope such as 'links:read'")
    is_for_all = name.endswith(":read") if counselor is None else counselor
    _known[name] = ScopeName(name, words, is_for_all)


def known() -> tuple[ScopeName, ...]:
    """Return all scopes by name."""
    return tuple(_known[name] for name in sorted(_known))


def of_role(role: str) -> frozenset[str]:
    """Return the scopes that people of a role hold."""
    return frozenset(scope.name for scope in _known.values() if role == "admin" or scope.counselor)
