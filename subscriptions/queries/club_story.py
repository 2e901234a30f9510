"""What clubs know of a person: memberships, what became of them, and orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.urls import reverse

from core.backoffice.timelines import Happening, Person
from subscriptions.models import Charge, Skip, Subscription, SubscriptionStatusChange
from subscriptions.queries.words import status_word

MOST = 200
_TONES = {Charge.State.CHARGED: "good", Charge.State.DECLINED: "bad", Charge.State.REFUSED: "bad"}


def customer_of(member: Subscription) -> Person:
    """Return who is a member: by their id at the shop, which may be an e-mail."""
    known = member.customer_store_id
    emails = [known.strip().lower()] if "@" in known else []
    return Person(accounts=frozenset([known]), emails=frozenset(emails))


def story_of_member(person: Person) -> Iterable[Happening]:
    """Tell of a person's memberships; four queries.

    The shop's id of a customer is what a lead from the shop has as its id there, or an e-mail.
    """
    known = person.accounts | person.emails
    rows = Subscription.objects.filter(customer_store_id__in=known).select_related("club")
    members = {row.pk: row for row in rows[:MOST]}
    for row in members.values():
        yield Happening(row.subscribed_at, f"Joined {row.club}", link=_link(row))
    yield from _changes(members)
    yield from _orders(members)
    yield from _skips(members)


def _changes(members: dict[UUID, Subscription]) -> Iterator[Happening]:
    rows = SubscriptionStatusChange.objects.in_force().filter(subscription__in=members)
    rows = rows.exclude(origin=SubscriptionStatusChange.Origin.SUBSCRIBED)
    for row in rows.select_related("made_by")[:MOST]:
        member = members[row.subscription_id]
        what = f"{member.club}: {status_word(row.status)}"
        who = str(row.made_by or "")
        yield Happening(row.effective_at, what, who, _link(member), detail=row.details)


def _orders(members: dict[UUID, Subscription]) -> Iterator[Happening]:
    rows = Charge.objects.filter(subscription__in=members).select_related("requested_by")
    for row in rows[:MOST]:
        member = members[row.subscription_id]
        what = f"{member.club}: order of {row.month:%B %Y} {row.get_state_display().lower()}"
        yield Happening(
            when=row.decided_at or row.created_at,
            what=what,
            who=str(row.requested_by or ""),
            link=_link(member),
            detail=row.reason,
            tone=_TONES.get(Charge.State(row.state), ""),
        )


def _skips(members: dict[UUID, Subscription]) -> Iterator[Happening]:
    rows = Skip.objects.filter(subscription__in=members, undone_at=None)
    for row in rows.select_related("made_by")[:MOST]:
        member = members[row.subscription_id]
        what = f"{member.club}: {row.month:%B %Y} skipped"
        who = str(row.made_by or "")
        yield Happening(row.made_at, what, who, _link(member), detail=row.reason)


def _link(member: Subscription) -> str:
    return reverse("club_member", args=[member.pk])
