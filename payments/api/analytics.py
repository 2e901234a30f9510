"""Figures of payments for programs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, invalid
from core.api.views import ApiView
from payments.analytics.chosen import UNKNOWN, Bound, Chosen
from payments.analytics.figures import (
    LOST_DISPUTE,
    OPEN_DISPUTES,
    ByState,
    Figures,
    LinkUse,
    Tally,
    Total,
    figures,
)
from payments.analytics.links import title_of, titles_of
from payments.api.analytics_fields import AnalyticsAnswer, AnalyticsQuery

MOST_LINKS = 1000


class Analytics(ApiView):
    """What came in, what failed and why, and how links were used."""

    required_scopes = {"GET": "payments:read"}
    query_parameters = frozenset(AnalyticsQuery().fields)

    @extend_schema(parameters=[AnalyticsQuery], responses=AnalyticsAnswer)
    def get(self, request: Request) -> Response:
        """Return the figures of payments and of the use of links.

        Payments count on the day they were paid, pending and failed ones on the day they were
        made; refunds and disputes are those of the payments that are chosen, whenever they came.
        Amounts are never added across currencies. Views count by the day they happened.
        """
        chosen = asked_for(request)
        found = figures(chosen, zone=self.tenant.zone)
        shown = found.links[:MOST_LINKS]
        titles = titles_of(shown)
        return Response(
            {
                "as_of": self.now.isoformat(),
                "time_zone": self.tenant.time_zone,
                **_tables(found),
                "funnel": _use(found.funnel),
                "links": [
                    {"link": str(use.link_id), "title": titles[use.link_id], **_use(use)}
                    for use in shown
                    if use.link_id in titles
                ],
                "links_in_all": len(found.links),
            }
        )


def asked_for(request: Request) -> Chosen:
    """Read the query; raises a Problem (400) that names each parameter that is wrong."""
    twice = [name for name in request.query_params if len(request.query_params.getlist(name)) > 1]
    if twice:
        raise invalid(*(FieldError("Give it once.", code="twice", parameter=n) for n in twice))
    query = AnalyticsQuery(data=request.query_params.dict())
    if not query.is_valid():
        raise invalid(
            *(
                FieldError(str(error), code=error.code, parameter=name)
                for name, errors in query.errors.items()
                for error in errors
            )
        )
    told = dict(query.validated_data)
    least, most = told.pop("min_amount_minor", None), told.pop("max_amount_minor", None)
    if told.get("link") and title_of(told["link"]) is None:
        raise invalid(
            FieldError(
                "There is no payment link with this id.", code="unknown_link", parameter="link"
            )
        )
    return Chosen(
        **told,
        least=None if least is None else Bound.of_minor(least),
        most=None if most is None else Bound.of_minor(most),
    )


def _tables(found: Figures) -> dict[str, Any]:
    return {
        "totals": [_total(total) for total in found.totals],
        "by_day": [{"day": row.key[0], **_states(row)} for row in found.days],
        "by_hour": [
            {"weekday": int(row.key[0]) + 1, "hour": int(row.key[1]), **_states(row)}
            for row in found.hours
        ],
        "by_method": [
            {"method": row.key[0] or UNKNOWN, "brand": row.key[1], **_states(row)}
            for row in found.methods
        ],
        "by_source": [{"source": row.key[0], **_states(row)} for row in found.sources],
        "declines": [
            {"code": row.key[0] or UNKNOWN, "currency": row.currency, **_tally(row.failed)}
            for row in found.declines
        ],
    }


def _total(total: Total) -> dict[str, Any]:
    disputes = total.disputes
    opened = [disputes[name] for name in OPEN_DISPUTES]
    return {
        **_states(total),
        "received_minor": total.succeeded.minor,
        "unexpected": _tally(total.unexpected),
        "waiting": _tally(total.waiting),
        "refunds": {
            "refunded": _tally(total.refunded),
            **{
                name: _tally(total.refunds[name])
                for name in ("succeeded", "pending", "requested", "failed")
            },
        },
        "disputes": {
            "taken": _tally(total.disputed),
            "open": {
                "count": sum(one.count for one in opened),
                "amount_minor": sum(one.minor for one in opened),
            },
            "lost": _tally(disputes[LOST_DISPUTE]),
            "won": _tally(disputes["won"]),
            "prevented": _tally(disputes["prevented"]),
            "inquiries": _tally(total.inquiries),
        },
        "net_minor": total.net_minor,
    }


def _states(row: ByState) -> dict[str, Any]:
    return {
        "currency": row.currency,
        "success": _tally(row.succeeded),
        "pending": _tally(row.pending),
        "failure": _tally(row.failed),
    }


def _tally(tally: Tally) -> dict[str, int]:
    return {"count": tally.count, "amount_minor": tally.minor}


def _use(use: LinkUse) -> dict[str, int]:
    return {"views": use.views, "checkouts": use.checkouts, "paid": use.paid}
