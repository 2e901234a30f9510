"""The clubs of the demo: members with histories, and orders that went through the shop.

The houses and their rents are told in `demo_leases`.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from core.demo_story import Stage
from core.models import Tenant
from core.tenancy import scope
from subscriptions.demo_leases import tell_leases
from subscriptions.models import Club, ClubStatus, Subscription, SubscriptionStatus
from subscriptions.operations.charging import charge
from subscriptions.operations.clubs import make_club, set_club_status
from subscriptions.operations.shop_accounts import connect_shop
from subscriptions.operations.status import change_status
from subscriptions.operations.subscribing import subscribe

DAY = timedelta(days=1)
ACTIVE, CANCELLED, PAUSED = (
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.CANCELLED,
    SubscriptionStatus.PAUSED,
)
# Customers whom the sandbox's shop treats in a way of its own; its README lists them.
MEMBERS = [f"customer-{number:04d}" for number in range(1, 13)]
DIFFICULT = ["customer-declined-0013", "customer-expired-0014", "customer-unknown-0015"]


def tell(stage: Stage) -> None:
    """Open clubs, let customers join, pause and leave, and charge some of them."""
    now = timezone.now()
    for tenant in (stage.tenant, stage.neighbour):
        with scope(tenant.pk):
            is_told = Club.objects.exists()
            secret = stage.remember(
                f"shop_secret_{tenant.slug}", lambda: f"shop_test_{secrets.token_hex(16)}"
            )
            connect_shop(api_key=f"{tenant.slug}-key", api_secret=secret)
        if not is_told:
            _open_clubs(stage, tenant, now)
    stage.say("clubs, members and their histories")
    tell_leases(stage)


def _open_clubs(stage: Stage, tenant: Tenant, now: datetime) -> None:
    if tenant != stage.tenant:
        with scope(tenant.pk):
            make_club(name="Orchard Club", store_sku=31, now=now - 300 * DAY)
            _join("customer-9001", 1, now - 90 * DAY)
        return
    with scope(tenant.pk):
        make_club(name="Beer of the month", store_sku=11, now=now - 400 * DAY)
        barrel = make_club(name="Barrel-aged circle", store_sku=12, now=now - 400 * DAY)
        winter = make_club(name="Winter stouts", store_sku=13, now=now - 400 * DAY)
        set_club_status(club=barrel, status=ClubStatus.CLOSED, now=now, details="Casks are full")
        set_club_status(club=winter, status=ClubStatus.INACTIVE, now=now, details="Back in autumn")
        joined = _members(now)
        _histories(stage, joined, now)
    if settings.SHOP_URL:
        _charge_some(stage, joined, now)


def _members(now: datetime) -> list[Subscription]:
    return [
        _join(customer, 1 + number % 2, now - (200 - 11 * number) * DAY)
        for number, customer in enumerate(MEMBERS + DIFFICULT)
    ]


def _join(customer: str, club: int, when: datetime) -> Subscription:
    return subscribe(club_number=club, customer_store_id=customer, by=None, now=when)


def _histories(stage: Stage, joined: list[Subscription], now: datetime) -> None:
    def command(number: int, status: int, days: int, details: str = "", **more: object) -> None:
        change_status(
            reference=joined[number].reference,
            status=status,
            now=now + min(days, 0) * DAY,
            effective_at=now + days * DAY if days > 0 else None,
            details=details,
            by=stage.admin,
            **more,  # type: ignore[arg-type]  # interval
        )

    command(0, PAUSED, -60, "On holiday", interval=21)
    command(1, PAUSED, -10, "Too many bottles left", interval=45)
    command(2, PAUSED, -30, "Until further notice")
    command(3, CANCELLED, -25, "Moved abroad")
    command(4, PAUSED, -40, interval=90)
    command(4, CANCELLED, -5, "Prefers wine now")
    command(5, CANCELLED, -80, "Trying another club")
    command(5, ACTIVE, -20, "Came back")
    command(6, PAUSED, 12, "Surgery, back after 30 days", interval=30)
    command(7, CANCELLED, 20, "Contract ends")


def _charge_some(stage: Stage, joined: list[Subscription], now: datetime) -> None:
    for number in (8, 9, 10, 12, 14):
        subscription = joined[number]
        charge(
            tenant_id=subscription.tenant_id,
            reference=subscription.reference,
            request_id=f"demo-{subscription.reference}",
            by=stage.admin,
            now=now,
        )
    stage.say("orders that went through the shop")
