"""What clubs put on the back office: worklists, what can be found, and timelines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode

from core.backoffice.search import Found, Searcher, register_searcher
from core.backoffice.stories import register_person_of
from core.backoffice.timelines import Happening, register_person_source, register_timeline
from core.backoffice.worklists import Worklist, register_worklist
from core.models import User
from subscriptions.models import Club, Subscription
from subscriptions.queries import lists
from subscriptions.queries.club_story import customer_of, story_of_member
from subscriptions.queries.words import club_status_word, status_word

ADMINS = frozenset({User.Role.ADMIN.value})
MOST = 30


def find_subscriptions(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find a subscription by its id or its customer's."""
    for found in lists.find_subscriptions(query)[:limit]:
        url = reverse("club_member", args=[found.pk])
        yield Found("Subscription", found.customer_store_id, url, found.club.name)


def find_clubs(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find a club by its name or id."""
    for club in lists.find_clubs(query)[:limit]:
        url = reverse("club", args=[club.number])
        yield Found("Club", club.name, url, f"id {club.number}")


def story_of_subscription(subscription: Subscription) -> Iterable[Happening]:
    """Tell of a membership: each change when it takes effect, and each charge."""
    yield Happening(subscription.subscribed_at, "Subscribed")
    for row in subscription.changes.select_related("made_by")[:MOST]:
        who = str(row.made_by or "")
        taken = " (withdrawn)" if row.withdrawn_at else ""
        note = f": {row.details}" if row.details else ""
        yield Happening(row.effective_at, f"{status_word(row.status).title()}{note}{taken}", who)
    for charge in subscription.charges.select_related("requested_by")[:MOST]:
        link = reverse("admin:subscriptions_charge_change", args=[charge.pk])
        what = f"Charge for {charge.month:%B %Y}: {charge.get_state_display().lower()}"
        yield Happening(charge.created_at, what, str(charge.requested_by or ""), link)


def story_of_club(club: Club) -> Iterable[Happening]:
    """Tell of a club's opening and closing."""
    for row in club.changes.all()[:MOST]:
        note = f": {row.details}" if row.details else ""
        yield Happening(row.effective_at, f"{club_status_word(row.status).title()}{note}")


def count_unknown(now: datetime) -> int:
    """Count charges without a certain answer."""
    return lists.unknown_charges().count()


def count_to_mend(now: datetime) -> int:
    """Count orders that the shop refused because of us."""
    return lists.charges_to_mend().count()


def _charges(**which: str) -> str:
    return f"{reverse('admin:subscriptions_charge_changelist')}?{urlencode(which)}"


register_searcher(Searcher("subscriptions", find_subscriptions, order=30))
register_searcher(Searcher("clubs", find_clubs, order=31))
register_timeline(Subscription, story_of_subscription)
register_person_of(Subscription, customer_of)
register_person_source(story_of_member)
register_timeline(Club, story_of_club)
register_worklist(
    Worklist(
        name="unknown_charges",
        title="Charges without a certain answer",
        count=count_unknown,
        url=lambda: _charges(state__exact="unknown"),
        why="The shop did not say whether it charged. It is asked again by itself; look into those"
        " that stay.",
        order=50,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="charges_to_mend",
        title="Orders that the shop refused",
        count=count_to_mend,
        url=lambda: _charges(state__exact="refused", cause__exact="ours"),
        why="An article or our credentials are wrong: mend it, then charge again this month.",
        order=51,
        roles=ADMINS,
    )
)
