"""Make clubs, and open and close them."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Max

from core.models import User
from core.tenancy import current
from subscriptions.models import Club, ClubStatus, ClubStatusChange
from subscriptions.operations.clashes import broken_rule, status_there


class ClubIdTaken(Exception):
    """Another club of this company has this id."""


def make_club(
    *,
    name: str,
    store_sku: int,
    now: datetime,
    number: int | None = None,
    time_zone: str = "",
    status: int = ClubStatus.ACTIVE,
) -> Club:
    """Make a club that has `status` from now on. In scope.

    Without `number` it gets the next free one. Not safe to repeat without it; with it, the
    repetition raises ClubIdTaken.
    """
    if number is None:
        highest = Club.objects.aggregate(highest=Max("number"))["highest"]
        number = max(highest or 0, 0) + 1
    try:
        with transaction.atomic():
            club = Club.objects.create(
                tenant_id=current().tenant_id,
                number=number,
                name=name,
                store_sku=store_sku,
                time_zone=time_zone,
            )
    except IntegrityError as error:
        if broken_rule(error) != "club_id_once_per_tenant":
            raise
        raise ClubIdTaken(f"There is a club {number} already. Choose another id.") from error
    set_club_status(club=club, status=status, now=now)
    return club


def set_club_status(
    *,
    club: Club,
    status: int,
    now: datetime,
    effective_at: datetime | None = None,
    details: str = "",
    by: User | None = None,
) -> ClubStatusChange | None:
    """Make `status` that of a club from `effective_at` (now if not given) on. In scope.

    Returns None, and writes nothing, when the club is that already at that moment. Raises
    StatusMissing.
    """
    effective_at = effective_at or now
    held = club.changes.at(effective_at)
    if held is not None and held.status == status:
        return None
    with status_there(status, "club_status_history", "club_status"):
        return ClubStatusChange.objects.create(
            tenant_id=club.tenant_id,
            club=club,
            reference=str(uuid4()),
            status=status,
            effective_at=effective_at,
            recorded_at=now,
            details=details or (f"By {by}" if by else ""),
        )
