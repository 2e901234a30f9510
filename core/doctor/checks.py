"""The checks that are known: each looks at one thing and says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path

from core.models import Tenant

LIMIT_SECONDS = 6.0


class State(IntEnum):
    """How something is; the number is the exit code of `manage.py doctor`."""

    FINE = 0
    WARNING = 1
    BROKEN = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was found, and how to mend it. Never a secret."""

    state: State
    words: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a check may know. `tenant` is set for checks of a tenant, which run outside its scope.

    `backups` and `disks` are directories that the operator named, perhaps none.
    """

    now: datetime
    tenant: Tenant | None = None
    backups: tuple[Path, ...] = ()
    disks: tuple[Path, ...] = ()

    @property
    def of_tenant(self) -> Tenant:
        """The tenant that is looked at; raises RuntimeError in a check of the platform."""
        if self.tenant is None:
            raise RuntimeError("this check looks at the platform, not at a tenant")
        return self.tenant


Look = Callable[[Visit], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at; what takes longer than `seconds` counts as broken."""

    name: str
    look: Look
    for_tenants: bool
    seconds: float


_checks: dict[str, Check] = {}


def register(
    name: str, look: Look, *, for_tenants: bool = False, seconds: float = LIMIT_SECONDS
) -> None:
    """Make a check known; call it in the app's `ready()`. The same name again replaces the first.

    It runs in a thread of its own and should raise nothing; what it raises counts as broken.
    """
    _checks[name] = Check(name, look, for_tenants, seconds)


def known() -> tuple[Check, ...]:
    """Return all checks in the order in which they were registered."""
    return tuple(_checks.values())


def fine(words: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(State.FINE, words)


def warning(words: str, mend: str) -> Finding:
    """Return a finding that somebody should look at today."""
    return Finding(State.WARNING, words, mend)


def broken(words: str, mend: str) -> Finding:
    """Return a finding that keeps Taproom from working, or from working safely."""
    return Finding(State.BROKEN, words, mend)
