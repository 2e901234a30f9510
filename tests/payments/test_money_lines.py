"""Each movement of money is one line in the log, with ids and without people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from structlog.testing import capture_logs

from core.models import Tenant
from core.observe.money import tell_money
from core.tenancy import scope
from payments.models import PaymentLink
from payments.operations.refunds import push_refund, request_refund
from tests.payments.conftest import DECLINED, Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def money(lines: list[Any]) -> list[Any]:
    return [{**line} for line in lines if "amount_minor" in line]


def test_payment_refund_and_dispute_are_a_line_each(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    since = now - timedelta(minutes=5)
    checkout = customer.open(new_link())
    with capture_logs() as lines:
        customer.pay(checkout, card=DECLINED, name="Eva Smit", email="eva@example.com")
        customer.hear(since)
        customer.pay(checkout, name="Eva Smit", email="eva@example.com")
        customer.hear(since)
        payment = customer.payment(checkout)
        with scope(customer.tenant.pk):
            refund = request_refund(
                payment_id=payment.pk, amount_minor=2500, reason="", by=None, now=now
            )
        push_refund(tenant_id=customer.tenant.pk, refund_id=refund.pk, now=now)
        customer.hear(since)
        customer.sandbox.control("POST", f"charges/{payment.stripe_charge_id}/dispute")
        customer.hear(since)
        customer.hear(since)

    told = money(lines)
    names = [line["event"] for line in told]
    assert names == ["payment_failed", "payment_succeeded", "payment_refunded", "payment_disputed"]
    assert [line["amount_minor"] for line in told] == [12500, 12500, 2500, 12500]
    assert {line["payment_id"] for line in told} == {str(payment.pk)}
    assert {line["tenant_id"] for line in told} == {str(customer.tenant.pk)}
    assert told[1]["stripe_payment_intent_id"] == payment.stripe_payment_intent_id
    assert ("Eva" in str(told), "example.com" in str(told)) == (False, False)


def test_money_that_was_rolled_back_is_not_told(tenant: Tenant) -> None:
    with capture_logs() as lines, scope(tenant.pk):
        tell_money("kept", amount_minor=1, currency="EUR", empty="", none=None)
        with pytest.raises(ValueError, match="undo"), transaction.atomic():
            tell_money("undone", amount_minor=2, currency="EUR")
            raise ValueError("undo")

    assert lines == [
        {
            "event": "kept", "amount_minor": 1, "currency": "EUR", "tenant_id": str(tenant.pk),
            "log_level": "info",
        }
    ]  # fmt: skip
