"""`manage.py rebuild_usage --check`: compare buckets with events; `--fix` mends them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.models import Organization
from billing.operations.usage.rebuild import (
    Difference,
    differences,
    lost_events,
    mend_buckets,
)
from core.management.arguments import tenant_named
from core.tenancy import scope

SHOWN = 50


class Command(BaseCommand):
    """Say which buckets are not what their events come to, and with --fix work them out anew.

    Mending keeps usage out for as long as it takes, and has closed periods looked at again. Exit
    code 0: all buckets are right, or were mended; 1: some are not.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the company, which buckets, and whether to mend."""
        parser.add_argument("--tenant", required=True, help="slug or id of the company")
        parser.add_argument("--check", action="store_true", help="compare (also without it)")
        parser.add_argument("--fix", action="store_true", help="mend what differs")
        parser.add_argument("--organization", help="code or id; all without it")
        parser.add_argument("--from", dest="since", type=_day, help="the first day")
        parser.add_argument("--to", dest="until", type=_day, help="the last day")

    def handle(
        self, *args: Any, tenant: str, fix: bool, organization: str | None,
        since: date | None, until: date | None, **options: Any,
    ) -> None:  # fmt: skip
        """Compare, tell, mend."""
        company = tenant_named(tenant)
        chosen = None if organization is None else self._organization(company.pk, organization)
        found = differences(tenant_id=company.pk, organization_id=chosen, since=since, until=until)
        for one in found[:SHOWN]:
            self.stdout.write(_words(one))
        if len(found) > SHOWN:
            self.stdout.write(f"... and {len(found) - SHOWN} more")
        lost = lost_events(tenant_id=company.pk)
        if lost:
            raise CommandError(f"Events without their bucket: {', '.join(lost)}. Restore it.")
        if found and fix:
            count = mend_buckets(tenant_id=company.pk, found=found, now=timezone.now())
            self.stdout.write(f"{count} buckets were mended.")
        elif found:
            raise CommandError(f"{len(found)} buckets differ from their events; --fix mends them.")
        else:
            self.stdout.write("All buckets equal their events.")

    def _organization(self, tenant_id: UUID, text: str) -> UUID:
        with scope(tenant_id):
            try:
                found = Organization.objects.filter(pk=UUID(text)).first()
            except ValueError:
                found = Organization.objects.filter(code=text).first()
        if found is None:
            raise CommandError(f"There is no organization {text!r}.")
        return found.pk


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _words(one: Difference) -> str:
    kept, right = one.kept, one.right
    return (
        f"{one.organization} {one.day} {one.meter} {one.dimensions}: kept {kept[0]:f} of "
        f"{kept[1]} events, last {kept[2]}; events come to {right[0]:f} of {right[1]}, "
        f"last {right[2]}"
    )
