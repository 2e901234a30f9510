"""What billing puts on the back office: header, worklists, and what can be found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode

from billing.models import Organization
from billing.queries import worklists
from billing.queries.payer_story import payer_of, story_of_payer
from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.search import Found, Searcher, register_searcher
from core.backoffice.stories import register_person_of
from core.backoffice.timelines import register_person_source
from core.backoffice.worklists import Worklist, register_worklist
from core.models import User

ADMINS = frozenset({User.Role.ADMIN.value})


def find_organizations(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find an organization by its name, code, payer's e-mail or Stripe's id."""
    for found in worklists.find_organizations(query)[:limit]:
        url = reverse("billing_organization", args=[found.pk])
        yield Found("Organization", found.name, url, found.code)


def find_invoices(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find invoices by the beginning of a number, theirs or a credit note's, or Stripe's id."""
    for found in worklists.find_invoices(query)[:limit]:
        url = reverse("billing_invoice", args=[found.pk])
        yield Found("Invoice", str(found), url, found.organization.name)


def count_past_due(now: datetime) -> int:
    """Count invoices whose due date has passed."""
    return worklists.past_due().count()


def count_failed(now: datetime) -> int:
    """Count invoices whose payment failed for good."""
    return worklists.failed_payments().count()


def count_without_plan(now: datetime) -> int:
    """Count organizations whose usage no plan prices."""
    return worklists.without_plan(now).count()


def count_without_price(now: datetime) -> int:
    """Count meters whose usage no price is for."""
    return len(worklists.meters_without_price(now))


def count_limits(now: datetime) -> int:
    """Count spend limits reached in the last week."""
    return worklists.limits_reached(now).count()


register_nav(
    NavItem(
        "Organizations",
        lambda: reverse("billing_organizations"),
        order=60,
        group="Billing",
        covers=("/billing/invoices/",),
    )
)
register_nav(
    NavItem(
        "Prices",
        lambda: reverse("billing_plans"),
        order=75,
        group="Billing",
        covers=("/billing/versions/",),
    )
)
register_nav(NavItem("What if", lambda: reverse("billing_what_if"), order=80, group="Billing"))
register_person_of(Organization, payer_of)
register_person_source(story_of_payer)
register_searcher(Searcher("organizations", find_organizations, order=60))
register_searcher(Searcher("invoices", find_invoices, order=61))
register_worklist(
    Worklist(
        name="organizations_without_plan",
        title="Organizations that use without a plan",
        count=count_without_plan,
        url=lambda: reverse("admin:billing_organization_changelist"),
        why="Their usage costs nothing as it is. Assign a plan; its first day may be past.",
        order=60,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="usage_without_price",
        title="Meters used without a price",
        count=count_without_price,
        url=lambda: reverse("billing_plans"),
        why="The plans that were held say nothing about these meters. Change the price from today"
        " on, or bill an item.",
        order=61,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="limits_reached",
        title="Spend limits reached this week",
        count=count_limits,
        url=lambda: (
            f"{reverse('admin:billing_alertfiring_changelist')}?"
            f"{urlencode({'alert__kind__exact': 'limit'})}"
        ),
        why="These organizations wanted no more usage. Ask them whether it should stop.",
        order=62,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="invoices_past_due",
        title="Invoices past due",
        count=count_past_due,
        url=lambda: reverse("billing_organizations"),
        why="Their due date has passed without payment; the customers were told.",
        order=63,
    )
)
register_worklist(
    Worklist(
        name="invoices_failed",
        title="Invoices whose payment failed",
        count=count_failed,
        url=lambda: reverse("billing_organizations"),
        why="Stripe does not try again by itself: ask the customer for another way to pay.",
        order=62,
    )
)
