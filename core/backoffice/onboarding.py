"""First steps of a new company: what is done is read from its rows; apps register their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.models import Tenant, User


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a new company does once.

    `is_done` is a query that runs in the scope of the company; `url` leads to where it is done;
    `how` says in a sentence what to do. A smaller `order` comes first.
    """

    name: str
    title: str
    is_done: Callable[[Tenant], bool]
    url: Callable[[], str]
    how: str
    order: int


@dataclass(frozen=True, slots=True)
class Progress:
    """A step and whether it is done."""

    step: Step
    is_done: bool


_steps: dict[str, Step] = {}


def register_step(step: Step) -> None:
    """Add a step; the same name again replaces the first one."""
    _steps[step.name] = step


def first_steps(*, user: User, tenant: Tenant) -> list[Progress]:
    """Return the steps in order for who may do them; nothing once all are done. In scope.

    One query a step. Nobody ticks anything off: a step whose rows are gone is open again.
    """
    if not (user.is_admin or user.is_superuser):
        return []
    ordered = sorted(_steps.values(), key=lambda step: step.order)
    steps = [Progress(step, step.is_done(tenant)) for step in ordered]
    return [] if all(one.is_done for one in steps) else steps


def has_colleague(tenant: Tenant) -> bool:
    """Return whether a second person can sign in for the company."""
    return User.objects.filter(tenant=tenant, is_active=True)[1:2].exists()
