"""What payments puts on the back office: header, worklists, what can be found, and timelines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode

from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.search import Found, Searcher, register_searcher
from core.backoffice.sections import Section, register_section
from core.backoffice.stories import register_person_of
from core.backoffice.timelines import register_person_source, register_timeline
from core.backoffice.worklists import Worklist, register_worklist
from core.models import Tenant, User
from payments import queries, queries_safety
from payments.backoffice.people import payer_of, story_of_person
from payments.backoffice.stories import story_of_link, story_of_payment
from payments.models import (
    FraudRule,
    ListedParty,
    Payment,
    PaymentLink,
    StripeAccount,
)

ADMINS = frozenset({User.Role.ADMIN.value})


def find_links(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find links by title, reference or amount."""
    for link in queries.find_links(query)[:limit]:
        detail = " · ".join(filter(None, [link.amount.display(), link.reference]))
        yield Found("Payment link", link.title, reverse("link", args=[link.pk]), detail)


def find_payments(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find a payment by its id here or at Stripe."""
    for payment in queries.find_payments(query)[:limit]:
        url = reverse("payment", args=[payment.pk])
        yield Found("Payment", payment.checkout.title, url, str(payment))


def count_to_decide(now: datetime) -> int:
    """Count unexpected payments nobody has decided about."""
    return queries.payments_to_decide().count()


def count_failed_refunds(now: datetime) -> int:
    """Count refunds that failed."""
    return queries.failed_refunds().count()


def count_stuck_events(now: datetime) -> int:
    """Count events that could not be taken in."""
    return queries.stuck_events().count()


def count_expiring(now: datetime) -> int:
    """Count unpaid links that end soon."""
    return queries.links_expiring_soon(now).count()


def count_alarms(now: datetime) -> int:
    """Count alarms nobody has seen to."""
    return queries_safety.open_alarms().count()


def count_warnings(now: datetime) -> int:
    """Count early warnings that a refund could still spare a dispute."""
    return queries_safety.warnings_to_decide().count()


def count_suspicious(now: datetime) -> int:
    """Count paid charges that wait for a look."""
    return queries_safety.suspicious_tries().count()


def count_disputes(now: datetime) -> int:
    """Count disputes whose bank waits for an answer."""
    return queries_safety.disputes_to_answer().count()


def count_disputes_due(now: datetime) -> int:
    """Count those whose last day is near."""
    return queries_safety.disputes_due(now).count()


def _safety_url() -> str:
    return reverse("safety")


def _worklist_url() -> str:
    return reverse("payments_worklist")


def _expiring_url() -> str:
    return f"{reverse('links')}?{urlencode({'status': queries.EXPIRING})}"


def state_of_account(tenant: Tenant) -> str:
    """Say which account at Stripe the money goes to."""
    account = StripeAccount.objects.first()
    return account.stripe_account_id if account else "Not connected: nobody can pay yet"


def state_of_rules(tenant: Tenant) -> str:
    """Say how many rules are on."""
    states = list(FraudRule.objects.values_list("is_on", flat=True))
    return f"{sum(states)} of {len(states)} on" if states else "As Taproom comes"


def state_of_lists(tenant: Tenant) -> str:
    """Say how many are listed."""
    count = ListedParty.objects.count()
    return f"{count} listed" if count else "Nobody is listed"


register_section(
    Section(
        name="stripe",
        title="Stripe account",
        url=lambda: reverse("stripe_connect"),
        words="Where the money of customers goes.",
        state=state_of_account,
        order=30,
    )
)
register_section(
    Section(
        name="statistics",
        title="Statistics of payment pages",
        url=lambda: reverse("statistics_settings"),
        words="Views are counted here without cookies; Google Analytics only if you want it.",
        state=lambda tenant: tenant.google_measurement_id or "Google Analytics: off",
        order=35,
    )
)
register_section(
    Section(
        name="fraud_rules",
        title="Rules against fraud",
        url=lambda: reverse("admin:payments_fraudrule_changelist"),
        words="How many tries are too many, and what happens then.",
        state=state_of_rules,
        order=31,
    )
)
register_section(
    Section(
        name="listed_parties",
        title="Allowed and blocked",
        url=lambda: reverse("admin:payments_listedparty_changelist"),
        words="Addresses, e-mails, cards and countries that always may pay, or never.",
        state=state_of_lists,
        order=32,
    )
)
register_section(
    Section(
        name="receipts",
        title="E-mail receipts",
        url=lambda: reverse("admin:core_tenant_changelist"),
        words="Whether payers are sent a receipt by itself.",
        state=lambda tenant: "Sent" if tenant.sends_receipts else "Not sent",
        order=33,
    )
)
register_nav(NavItem("Links", lambda: reverse("links"), order=10, group="Money"))
register_nav(NavItem("Payments", lambda: reverse("payments"), order=20, group="Money"))
register_nav(NavItem("Analytics", lambda: reverse("analytics"), order=25, group="Money"))
register_nav(NavItem("Safety", _safety_url, order=26, roles=ADMINS, group="Money"))
register_searcher(Searcher("payment_links", find_links, order=10))
register_searcher(Searcher("payments", find_payments, order=20))
register_timeline(PaymentLink, story_of_link)
register_timeline(Payment, story_of_payment)
register_person_of(Payment, payer_of)
register_person_source(story_of_person)
register_worklist(
    Worklist(
        name="payments_to_decide",
        title="Money that was not expected",
        count=count_to_decide,
        url=_worklist_url,
        why="Late, surplus or mismatched payments: keep each, or send it back.",
        order=10,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="failed_refunds",
        title="Refunds that failed",
        count=count_failed_refunds,
        url=_worklist_url,
        why="The customer still waits for this money: refund again, or pay it another way.",
        order=20,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="stuck_events",
        title="News from Stripe not taken in",
        count=count_stuck_events,
        url=_worklist_url,
        why="Payments may look open here that are paid at Stripe: process them again.",
        order=30,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="fraud_alarms",
        title="Signs of stolen cards",
        count=count_alarms,
        url=_safety_url,
        why="A rule was broken: look at the link, and open it again if it is paused.",
        order=5,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="fraud_warnings",
        title="Early fraud warnings",
        count=count_warnings,
        url=_worklist_url,
        why="The card's bank warns of fraud: a refund now spares the dispute and its fee.",
        order=6,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="suspicious_payments",
        title="Paid, but suspicious",
        count=count_suspicious,
        url=_safety_url,
        why="Of a blocked card or risky by Stripe Radar: refund each, or let it be.",
        order=7,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="disputes_to_answer",
        title="Disputes to answer",
        count=count_disputes,
        url=_worklist_url,
        why="The bank waits for evidence, and takes none after the last day.",
        order=8,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="disputes_due",
        title="Disputes due within three days",
        count=count_disputes_due,
        url=_worklist_url,
        why="Answer these first: without evidence in time the money is lost.",
        order=4,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="links_expiring",
        title="Unpaid links that end soon",
        count=count_expiring,
        url=_expiring_url,
        why="They end within three days: remind the customer, or give more time.",
        order=40,
    )
)
