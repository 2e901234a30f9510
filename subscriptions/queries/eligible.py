"""Who is to be charged: made by PostgreSQL down to the bytes of the answer.

A million members pass through here, so that no row of theirs becomes an object of ours: the
database joins the ids to JSON in pieces, which are handed on as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

import psycopg
from django.db import connection

from subscriptions.models import ClubStatus, SubscriptionStatus

# The status of each club. There are few of them, so each is looked up by itself. Whether it serves
# is a column, since the planner takes half of such rows for true; of a list of statuses it expects
# next to none, and would then fetch a million members one by one.
_CLUBS = """
club AS MATERIALIZED (
    SELECT id, number, status, status IN %(serving)s AS is_serving
    FROM (SELECT c.id, c.number,
                 (SELECT h.status FROM subscriptions_clubstatuschange h
                  WHERE h.club_id = c.id AND h.withdrawn_at IS NULL AND h.effective_at <= %(on)s
                  ORDER BY h.effective_at DESC, h.recorded_at DESC, h.reference DESC LIMIT 1
                 ) AS status
          FROM subscriptions_club c
          WHERE %(club)s::integer IS NULL OR c.number = %(club)s) known
)
"""

# From its last change on, a subscription is what that says; before it, the history is asked.
STATUS = """
CASE WHEN s.last_effective_at <= %(on)s THEN s.last_status
     ELSE (SELECT h.status FROM subscriptions_subscriptionstatuschange h
           WHERE h.subscription_id = s.id AND h.withdrawn_at IS NULL AND h.effective_at <= %(on)s
           ORDER BY h.effective_at DESC, h.recorded_at DESC, h.reference DESC LIMIT 1)
END
"""

# Pieces, because one text of all ids would lie in memory several times on its way out. The ids
# of rows are random, so that their first byte cuts the list into even parts. That there are 256 of
# them the planner knows by the statistics `subscription_pieces`, or it would sort all rows first.
_PIECES = "GROUP BY get_byte(uuid_send(s.id), 0)"

# Quotation marks and backslashes are all that JSON wants escaped: control characters are kept out
# by a constraint.
_IDS = """
SELECT convert_to(string_agg(
    CASE WHEN strpos(s.reference, '"') + strpos(s.reference, E'\\\\') > 0
         THEN to_json(s.reference)::text ELSE '"' || s.reference || '"' END, ','), 'UTF8')
FROM subscriptions_subscription s
"""

# Those whose last change is still to come are asked apart, since the planner would count the cost
# of asking a history for every member.
ELIGIBLE = f"""
WITH {_CLUBS}, serving AS MATERIALIZED (SELECT id FROM club WHERE is_serving)
{_IDS}
WHERE s.last_effective_at <= %(on)s AND s.last_status = %(active)s
  AND s.club_id IN (SELECT id FROM serving)
{_PIECES}
UNION ALL
{_IDS}
CROSS JOIN LATERAL (
    SELECT h.status FROM subscriptions_subscriptionstatuschange h
    WHERE h.subscription_id = s.id AND h.withdrawn_at IS NULL AND h.effective_at <= %(on)s
    ORDER BY h.effective_at DESC, h.recorded_at DESC, h.reference DESC LIMIT 1
) held
WHERE s.last_effective_at > %(on)s AND held.status = %(active)s
  AND s.club_id IN (SELECT id FROM serving)
{_PIECES}
"""  # noqa: S608 - made of the texts above

EXCLUDED = f"""
WITH {_CLUBS}, known AS (
    SELECT s.id, s.reference, s.last_effective_at, club.number, club.status AS club_status,
           {STATUS} AS status
    FROM subscriptions_subscription s JOIN club ON club.id = s.club_id
)
SELECT convert_to(string_agg(json_build_object(
    'subscription_id', s.reference, 'club_id', s.number, 'status_id', s.status,
    'club_status_id', s.club_status,
    'reason', CASE
        WHEN s.status = 3 THEN 'paused'
        WHEN s.status = 2 THEN 'cancelled'
        WHEN s.status IS NULL AND s.last_effective_at IS NULL THEN 'no_status'
        WHEN s.status IS NULL THEN 'not_yet'
        WHEN s.status <> %(active)s THEN 'other_status'
        WHEN s.club_status IS NULL THEN 'club_without_status'
        ELSE 'club_not_serving' END,
    'detail', CASE
        WHEN s.status = 3 THEN 'It is paused.'
        WHEN s.status = 2 THEN 'It is cancelled.'
        WHEN s.status IS NULL AND s.last_effective_at IS NULL THEN 'It has no status at all.'
        WHEN s.status IS NULL THEN 'Its first status takes effect later.'
        WHEN s.status <> %(active)s THEN 'Its status is one that is not charged.'
        WHEN s.club_status IS NULL THEN 'It is active, but its club has no status.'
        ELSE 'It is active, but its club is neither active nor closed.' END
)::text, ','), 'UTF8')
FROM known s
WHERE s.status IS DISTINCT FROM %(active)s OR s.club_status IS NULL
   OR s.club_status NOT IN %(serving)s
{_PIECES}
"""  # noqa: S608 - made of the texts above


def eligible(*, on: datetime, club: int | None = None) -> list[bytes]:
    """Return the JSON list of the ids that are eligible at `on`, in pieces. In scope.

    Eligible is what is active in a club that is active or closed; nothing else counts, and no
    order is promised. `club` narrows it to one club's id.
    """
    return [b"[", *_joined(ELIGIBLE, on, club), b"]"]


def explained(*, on: datetime, club: int | None = None) -> list[bytes]:
    """Return a JSON object in pieces: `eligible` ids, and `excluded` ones each with a reason."""
    return [
        b'{"eligible":[',
        *_joined(ELIGIBLE, on, club),
        b'],"excluded":[',
        *_joined(EXCLUDED, on, club),
        b"]}",
    ]


def _joined(query: str, on: datetime, club: int | None) -> Iterator[bytes]:
    """Yield the pieces that a query makes, with commas between them."""
    is_first = True
    for piece in _pieces(query, on, club):
        yield piece if is_first else b"," + piece
        is_first = False


def _pieces(query: str, on: datetime, club: int | None) -> Iterator[bytes]:
    """Yield the rows as they arrive: a result that is read whole would lie in memory twice."""
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    with psycopg.Cursor(raw) as cursor:
        for (piece,) in cursor.stream(bound(query), _values(on, club), binary=True):
            yield piece


def _values(on: datetime, club: int | None) -> dict[str, Any]:
    return {"on": on, "club": club, "active": SubscriptionStatus.ACTIVE}


def bound(query: str) -> Any:
    """Return the query with the clubs that serve: a tuple is no parameter."""
    serving = ", ".join(str(status) for status in ClubStatus.SERVING)
    return query.replace("%(serving)s", f"({serving})")
