"""The account at Stripe through which a company is paid."""

from __future__ import annotations

from payments.models import StripeAccount


class NoStripeAccount(Exception):
    """The company has no account at Stripe, so nothing can be sent there."""


def account_of() -> StripeAccount:
    """Return the account of the company in scope; raises NoStripeAccount."""
    found = StripeAccount.objects.first()
    if found is None:
        raise NoStripeAccount("No Stripe account is connected. Connect one to send invoices.")
    return found
