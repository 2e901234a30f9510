"""`manage.py explain_invoice`: an invoice in words, line by line, with all that happened to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markdown import Markdown

from billing.queries.explanation import Section, explain
from billing.queries.proof import named_invoices
from core import tenancy
from core.management.arguments import tenant_named
from core.models import Tenant


class Command(BaseCommand):
    """Tell what each line is made of and what happened since, with ids of both sides."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which invoice, and how to print it."""
        parser.add_argument("invoice", help="number, id, or id at Stripe")
        parser.add_argument("--tenant", help="slug or id, where several have this number")
        parser.add_argument("--markdown", action="store_true", help="print Markdown as it is")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the invoice and explain it."""
        named = options["tenant"]
        tenants = [tenant_named(named)] if named else list(Tenant.objects.order_by("slug"))
        found = {tenant: told for tenant in tenants if (told := _told(tenant, options["invoice"]))}
        if not found:
            raise CommandError(f"There is no invoice {options['invoice']!r}.")
        if len(found) > 1:
            slugs = ", ".join(tenant.slug for tenant in found)
            raise CommandError(f"Several companies have this number: {slugs}. Say which: --tenant.")
        [sections] = found.values()
        text = "\n".join(_markdown(sections))
        if options["markdown"]:
            self.stdout.write(text)
        else:
            Console(file=cast("IO[str]", self.stdout), width=110).print(Markdown(text))


def _told(tenant: Tenant, name: str) -> list[Section]:
    if "\0" in name:
        return []
    with tenancy.scope(tenant.pk):
        for invoice in named_invoices([name]):
            return explain(invoice)
    return []


def _markdown(sections: list[Section]) -> Iterator[str]:
    for number, section in enumerate(sections):
        yield f"{'##' if number else '#'} {_escaped(section.title)}\n"
        yield from (f"- {_escaped(sentence)}" for sentence in section.sentences)
        yield ""


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", text)
