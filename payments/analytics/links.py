"""What the funnel needs of links beside its figures."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from payments.analytics.figures import LinkUse
from payments.models import PaymentLink


def title_of(link_id: UUID) -> str | None:
    """Return the title of a link; None alike for one that is unknown and one of another company."""
    return PaymentLink.objects.filter(pk=link_id).values_list("title", flat=True).first()


def titles_of(uses: Iterable[LinkUse]) -> dict[UUID, str]:
    """Return the titles of links by id. One statement."""
    ids = [use.link_id for use in uses if use.link_id]
    rows = PaymentLink.objects.order_by().filter(pk__in=ids).values_list("pk", "title")
    return dict(rows) if ids else {}
