"""Look leads up among hundreds of thousands, under row-level security. In scope."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat, Lower

from crm.contacts import LONGEST_PHONE, normalise_email, normalise_phone
from crm.models import Lead, LeadTeam, Task

if TYPE_CHECKING:
    from uuid import UUID

# Sorts behind every text that goes on after a prefix, in the byte order of the folded columns.
_LAST = "\U0010ffff"
_FEWEST_DIGITS = 5


def find_leads(rows: QuerySet[Lead], text: str, *, time_zone: str) -> QuerySet[Lead]:
    """Keep the leads that a text may mean.

    With an @ it is an e-mail address, whole. Else it is the start of a name, of what follows its
    first word, or of its last word: "mil", "van der b" and "berg" find Mila van der Berg. With
    five digits and more it may be a phone number too, however it is written.

    Ranges and equality only: PostgreSQL applies what may leak (ILIKE, regular expressions) after
    row-level security, past every index.
    """
    text = " ".join(text.split())
    if "@" in text:
        return rows.exclude(email="").filter(email_normalised=normalise_email(text))
    return rows.filter(_named(text) | _with_phone(text, time_zone))


def leads_of_team(rows: QuerySet[Lead], team_id: UUID) -> QuerySet[Lead]:
    """Keep the leads of a team: by plain equality, which an index serves."""
    return rows.filter(pk__in=LeadTeam.objects.filter(team_id=team_id).values("lead_id"))


def quiet_leads(
    rows: QuerySet[Lead], *, days: int, now: datetime, time_zone: str
) -> QuerySet[Lead]:
    """Keep the leads of which nothing was heard since this time of day, `days` days ago.

    Days are the company's: over a change of clocks one has 23 or 25 hours.
    """
    since = now.astimezone(ZoneInfo(time_zone)) - timedelta(days=days)
    return rows.filter(last_activity_at__lt=since)


def overdue_leads(rows: QuerySet[Lead], *, is_overdue: bool, now: datetime) -> QuerySet[Lead]:
    """Keep the leads whose next action or one of whose open tasks should be done by now."""
    late = Task.objects.filter(lead=OuterRef("pk"), status=Task.Status.OPEN, due_at__lt=now)
    behind = Q(next_action_at__isnull=False, next_action_at__lt=now) | Exists(late)
    return rows.filter(behind if is_overdue else ~behind)


def _named(text: str) -> Q:
    start = Lower(Value(text))
    end = Concat(Lower(Value(text)), Value(_LAST))
    return (
        Q(name_folded__gte=start, name_folded__lt=end)
        | Q(name_tail__gte=start, name_tail__lt=end)
        | Q(name_last__gte=start, name_last__lt=end)
    )


def _with_phone(text: str, time_zone: str) -> Q:
    digits = sum(sign in "0123456789" for sign in text)
    if digits < _FEWEST_DIGITS or len(text) > 2 * LONGEST_PHONE:
        return Q(pk__in=[])
    return Q(phone_normalised=normalise_phone(text, time_zone=time_zone)) & ~Q(phone_normalised="")
