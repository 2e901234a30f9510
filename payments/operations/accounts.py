"""Connect a tenant's Stripe account."""

from __future__ import annotations

from uuid import UUID

import structlog

from core.models import Entry
from core.tenancy import scope
from payments.gateway import Gateway
from payments.models import Checkout, StripeAccount

log = structlog.get_logger(__name__)


class WrongMode(Exception):
    """A live key where only test keys belong, or the other way round."""


class OtherAccount(Exception):
    """The key belongs to another account than the one that payments were taken with."""


class NoSigningSecret(Exception):
    """The text is no signing secret of Stripe's."""


def connect_account(*, tenant_id: UUID, secret_key: str, livemode: bool) -> StripeAccount:
    """Store a tenant's secret key with the account it belongs to; Stripe is asked which one.

    Repeating replaces the key. Raises WrongMode, OtherAccount, StripeRefused for a key that
    Stripe does not know, StripeUnavailable.
    """
    stripe_account_id = account_of_key(secret_key, livemode=livemode)
    with scope(tenant_id):
        _refuse_other_account(stripe_account_id)
        # Secrets of the other mode sign nothing in this one.
        StripeAccount.objects.exclude(livemode=livemode).update(webhook_secrets=[])
        account, _ = StripeAccount.objects.update_or_create(
            tenant_id=tenant_id,
            defaults={
                "secret_key": secret_key,
                "stripe_account_id": stripe_account_id,
                "livemode": livemode,
            },
        )
        Entry.objects.get_or_create(
            secret_hash=Entry.hash_secret(Entry.Kind.WEBHOOK, str(account.pk)),
            defaults={
                "kind": Entry.Kind.WEBHOOK,
                "tenant_id": tenant_id,
                "target_id": account.pk,
            },
        )
    return account


def account_of_key(secret_key: str, *, livemode: bool) -> str:
    """Return the id of the account that a key belongs to; Stripe is asked, nothing is stored.

    Raises WrongMode, StripeRefused, StripeUnavailable.
    """
    if secret_key.startswith(("sk_live_", "rk_live_")) != livemode:
        raise WrongMode("The key's mode is not the one that this installation works in.")
    probe = StripeAccount(secret_key=secret_key, stripe_account_id="unknown")
    return str(Gateway(probe).read_account()["id"])


def _refuse_other_account(stripe_account_id: str) -> None:
    """Keep the account while checkouts hang on it: they could not be asked about with another."""
    connected = StripeAccount.objects.exclude(stripe_account_id=stripe_account_id).first()
    if connected is not None and Checkout.objects.filter(account=connected).exists():
        raise OtherAccount(
            f"This key belongs to {stripe_account_id}, but customers have paid to "
            f"{connected.stripe_account_id}: refunds and late payments need that one's key. "
            "Nothing was stored."
        )


def checked_secret(secret: str) -> str:
    """Return a signing secret as it is; raises NoSigningSecret for what cannot be one."""
    if not (secret.startswith("whsec_") and secret.isascii() and secret.isprintable()):
        raise NoSigningSecret("This is no signing secret: it would begin with whsec_.")
    return secret


def add_signing_secret(*, account_id: UUID, secret: str) -> StripeAccount:
    """Put a signing secret first; the one before stays valid while it is being rolled. In scope.

    A secret that is stored already stays where it is, so that repeating drops none. Raises
    NoSigningSecret, StripeAccount.DoesNotExist.
    """
    checked_secret(secret)
    account = StripeAccount.objects.select_for_update().get(pk=account_id)
    if secret not in account.webhook_secrets:
        account.webhook_secrets = [secret, *account.webhook_secrets][:2]
        account.save(update_fields=["webhook_secrets"])
        log.info("signing_secret_added", account_id=str(account.pk))
    return account
