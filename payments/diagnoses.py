"""What `manage.py doctor` looks at in payments: Stripe, its events, and money nobody has placed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Min

from core.doctor import Finding, Visit, broken, fine, register, warning
from core.doctor.servers import judged_clock
from core.tenancy import scope
from payments.gateway import (
    API_VERSION,
    EndpointFacts,
    Endpoints,
    Gateway,
    Patience,
    StripeRefused,
    StripeUnavailable,
    stripe_time,
)
from payments.models import Checkout, Refund, StripeAccount, StripeEvent
from payments.operations.endpoints import faults_of, has_other_version
from payments.queries import worklist_counts

SHORT = Patience(connect=2, read=4, turn=3, retries=0)
SECONDS = 40  # the first call of a process reads hundreds of modules, and the machine may be busy
EVENT_LATE, EVENT_STUCK = timedelta(minutes=5), timedelta(hours=1)
UNHEARD = timedelta(hours=1)
UNSURE = timedelta(minutes=15)

_LATER = "Look at Stripe's status page; payments and refunds go on by themselves when it answers."
_SET_UP = "Run manage.py setup_stripe_account --tenant {slug}."


def look_at_stripes_clock(visit: Visit) -> Iterable[Finding]:
    """Compare this machine's clock with the date of an answer of Stripe's, which has no parts."""
    before = time.time()
    try:
        theirs = stripe_time(seconds=4)
    except StripeUnavailable as error:
        yield broken(str(error), _LATER)
        return
    # The header is cut to whole seconds.
    yield judged_clock("Stripe's", theirs, before - 1, time.time())


def look_at_account(visit: Visit) -> Iterable[Finding]:
    """Ask Stripe with the tenant's key: account, mode, and the webhook endpoint."""
    tenant = visit.of_tenant
    with scope(tenant.pk):
        account = StripeAccount.objects.first()
    mend = _SET_UP.format(slug=tenant.slug)
    if account is None:
        yield warning("no Stripe account is connected: nobody can pay", f"{mend[:-1]} --new-key.")
        return
    if account.livemode != settings.STRIPE_LIVE_MODE:
        yield broken("the stored key is of the other mode", f"{mend[:-1]} --new-key.")
        return
    try:
        found = Gateway(account, patience=SHORT).read_account()["id"]
        endpoints = Endpoints(account, patience=SHORT).list_endpoints()
    except StripeUnavailable as error:
        yield broken(str(error), _LATER)
        return
    except StripeRefused as refusal:
        yield broken(f"Stripe refuses the stored key ({refusal.status})", f"{mend[:-1]} --new-key.")
        return
    yield fine(f"{found} answers, API version {API_VERSION}")
    yield from _endpoint(account, endpoints, mend)


def _endpoint(
    account: StripeAccount, endpoints: list[EndpointFacts], mend: str
) -> Iterator[Finding]:
    ours = [found for found in endpoints if found.url == account.webhook_url]
    if not ours:
        yield broken("Stripe has no endpoint for our address: no payment is noticed", mend)
        return
    if len(ours) > 1:
        yield warning(
            f"{len(ours)} endpoints send to our address: each event comes as often",
            f"{mend[:-1]} --replace-webhook.",
        )
    for fault in faults_of(ours[0]):
        yield broken(f"the webhook endpoint {fault}", mend)
    if not account.webhook_secrets:
        yield broken("no signing secret is stored", f"{mend[:-1]} --replace-webhook.")
    if has_other_version(ours[0]):
        version = ours[0].api_version or "of the account"
        yield warning(
            f"the webhook endpoint speaks API version {version}, not {API_VERSION}",
            f"{mend[:-1]} --replace-webhook.",
        )
    if not faults_of(ours[0]):
        yield fine("the webhook endpoint sends what is needed")


def look_at_events(visit: Visit) -> Iterable[Finding]:
    """Judge the inbox: how old the last event is, and how long unprocessed ones wait."""
    with scope(visit.of_tenant.pk):
        last = StripeEvent.objects.aggregate(at=Max("created_at"))["at"]
        waiting = StripeEvent.objects.filter(processed_at=None)
        count, oldest = waiting.count(), waiting.aggregate(at=Min("created_at"))["at"]
        unheard = Checkout.objects.filter(
            state=Checkout.State.SUCCEEDED, updated_at__gt=(last or visit.now) + UNHEARD
        ).exists()
    fetch = "Run manage.py reconcile_stripe_events, and see the endpoint's failures at Stripe."
    if last is None:
        yield fine("no event has come yet")
    elif unheard:
        yield warning(f"the last event came {_ago(visit, last)}, payments were found later", fetch)
    else:
        yield fine(f"the last event came {_ago(visit, last)}")
    if oldest is None:
        return
    told = f"{count} events wait, the oldest came {_ago(visit, oldest)}"
    mend = "Are workers of the queue `webhooks` running? The back office lists stuck events."
    age = visit.now - oldest
    if age >= EVENT_STUCK:
        yield broken(told, mend)
    else:
        yield warning(told, mend) if age >= EVENT_LATE else fine(told)


def look_at_money(visit: Visit) -> Iterable[Finding]:
    """Count the money that waits for a person, and calls whose answer is not known."""
    with scope(visit.of_tenant.pk):
        counts = worklist_counts()
        before = visit.now - UNSURE
        unsure = Checkout.objects.filter(state=Checkout.State.CREATED, created_at__lt=before)
        unsent = Refund.objects.filter(state=Refund.State.REQUESTED, created_at__lt=before)
        unknown, late = unsure.count(), unsent.count()
    work = "An admin decides in the back office under Payments, Worklist."
    for number, words in (
        (counts.to_decide, "payments came late, twice or in another amount"),
        (counts.failed_refunds, "refunds failed: customers wait for this money"),
        (counts.stuck_events, "events could not be taken in"),
    ):
        if number:
            yield warning(f"{number} {words}", work)
    if unknown:
        yield warning(f"{unknown} tries to pay have no answer of Stripe for 15 minutes", _LATER)
    if late:
        yield warning(
            f"{late} refunds are not at Stripe after 15 minutes",
            "Are workers of the queue `stripe` running?",
        )
    if not (counts.to_decide or counts.failed_refunds or counts.stuck_events or unknown or late):
        yield fine("nothing waits for a person")


def _ago(visit: Visit, at: datetime) -> str:
    seconds = max(0, int((visit.now - at).total_seconds()))
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name} ago"
    return f"{seconds} s ago"


register("Stripe's clock", look_at_stripes_clock)
register("Stripe", look_at_account, for_tenants=True, seconds=SECONDS)
register("webhooks of Stripe", look_at_events, for_tenants=True)
register("money", look_at_money, for_tenants=True)
