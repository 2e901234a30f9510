"""`manage.py explain_subscription ID`: its history, what it is, and why."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core import tenancy
from core.management.arguments import tenant_named
from core.models import Tenant
from core.periods import MomentOutOfRange
from subscriptions.models import Subscription
from subscriptions.queries.membership import explain
from subscriptions.queries.moments import moment_or_day


class Command(BaseCommand):
    """Tell in words what a subscription is now, or was or will be at another moment."""

    help = "Explain the status of a subscription."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which one, and when."""
        parser.add_argument("id", help="the subscription's id")
        parser.add_argument("--tenant", help="slug or id, where several have this id")
        parser.add_argument("--on", help="a moment (without a zone: UTC) or a day; now without it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the subscription and explain it."""
        named = options["tenant"]
        tenants = [tenant_named(named)] if named else list(Tenant.objects.order_by("slug"))
        holders = [tenant for tenant in tenants if _has(tenant, options["id"])]
        if not holders:
            raise CommandError(f"There is no subscription {options['id']!r}.")
        if len(holders) > 1:
            slugs = ", ".join(tenant.slug for tenant in holders)
            raise CommandError(f"Several tenants have this id: {slugs}. Say which: --tenant.")
        [tenant] = holders
        with tenancy.scope(tenant.pk):
            found = Subscription.objects.select_related("club__tenant").get(reference=options["id"])
            for line in explain(found, _moment(options["on"], found)):
                self.stdout.write(line)


def _has(tenant: Tenant, reference: str) -> bool:
    if "\0" in reference:
        return False
    with tenancy.scope(tenant.pk):
        return Subscription.objects.filter(reference=reference).exists()


def _moment(text: str | None, subscription: Subscription) -> Any:
    if text is None:
        return timezone.now()
    try:
        return moment_or_day(text, subscription.club.zone)
    except (ValueError, MomentOutOfRange) as error:
        raise CommandError(f"--on: {error}") from None
