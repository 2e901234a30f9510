"""What admins do for the people of their company who cannot get in."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from axes.utils import reset

from core.models import User


def reset_second_factor(*, user: User) -> bool:
    """Remove a person's authenticator and recovery codes, as when a phone is lost.

    The next login needs the password alone, and a new second factor where it is required.
    Returns whether there was one. Repeating it is safe.
    """
    removed, _ = Authenticator.objects.filter(user=user).delete()
    return bool(removed)


def lift_lockout(*, user: User) -> bool:
    """Forget a person's failed logins, so that they need not wait; returns whether any were."""
    removed: int = reset(username=user.email)
    return removed > 0
