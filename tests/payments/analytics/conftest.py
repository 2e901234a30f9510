"""A company with payments of many kinds around the borders of days, written straight as rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from core.models import Tenant
from core.tenancy import scope
from payments.models import Checkout, LinkViews, Payment, PaymentLink, Refund, StripeAccount
from tests.stripe import open_stripe_account

# Days around which clocks are set in one of the zones, and plain ones.
DAYS = [
    date(2025, 3, 8), date(2025, 3, 9), date(2025, 3, 10), date(2025, 3, 30), date(2025, 10, 26),
    date(2025, 4, 5), date(2025, 4, 6), date(2025, 4, 7),
    date(2025, 9, 28), date(2025, 11, 2), date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28),
]  # fmt: skip
NEAR = [timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1), timedelta(hours=1)]
METHODS = [("card", "visa"), ("card", "mastercard"), ("sepa_debit", "Some Bank"), ("", "")]
DECLINES = ["insufficient_funds", "expired_card", ""]
KINDS = ["application_fee", "rent"]


def border(day: date, zone: ZoneInfo) -> datetime:
    """Midnight on the wall, reckoned without the code under test; none of the days lacks it."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


class Ledger:
    """Writes rows of a company; whatever is not told is picked by chance, always the same."""

    def __init__(self, tenant: Tenant, account: StripeAccount, seed: int = 7) -> None:
        self.tenant = tenant
        self.account = account
        self.chance = random.Random(seed)

    def link(self, **fields: Any) -> PaymentLink:
        defaults = {"title": "Deposit", "amount_minor": 1000, "currency": "EUR", "token": "t" * 32}
        return PaymentLink.objects.create(
            tenant=self.tenant, max_payments=None, **{**defaults, **fields}
        )

    def checkout(self, at: datetime, link: PaymentLink | None = None, **fields: Any) -> Checkout:
        defaults = {
            "kind": "link" if link else self.chance.choice(KINDS),
            "subject_id": link.pk if link else uuid4(),
            "title": "Something",
            "amount_minor": 1000,
            "currency": "EUR",
            "state": "expired",
            "session_expires_at": at + timedelta(hours=1),
            "created_at": at,
        }
        return Checkout.objects.create(
            tenant=self.tenant, account=self.account, link=link, **{**defaults, **fields}
        )

    def payment(self, at: datetime, link: PaymentLink | None = None, **fields: Any) -> Payment:
        state = fields.pop("state", None) or self.chance.choice(
            ["succeeded"] * 3 + ["pending", "failed"]
        )
        money = {
            "amount_minor": self.chance.choice([1, 99, 100, 1000, 2500, 100_000]),
            "currency": self.chance.choice(["EUR", "EUR", "JPY", "BHD"]),
        }
        money |= {name: fields.pop(name) for name in list(money) if name in fields}
        method, brand = self.chance.choice(METHODS)
        kind = {"kind": fields.pop("kind")} if "kind" in fields else {}
        began = at - timedelta(minutes=self.chance.choice([0, 5, 90]))
        is_paid = state == "succeeded"
        defaults = {
            "state": state,
            "standing": self.chance.choice(["expected"] * 4 + ["late", "surplus", "mismatched"])
            if is_paid
            else "expected",
            "decision": self.chance.choice(["", "kept"]) if is_paid else "",
            "method": method,
            "card_brand": brand,
            "decline_code": self.chance.choice(DECLINES) if state == "failed" else "",
            "paid_at": at if is_paid else None,
            "created_at": began if is_paid else at,
            "payer": {},
        }
        return Payment.objects.create(
            tenant=self.tenant,
            checkout=self.checkout(began, link, **kind, **money),
            link=link,
            **{**defaults, **money, **fields},
        )

    def refund(self, payment: Payment, state: str, minor: int) -> Refund:
        return Refund.objects.create(
            tenant=self.tenant, payment=payment, currency=payment.currency,
            amount_minor=minor, state=state,
        )  # fmt: skip

    def views(self, link: PaymentLink, day: date, views: int) -> LinkViews:
        return LinkViews.objects.create(tenant=self.tenant, link=link, day=day, views=views)

    def fill(self, zone: ZoneInfo) -> list[PaymentLink]:
        """Write payments just before, at and after the borders of days, and what hangs on them."""
        links = [self.link(title=f"Link {n}") for n in range(3)]
        for day in DAYS:
            for near in NEAR:
                at = border(day, zone) + near
                for link in (None, self.chance.choice(links)):
                    payment = self.payment(at, link)
                    if payment.state == "succeeded":
                        self._refunds_of(payment)
            for link in links:
                self.views(link, day, self.chance.randrange(1, 9))
        return links

    def _refunds_of(self, payment: Payment) -> None:
        for state in ("succeeded", "pending", "failed", "requested"):
            if self.chance.random() < 0.3 and payment.amount_minor >= 4:
                self.refund(payment, state, self.chance.randrange(1, payment.amount_minor // 4 + 1))


@pytest.fixture
def make_ledger() -> Callable[[Tenant], Ledger]:
    """Give a company an account, and whoever writes its rows."""

    def make(tenant: Tenant) -> Ledger:
        return Ledger(tenant, open_stripe_account(tenant, name=tenant.name))

    return make


@pytest.fixture
def in_zone(tenant: Tenant) -> Callable[[str], Tenant]:
    """Move the company to another zone."""

    def move(name: str) -> Tenant:
        tenant.time_zone = name
        tenant.save(update_fields=["time_zone"])
        return tenant

    return move


__all__ = ["DAYS", "KINDS", "Ledger", "border", "scope"]
