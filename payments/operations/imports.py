"""Make many links from a file: look at what each row would become, then make all that are good."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.dateparse import parse_date, parse_datetime

from core.currencies import CurrencyRefused, normalise
from core.invalid import WrongField
from core.models import Tenant, User
from core.money import AmountInvalid, Money
from core.tenancy import current
from payments.link_files import FileRow, read_rows
from payments.models import ImportedLink, LinkImport, LinkTemplate, PaymentLink
from payments.operations.links import LinkInvalid, new_link, store_links
from payments.operations.templates import merged

_AMOUNTS: Final = {
    "amount": "amount_minor",
    "min_amount": "min_amount_minor",
    "max_amount": "max_amount_minor",
    "preset_amount": "preset_amount_minor",
    "min_part": "min_part_minor",
}
_TEXTS: Final = (
    "title", "description", "reference", "customer_name", "customer_email",
    "after_payment_message", "pricing",
)  # fmt: skip
_COUNT: Final = re.compile(r"[0-9]{1,7}")
_COLUMN_OF: Final = {minor: column for column, minor in _AMOUNTS.items()}


@dataclass(slots=True)
class PreviewRow:
    """What one row would become: a link that is not stored, or errors; `made` if it was before."""

    line: int
    key: str
    title: str
    errors: list[WrongField]
    link: PaymentLink | None = None
    made: PaymentLink | None = None

    @property
    def is_new(self) -> bool:
        """Whether confirming would make a link of it."""
        return self.link is not None and self.made is None


def preview_import(
    *, text: str, template: LinkTemplate | None, by: User | None, now: datetime
) -> list[PreviewRow]:
    """Return what each row of a file would become; writes nothing. In scope.

    A row that an earlier file (or this one) made a link of is recognised by what it says; two
    rows of one file that say the same are two links. Raises FileRefused.
    """
    tenant = Tenant.objects.get(pk=current().tenant_id)
    reading = _Reading(tenant, template, by, now)
    seen: Counter[str] = Counter()
    rows = []
    for row in read_rows(text):
        said = json.dumps([str(template.pk) if template else "", sorted(row.cells.items())])
        seen[said] += 1
        key = hashlib.sha256(f"{seen[said]}:{said}".encode(errors="replace")).hexdigest()
        rows.append(_preview(row, key, reading))
    known = ImportedLink.objects.filter(key__in=[row.key for row in rows]).select_related("link")
    made = {imported.key: imported.link for imported in known}
    for preview in rows:
        preview.made = made.get(preview.key)
        if preview.made is not None:
            # What was good when it was made needs no second look: its days may have passed.
            preview.errors = []
    return rows


def import_links(
    *, text: str, file_name: str, template: LinkTemplate | None, by: User | None, now: datetime
) -> tuple[LinkImport, list[PreviewRow]]:
    """Make links of all good rows of a file in one go; repeating makes none twice. In scope.

    Returns the import and what its rows were before it. Imports of one tenant take turns. Raises
    FileRefused.
    """
    _take_turns()
    rows = preview_import(text=text, template=template, by=by, now=now)
    fresh = [row for row in rows if row.is_new]
    links = [row.link for row in fresh if row.link is not None]
    store_links(links=links, by=by, now=now)
    ImportedLink.objects.bulk_create(
        ImportedLink(tenant_id=current().tenant_id, key=row.key, link=link)
        for row, link in zip(fresh, links, strict=True)
    )
    plain = f"{template.pk if template else ''}\n{text}".replace("\r\n", "\n")
    keys = [row.key for row in rows if row.link is not None or row.made is not None]
    imported, _ = LinkImport.objects.update_or_create(
        tenant_id=current().tenant_id,
        digest=hashlib.sha256(plain.encode(errors="replace")).hexdigest(),
        defaults={"keys": keys},
        create_defaults={
            "keys": keys,
            "file_name": "".join(sign for sign in file_name if sign.isprintable())[:200],
            "imported_by": by,
        },
    )
    return imported, rows


def links_of_import(imported: LinkImport) -> list[PaymentLink]:
    """Return the links of a file in the order of its rows. In scope."""
    rows = ImportedLink.objects.filter(key__in=imported.keys).select_related("link")
    links = {row.key: row.link for row in rows}
    return [links[key] for key in imported.keys if key in links]


def find_template(template_id: UUID | None) -> LinkTemplate | None:
    """Return the template of an id, None without one. Raises LinkTemplate.DoesNotExist."""
    return None if template_id is None else LinkTemplate.objects.get(pk=template_id)


@dataclass(frozen=True, slots=True)
class _Reading:
    tenant: Tenant
    template: LinkTemplate | None
    by: User | None
    now: datetime


def _preview(row: FileRow, key: str, reading: _Reading) -> PreviewRow:
    title = row.cells.get("title", "") or row.cells.get("description", "")[:120]
    preview = PreviewRow(line=row.line, key=key, title=title, errors=[])
    fields = dict(_read(row, reading.tenant, reading.template, preview.errors))
    if preview.errors:
        return preview
    try:
        preview.link = new_link(by=reading.by, now=reading.now, fields=fields)
    except LinkInvalid as refusal:
        preview.errors = [
            WrongField(_COLUMN_OF.get(error.field, error.field), error.code, error.detail)
            for error in refusal.errors
        ]
    return preview


def _read(
    row: FileRow, tenant: Tenant, template: LinkTemplate | None, errors: list[WrongField]
) -> dict[str, Any]:
    """Read the cells of a row as fields of a link; what cannot be read is added to `errors`."""
    cells = row.cells
    if "(more)" in cells:
        errors.append(WrongField("", "too_many_cells", "It has more cells than the header."))
    fields: dict[str, Any] = {name: cells[name] for name in _TEXTS if name in cells}
    fallback = template.terms["currency"] if template else tenant.default_currency
    try:
        fields["currency"] = normalise(cells.get("currency", fallback))
    except CurrencyRefused as error:
        errors.append(WrongField("currency", "currency_unusable", str(error)))
        return fields
    for column, name in _AMOUNTS.items():
        if column in cells:
            try:
                fields[name] = Money.parse(cells[column], fields["currency"]).minor
            except AmountInvalid as error:
                errors.append(WrongField(column, "not_an_amount", str(error)))
    for column in ("starts_at", "expires_at"):
        if column in cells:
            fields[column] = _moment(cells[column], column, tenant, errors)
    _read_limit(cells, fields, errors)
    return merged(template.terms, fields) if template else fields


def _read_limit(cells: dict[str, str], fields: dict[str, Any], errors: list[WrongField]) -> None:
    text = cells.get("max_payments", "")
    if text.lower() in {"unlimited", "no limit"}:
        fields["max_payments"] = None
    elif _COUNT.fullmatch(text):
        fields["max_payments"] = int(text)
    elif text:
        detail = "A whole number, or the word unlimited."
        errors.append(WrongField("max_payments", "not_a_number", detail))


def _moment(text: str, column: str, tenant: Tenant, errors: list[WrongField]) -> datetime | None:
    """Read a day (its start) or a minute in the tenant's zone, or a moment with its own."""
    try:
        moment = parse_datetime(text.replace(" ", "T"))
        day = parse_date(text) if moment is None or len(text) == len("2026-01-31") else None
        if day is not None:
            moment = datetime.combine(day, time.min)
    except ValueError:
        moment = None
    if moment is None or not 1990 <= moment.year < 2200:
        detail = "Give a day such as 2027-01-31, or a minute such as 2027-01-31 18:00."
        errors.append(WrongField(column, "not_a_moment", detail))
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=tenant.zone)


def _take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"link_import:{current().tenant_id}"],
        )
