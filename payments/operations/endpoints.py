"""Keep the webhook endpoint at Stripe as this version of Taproom needs it."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

import structlog

from core.tenancy import scope
from payments.gateway import API_VERSION, EndpointFacts, Endpoints, StripeRefused, StripeUnavailable
from payments.models import StripeAccount
from payments.operations.accounts import add_signing_secret
from payments.operations.events import HANDLED_TYPES

# So often an endpoint may have been deleted by hand within a day, while no secret was stored.
MOST_MADE = 20

log = structlog.get_logger(__name__)


class SecretMissing(Exception):
    """A webhook endpoint exists at Stripe already, and its secret cannot be read again."""


def receive_webhooks(*, tenant_id: UUID, account: StripeAccount) -> StripeAccount:
    """Make or mend the webhook endpoint at Stripe, and store its signing secret.

    The newest secret comes first and the one before stays valid, as it does at Stripe while a
    secret is rolled. Raises SecretMissing when the endpoint exists but its secret is unknown here,
    StripeRefused, StripeUnavailable.
    """
    mend_endpoint(tenant_id=tenant_id, account=account)
    return account


def mend_endpoint(
    *,
    tenant_id: UUID,
    account: StripeAccount,
    is_replacing: bool = False,
    is_dry_run: bool = False,
) -> list[str]:
    """Bring the endpoint to the types that are handled; return in words what was (would be) done.

    An endpoint keeps the API version it was made with, and Stripe shows its secret once: with
    `is_replacing` a new one is made and the old ones go, which loses nothing, since their events
    are kept once by id. Nothing to do is an empty list; repeating is safe. Raises SecretMissing,
    StripeRefused, StripeUnavailable.
    """
    stripe, types = Endpoints(account), sorted(HANDLED_TYPES)
    ours = [found for found in stripe.list_endpoints() if found.url == account.webhook_url]
    if not ours or is_replacing:
        done = [f"make the endpoint {account.webhook_url} for {len(types)} types of events"]
        done += [f"delete the endpoint {old.endpoint_id}" for old in ours]
        if not is_dry_run:
            _replace(stripe, tenant_id, account, ours)
        return done
    if not _secrets_of(tenant_id, account):
        raise SecretMissing(
            f"Stripe sends to {account.webhook_url} already, but its signing secret is not "
            "stored here. Enter it in the admin, or delete the endpoint at Stripe and repeat."
        )
    return _mend(stripe, ours[0], types, is_dry_run=is_dry_run)


def faults_of(endpoint: EndpointFacts) -> list[str]:
    """Return in words what an endpoint lacks to be the one that Taproom needs."""
    missing = endpoint.lacks(sorted(HANDLED_TYPES))
    faults = [f"does not send {', '.join(missing)}"] if missing else []
    if not endpoint.is_enabled:
        faults.append("is switched off at Stripe")
    return faults


def has_other_version(endpoint: EndpointFacts) -> bool:
    """Return whether an endpoint speaks another API version than this program."""
    return endpoint.api_version != API_VERSION


def _mend(
    stripe: Endpoints, endpoint: EndpointFacts, types: list[str], *, is_dry_run: bool
) -> list[str]:
    """Add what is missing; what somebody else has it send besides stays."""
    done = [f"the endpoint {fault}: mend it" for fault in faults_of(endpoint)]
    if done and not is_dry_run:
        wanted = ["*"] if "*" in endpoint.types else sorted({*types, *endpoint.types})
        stripe.change_endpoint(endpoint.endpoint_id, types=wanted)
        log.info("webhook_endpoint_mended", endpoint_id=endpoint.endpoint_id)
    return done


def _replace(
    stripe: Endpoints, tenant_id: UUID, account: StripeAccount, old: list[EndpointFacts]
) -> None:
    """Make a new endpoint, store its secret, and only then delete the old ones."""
    made = _make(stripe, account, old)
    with scope(tenant_id):
        stored = add_signing_secret(account_id=account.pk, secret=made.secret)
    account.webhook_secrets = stored.webhook_secrets
    for endpoint in old:
        # Who did the same a moment before has made it already.
        if endpoint.endpoint_id != made.endpoint_id:
            _delete(stripe, endpoint)
    log.info("webhook_endpoint_made", endpoint_id=made.endpoint_id, replaced=len(old))


def _secrets_of(tenant_id: UUID, account: StripeAccount) -> list[str]:
    """Return the secrets as they are stored now: another may have made the endpoint meanwhile."""
    with scope(tenant_id):
        stored: list[str] = StripeAccount.objects.get(pk=account.pk).webhook_secrets
    account.webhook_secrets = stored
    return stored


def _make(stripe: Endpoints, account: StripeAccount, old: list[EndpointFacts]) -> EndpointFacts:
    """Make an endpoint under a key of the secrets that are stored: two at once make one.

    Stripe answers with what a key was used for also when that was deleted since, so that what is
    not there any more is made under the next key; so is what had its secret lost.
    """
    lost = set() if account.webhook_secrets else {one.endpoint_id for one in old}
    stored = sha256("".join(account.webhook_secrets).encode()).hexdigest()[:16]
    for number in range(1, MOST_MADE + 1):
        key = f"tap:endpoint:{account.pk}:{stored}:{number}"
        try:
            made = stripe.make_endpoint(
                url=account.webhook_url, types=sorted(HANDLED_TYPES), key=key
            )
        except (StripeRefused, StripeUnavailable) as error:
            if not error.replayed:
                raise
            continue
        if made.endpoint_id in lost:
            continue
        if made.endpoint_id in {found.endpoint_id for found in stripe.list_endpoints()}:
            return made
        log.warning("webhook_endpoint_gone", endpoint_id=made.endpoint_id)
    raise StripeUnavailable("Stripe made an endpoint, but does not list it. Run it again later.")


def _delete(stripe: Endpoints, endpoint: EndpointFacts) -> None:
    try:
        stripe.delete_endpoint(endpoint.endpoint_id)
    except StripeRefused as refusal:
        if refusal.status != 404:  # somebody else was first
            raise
