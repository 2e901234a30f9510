"""What visitors of a link do, and what Stripe is asked then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from core.tenancy import scope
from payments.models import Checkout, PaymentLink
from payments.operations.checkouts import (
    claim_link_checkout,
)
from payments.operations.choices import Choice
from payments.operations.links import edit_link
from payments.operations.starting import start_checkout
from tests.payments.conftest import Customer
from tests.stripe import Sandbox

NewLink = Callable[..., PaymentLink]
ME, OTHER = "a" * 64, "b" * 64
ITEMS = [
    {"name": "Tour “ü 🍺”", "unit_amount_minor": 1850, "quantity": 2, "min_quantity": 0,
     "max_quantity": 10},
    {"name": "Glass", "unit_amount_minor": 500, "quantity": 1, "min_quantity": None,
     "max_quantity": None},
]  # fmt: skip
QUESTIONS = [
    {"key": "", "label": "T-shirt size", "type": "dropdown", "is_required": True,
     "options": ["S", "M"]},
    {"key": "", "label": "Guests", "type": "number", "is_required": False, "options": []},
    {"key": "", "label": "日本語", "type": "text", "is_required": False, "options": []},
]  # fmt: skip


def choose(customer: Customer, link: PaymentLink, visitor: str = ME, **chosen: Any) -> Checkout:
    with scope(customer.tenant.pk):
        return claim_link_checkout(
            link_id=link.pk,
            visitor_hash=visitor,
            now=timezone.now(),
            choice=Choice(**chosen),
        )


def start(customer: Customer, link: PaymentLink, visitor: str = ME, **chosen: Any) -> Checkout:
    return start_checkout(
        tenant_id=customer.tenant.pk,
        link_id=link.pk,
        visitor_hash=visitor,
        choice=Choice(**chosen),
        now=timezone.now(),
    )


def edit(customer: Customer, link: PaymentLink, **changes: Any) -> PaymentLink:
    with scope(customer.tenant.pk):
        return edit_link(
            link_id=link.pk, changes=changes, version=None, by=None, now=timezone.now()
        )


def session_of(customer: Customer, sandbox: Sandbox, checkout: Checkout) -> dict[str, Any]:
    path = f"checkout/sessions/{checkout.stripe_session_id}"
    key = customer.account.secret_key
    answer: dict[str, Any] = sandbox.stripe("GET", path, key=key, **{"expand[]": "line_items"})
    return answer
