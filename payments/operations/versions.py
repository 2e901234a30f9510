"""Keep each version of what a link said, with who made it, when, and what was changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from core.models import User
from payments.models import LinkVersion, PaymentLink
from payments.models.version import terms_of


def write_version(
    *, link: PaymentLink, changed: Collection[str], by: User | None, now: datetime
) -> LinkVersion:
    """Keep what a link says now as its version `terms_version`. In scope, with the link locked."""
    return LinkVersion.objects.create(**_columns(link, changed, by, now))


def write_first_versions(
    *, links: Iterable[PaymentLink], by: User | None, now: datetime
) -> list[LinkVersion]:
    """Keep what new links say, in one statement. In scope."""
    return LinkVersion.objects.bulk_create(
        LinkVersion(**_columns(link, [], by, now)) for link in links
    )


def version_of(link: PaymentLink) -> LinkVersion:
    """Return the version that a (locked) link is in; writes that of a link from before versions."""
    found = LinkVersion.objects.filter(link=link, number=link.terms_version).first()
    if found is not None:
        return found
    return write_version(link=link, changed=[], by=link.created_by, now=link.created_at)


def _columns(
    link: PaymentLink, changed: Collection[str], by: User | None, now: datetime
) -> dict[str, Any]:
    return {
        "tenant_id": link.tenant_id,
        "link": link,
        "number": link.terms_version,
        "terms": terms_of(link),
        "changed": sorted(changed),
        "made_by": by,
        "made_at": now,
    }
