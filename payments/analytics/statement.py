"""The one statement behind all figures: one snapshot, so that they fit each other at any moment.

Each row of its answer is `part, currency, state, first, second, count, minor`; what `first` and
`second` hold depends on the part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from payments.analytics.chosen import Chosen
from payments.analytics.narrowing import MOMENT, SOURCE, bounds, narrow
from payments.analytics.zones import shifts


@dataclass(frozen=True, slots=True)
class Cell:
    """How many rows one place of a table holds, and their sum in minor units."""

    part: str
    currency: str
    state: str
    first: str
    second: str
    count: int
    minor: int


# What payments are joined to, so that their source is known. A payment with a link was for a
# link: the join can pass over most rows.
_PAYMENTS = """payments_payment p
    LEFT JOIN payments_checkout c ON c.id = p.checkout_id AND p.link_id IS NULL"""

# Seconds on the wall since 1970: whole days and hours come out of it without dates.
_WALL = f"""floor(date_part('epoch', {MOMENT}))::bigint
    + (%(offsets)s::int[])[greatest(width_bucket({MOMENT}, %(moments)s::timestamptz[]), 1)]"""

# One pass over the payments counts them in seven ways. The day 1 January 1970 was a Thursday,
# the 72nd hour of a week that begins on Monday.
_COUNTED = """
SELECT CASE GROUPING(standing, day, hour, method, decline, source, link)
        WHEN 63 THEN 'state' WHEN 95 THEN 'day' WHEN 111 THEN 'hour' WHEN 119 THEN 'method'
        WHEN 123 THEN 'decline' WHEN 125 THEN 'source' ELSE 'paid' END,
    currency, state,
    coalesce(standing, day::text, hour::text, method, decline, source, link::text),
    CASE WHEN GROUPING(brand) = 0 THEN brand ELSE '' END,
    count(*), sum(amount_minor)
FROM (
    SELECT p.currency, p.state, p.amount_minor, p.method,
        CASE WHEN p.standing <> 'expected' AND p.decision = '' THEN p.standing || ' waiting'
            ELSE p.standing END AS standing,
        CASE WHEN p.method = 'card' THEN p.card_brand ELSE '' END AS brand,
        CASE WHEN p.state = 'failed' THEN p.decline_code END AS decline,
        CASE WHEN p.state = 'succeeded' THEN p.link_id END AS link,
        {source} AS source, wall / 86400 AS day, (wall / 3600 + 72) %% 168 AS hour
    FROM {payments} CROSS JOIN LATERAL (SELECT {wall} AS wall OFFSET 0) clock
    WHERE {chosen}
) row
GROUP BY GROUPING SETS (
    (currency, state, standing), (currency, state, day), (currency, state, hour),
    (currency, state, method, brand), (currency, state, decline), (currency, state, source),
    (currency, state, link))
"""

_REFUNDS = """
SELECT 'refund', r.currency, r.state, '', '', count(*), sum(r.amount_minor)
FROM payments_refund r JOIN ({payments}) ON p.id = r.payment_id
WHERE {chosen} GROUP BY 2, 3
"""

_DISPUTES = """
SELECT 'dispute', d.currency, d.status, '', '', count(*), sum(d.amount_minor)
FROM payments_dispute d JOIN ({payments}) ON p.id = d.payment_id
WHERE {chosen} GROUP BY 2, 3
"""

_FUNNEL = """
SELECT 'checkouts', '', '', c.link_id::text, '', count(*), 0
FROM payments_checkout c WHERE c.link_id IS NOT NULL AND {checkouts} GROUP BY c.link_id
UNION ALL
SELECT 'views', '', '', v.link_id::text, '', sum(v.views)::bigint, 0
FROM payments_linkviews v WHERE {views} GROUP BY v.link_id
"""


def statement_for(chosen: Chosen, zone: ZoneInfo) -> tuple[str, dict[str, Any]]:
    """Return the statement for a filter, and its values."""
    narrowed = narrow(chosen, zone)
    moments, offsets = shifts(zone, *bounds(chosen, zone))
    sql = "UNION ALL".join([_COUNTED, _REFUNDS, _DISPUTES, _FUNNEL]).format(
        payments=_PAYMENTS,
        chosen=narrowed.payments,
        checkouts=narrowed.checkouts,
        views=narrowed.views,
        source=SOURCE,
        wall=_WALL,
    )
    return sql, {**narrowed.values, "moments": moments, "offsets": offsets}


def cells(chosen: Chosen, zone: ZoneInfo) -> Iterable[Cell]:
    """Yield what the statement answers. In scope."""
    sql, values = statement_for(chosen, zone)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        for part, currency, state, first, second, count, minor in cursor.fetchall():
            yield Cell(part, currency, state, first or "", second, count, int(minor))
