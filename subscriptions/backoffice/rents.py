"""What rents put on the back office: header, worklists, look-up, and registers to look at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib import admin
from django.urls import reverse

from core.backoffice.admin import ReadOnlyAdmin
from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.search import Found, Searcher, register_searcher
from core.backoffice.stories import register_person_of
from core.backoffice.timelines import Happening, register_person_source, register_timeline
from core.backoffice.worklists import Worklist, register_worklist
from core.models import User
from subscriptions.models import (
    Case,
    DisputeAct,
    FraudWarning,
    HouseEntry,
    RentCollection,
    RentDispute,
    RentPayment,
    RentPosting,
    RentTransfer,
    Resident,
    TransferReversal,
)
from subscriptions.queries import cases
from subscriptions.queries.case_story import case_story
from subscriptions.queries.lease_story import (
    person_of_rent,
    person_of_resident,
    story_of_resident,
)
from subscriptions.queries.rent_case import rent_case

ADMINS = frozenset({User.Role.ADMIN.value})


def find_rents(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find rents by any id that leads to them."""
    for rent in cases.rents_by_id(query)[:limit]:
        url = reverse("rent_case", args=[rent.pk])
        yield Found("Rent", str(rent.resident or "Unknown tenant"), url, str(rent))


def story_of_rent(rent: RentPayment) -> Iterable[Happening]:
    """Tell what happened to a rent."""
    for step in case_story(rent_case(rent.pk)):
        yield Happening(step.when, step.what, step.who)


def count_due(now: datetime) -> int:
    """Count disputes that wait for an answer."""
    return cases.due_disputes().count()


def count_held(now: datetime) -> int:
    """Count open cases whose transfer is held or was refused."""
    rows = Case.objects.filter(state=Case.State.OPEN)
    return rows.filter(rent__transfers__state__in=["held", "refused"]).distinct().count()


def count_warnings(now: datetime) -> int:
    """Count rents of which a card's issuer warned and that nobody has looked at."""
    return FraudWarning.objects.filter(cleared_at=None, rent__isnull=False).count()


def count_nobodys(now: datetime) -> int:
    """Count open cases that nobody has taken."""
    return Case.objects.filter(state=Case.State.OPEN, owner=None).count()


def count_unjoined(now: datetime) -> int:
    """Count disputes of payments that no rent is known for."""
    return cases.unjoined_disputes().count()


def count_reversals(now: datetime) -> int:
    """Count reversals that wait for a person."""
    return TransferReversal.objects.filter(state=TransferReversal.State.PROPOSED).count()


register_nav(NavItem("Cases", lambda: reverse("cases"), order=45, group="Clubs and rents"))
register_nav(NavItem("Houses", lambda: reverse("houses"), order=46, group="Clubs and rents"))
register_searcher(Searcher("rents", find_rents, order=32))
register_timeline(RentPayment, story_of_rent)
register_person_of(Resident, person_of_resident)
register_person_of(RentPayment, person_of_rent)
register_person_source(story_of_resident)
register_worklist(
    Worklist(
        name="rent_disputes",
        title="Disputes and inquiries of rents to answer",
        count=count_due,
        url=lambda: f"{reverse('cases')}?cause=answer&state=",
        why="Submit the evidence or accept the dispute before the bank's deadline.",
        order=40,
    )
)
register_worklist(
    Worklist(
        name="rents_held",
        title="Cases with rent that is not transferred",
        count=count_held,
        url=lambda: f"{reverse('cases')}?cause=held",
        why="Each says why it is held, and what ends that.",
        order=41,
    )
)
register_worklist(
    Worklist(
        name="rent_reversals",
        title="Transfers that should come back",
        count=count_reversals,
        url=lambda: f"{reverse('cases')}?cause=reversal",
        why="Nothing is taken back from a house before an admin has approved it.",
        order=42,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="rent_warnings",
        title="Early fraud warnings of rents",
        count=count_warnings,
        url=lambda: f"{reverse('cases')}?cause=warning",
        why="Refund before it becomes a dispute, or clear the warning.",
        order=41,
    )
)
register_worklist(
    Worklist(
        name="cases_nobodys",
        title="Cases that nobody has taken",
        count=count_nobodys,
        url=lambda: reverse("cases"),
        why="A rent went wrong and nobody looks after it by name: take it.",
        order=43,
    )
)
register_worklist(
    Worklist(
        name="rent_disputes_unjoined",
        title="Disputes of payments not known here",
        count=count_unjoined,
        url=lambda: f"{reverse('cases')}#unjoined-title",
        why="They are looked up again by themselves; a rent marked by hand may be missing.",
        order=44,
        roles=ADMINS,
    )
)


@admin.register(RentTransfer)
class RentTransferAdmin(ReadOnlyAdmin):
    """Transfers of rents."""

    list_display = ("created_at", "rent", "house", "state", "hold", "stripe_transfer_id")
    list_filter = ("state", "hold")
    search_fields = ("=stripe_transfer_id", "=destination")
    list_select_related = ("rent", "house")


@admin.register(TransferReversal)
class TransferReversalAdmin(ReadOnlyAdmin):
    """Money back from houses."""

    list_display = ("created_at", "transfer", "state", "reason", "stripe_reversal_id")
    list_filter = ("state",)
    search_fields = ("=stripe_reversal_id",)
    list_select_related = ("transfer",)


@admin.register(RentPosting)
class RentPostingAdmin(ReadOnlyAdmin):
    """Charges, refunds and disputes of rents, as Stripe told them last."""

    list_display = ("happened_at", "rent", "kind", "status", "amount_minor", "currency")
    list_filter = ("kind", "status")
    search_fields = ("=stripe_id", "=stripe_charge_id")
    list_select_related = ("rent",)


@admin.register(RentDispute)
class RentDisputeAdmin(ReadOnlyAdmin):
    """Disputes of rents."""

    list_display = ("opened_at", "rent", "status", "reason", "answer_by", "stripe_dispute_id")
    list_filter = ("status",)
    search_fields = ("=stripe_dispute_id", "=stripe_charge_id")
    list_select_related = ("rent",)


@admin.register(DisputeAct)
class DisputeActAdmin(ReadOnlyAdmin):
    """What staff had done about disputes."""

    list_display = ("asked_at", "dispute", "kind", "state", "asked_by")
    list_filter = ("kind", "state")
    list_select_related = ("dispute", "asked_by")


@admin.register(RentCollection)
class RentCollectionAdmin(ReadOnlyAdmin):
    """Rents that were taken from saved payment methods."""

    list_display = ("asked_at", "rent", "state", "amount_minor", "currency", "stripe_charge_id")
    list_filter = ("state",)
    search_fields = ("=stripe_charge_id", "=stripe_invoice_id")
    list_select_related = ("rent",)


@admin.register(FraudWarning)
class FraudWarningAdmin(ReadOnlyAdmin):
    """Warnings of issuers."""

    list_display = ("warned_at", "rent", "fraud_type", "cleared_at", "stripe_warning_id")
    search_fields = ("=stripe_warning_id", "=stripe_charge_id")
    list_select_related = ("rent",)


@admin.register(HouseEntry)
class HouseEntryAdmin(ReadOnlyAdmin):
    """The ledgers of houses."""

    list_display = ("happened_at", "house", "rent", "kind", "amount_minor", "currency", "source")
    list_filter = ("kind", "currency")
    search_fields = ("=source",)
    list_select_related = ("house", "rent")


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """Cases."""

    list_display = ("opened_at", "rent", "cause", "state", "owner")
    list_filter = ("state",)
    list_select_related = ("rent", "owner")
