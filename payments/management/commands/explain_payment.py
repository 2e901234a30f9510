"""`manage.py explain_payment`: what happened to a payment, what it means, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.management.arguments import tenant_named
from core.models import Tenant
from core.tenancy import scope
from payments.explaining import Match, Story, find, story_of


class Command(BaseCommand):
    """Tell the story of a payment in the order it happened, with ids of both sides.

    By id of a payment, try, link or refund; by Stripe's id of a session, intent, charge, refund,
    dispute or event; by a link's address; by a payer's e-mail. Several are listed. No payer is
    named. Exit code 1 when nothing is found.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which payment."""
        parser.add_argument("payment", help="id, id at Stripe, address of a link, or e-mail")
        parser.add_argument("--tenant", help="slug or id: look in this company alone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find it in one company or in all, and tell it or list what was found."""
        named, now = options["tenant"], timezone.now()
        tenants = [tenant_named(named)] if named else list(Tenant.objects.order_by("slug"))
        found: list[tuple[Tenant, Match, Story]] = []
        for tenant in tenants:
            with scope(tenant.pk):
                matches = find(options["payment"])
                found += [(tenant, match, story_of(match, now=now)) for match in matches]
        if not found:
            where = f"{named} has" if named else "No company has"
            never = "no" if named else "a"
            raise CommandError(
                f"{where} {never} payment, try, link or refund that {options['payment']!r} names. "
                "Look for Stripe's id of the payment intent (pi_...), or run "
                "manage.py reconcile_stripe_events if Stripe knows it."
            )
        lines = _told(*found[0], now=now) if len(found) == 1 else _listed(found)
        for line in lines:
            self.stdout.write(line)


def _told(tenant: Tenant, match: Match, story: Story, *, now: datetime) -> Iterator[str]:
    yield f"{tenant.name} ({tenant.slug}): {story.title}"
    yield ""
    for sentence in story.happened:
        yield f"  {sentence.at:%Y-%m-%d %H:%M:%S} UTC  {sentence.words}"
    yield ""
    for words in story.means:
        yield words
    for words in story.to_do or ["There is nothing to do."]:
        yield f"-> {words}"


def _listed(found: list[tuple[Tenant, Match, Story]]) -> Iterator[str]:
    yield f"{len(found)} tries to pay are meant; give the id of one:"
    for tenant, match, story in found:
        row = match.checkout or match.link
        state = match.checkout.get_state_display() if match.checkout else "never tried"
        if row is not None:
            when = f"{row.created_at:%Y-%m-%d %H:%M} UTC"
            yield f"  {row.pk}  {when}  {tenant.slug}  {state}: {story.title}"
