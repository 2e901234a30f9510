"""Let a customer of the shop join a club."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import structlog
from django.db import IntegrityError

from core.models import User
from core.tenancy import current
from subscriptions.models import (
    Club,
    ClubStatus,
    Subscription,
    SubscriptionStatus,
    SubscriptionStatusChange,
)
from subscriptions.operations.clashes import broken_rule, status_there
from subscriptions.queries.words import club_status_word, status_word

log = structlog.get_logger(__name__)

ONCE = "subscription_once_per_customer_and_club"


class ClubUnknown(Exception):
    """There is no club with this id."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no club {number}.")


class ClubNotActive(Exception):
    """The club takes no new members: it is closed, inactive, or was never opened."""

    def __init__(self, club: Club, status: int | None) -> None:
        self.status = status
        super().__init__(
            f"Club {club.number} ({club.name}) is {club_status_word(status)}: it takes no new "
            "members. Nobody was subscribed. Choose an active club."
        )


class AlreadySubscribed(Exception):
    """The customer has a subscription to this club; `subscription` is it."""

    def __init__(self, subscription: Subscription, status: int | None) -> None:
        self.subscription = subscription
        self.status = status
        way_back = (
            f" To come back, activate it: POST /api/subscription/{subscription.reference}/status/ "
            'with {"status_id": 1}.'
        )
        is_over = status != SubscriptionStatus.ACTIVE
        super().__init__(
            f"This customer is in this club already, with the subscription "
            f"{subscription.reference}, which is {status_word(status)}. Nothing was changed."
            + (way_back if is_over else "")
        )


def subscribe(
    *, club_number: int, customer_store_id: str, by: User | None, now: datetime
) -> Subscription:
    """Subscribe a customer to an active club, from now on. In scope.

    A customer is once in a club, which the database holds: of many at the same time one succeeds.
    Raises ClubUnknown, ClubNotActive, StatusMissing, AlreadySubscribed (also for a repetition).
    """
    club = Club.objects.filter(number=club_number).first()
    if club is None:
        raise ClubUnknown(club_number)
    _refuse_known(club, customer_store_id, now)
    held = club.changes.at(now)
    if held is None or held.status != ClubStatus.ACTIVE:
        raise ClubNotActive(club, held.status if held else None)
    try:
        with status_there(SubscriptionStatus.ACTIVE, "subscription_status_history", "status"):
            subscription = _join(club, customer_store_id, by, now)
    except IntegrityError as error:
        if broken_rule(error) == ONCE:
            _refuse_known(club, customer_store_id, now)
        raise
    log.info("customer_subscribed", subscription=subscription.reference, club=club.number)
    return subscription


def _refuse_known(club: Club, customer_store_id: str, now: datetime) -> None:
    found = Subscription.objects.filter(club=club, customer_store_id=customer_store_id).first()
    if found is not None:
        raise AlreadySubscribed(found, found.status_at(now))


def _join(club: Club, customer_store_id: str, by: User | None, now: datetime) -> Subscription:
    subscription = Subscription.objects.create(
        tenant_id=current().tenant_id,
        reference=str(uuid4()),
        club=club,
        customer_store_id=customer_store_id,
        subscribed_at=now,
    )
    SubscriptionStatusChange.objects.create(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        reference=str(uuid4()),
        status=SubscriptionStatus.ACTIVE,
        effective_at=now,
        recorded_at=now,
        details="Subscribed",
        origin=SubscriptionStatusChange.Origin.SUBSCRIBED,
        made_by=by,
    )
    return subscription
