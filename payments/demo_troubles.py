"""The demo's troubles: a dispute, an issuer's warning, stolen cards, and a link that was paused."""

from __future__ import annotations

import requests
from django.utils import timezone

from core.tenancy import scope
from payments.demo_customers import Customers, control_sandbox
from payments.models import EarlyWarning, FraudRule, Payment, PaymentLink
from payments.operations.alarms import raise_alarm
from payments.operations.fraud_rules import rules_in_force

DISPUTED, STOLEN = "4000000000000259", "4000000000009979"
TRIES = 6


def tell_troubles(customers: Customers, voucher: PaymentLink) -> None:
    """Let a bank dispute a payment, another warn of one, and somebody try stolen cards."""
    _dispute(customers)
    _warning(customers)
    _card_testing(customers, voucher)
    _paused(customers)


def _dispute(customers: Customers) -> None:
    link = customers.link("Barley wine, case of twelve", 11900, reference="2026-0440")
    payment = customers.pay(link, card=DISPUTED, name="Gerard Blok", email="gerard@example.com")
    customers.wait_for_dispute(payment)


def _warning(customers: Customers) -> None:
    link = customers.link("Home brewing kit", 13450)
    payment = customers.pay(link, name="Petra Vos", email="petra@example.com")
    charged = Payment.objects.exclude(stripe_charge_id="").filter(pk=payment.pk)
    charge = customers.wait(charged.first).stripe_charge_id
    control_sandbox(f"charges/{charge}/early_fraud_warning", fraud_type="made_with_stolen_card")
    customers.wait(lambda: EarlyWarning.objects.filter(payment_id=payment.pk).first())


def _card_testing(customers: Customers, voucher: PaymentLink) -> None:
    """Try one stolen card after the other, until the page is closed and the owner told."""
    checkout = customers.open(voucher)
    for count in range(1, TRIES + 1):
        try:
            customers.try_at(checkout, card=STOLEN, name="A. Nyone", email="a.nyone@example.com")
        except requests.HTTPError:
            return  # the page is closed already
        customers.wait_for_tries(checkout, count)


def _paused(customers: Customers) -> None:
    """Have a link paused, as it is when somebody goes on after the check."""
    link = customers.link("Opening night of the bottle shop", 2500, max_payments=None)
    with scope(customers.tenant.pk):
        rule = next(one for one in rules_in_force() if one.step == FraudRule.Step.PAUSE)
        reason = f"{rule.name}: 26 {rule.get_counts_display().lower()}, {rule.most} pass"
        raise_alarm(rule=rule, link_id=link.pk, reason=reason, now=timezone.now())
