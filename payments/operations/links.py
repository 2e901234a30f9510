"""Make, edit and switch off payment links."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.jobs import enqueue
from core.models import Entry, Tenant, User
from core.tenancy import current
from payments.announcements import tell_of_link
from payments.models import PaymentLink
from payments.models.version import TERMS
from payments.operations.offers import fill_in, offer_errors
from payments.operations.versions import version_of, write_first_versions, write_version

TOKEN_BYTES = 24  # 192 random bits
LATEST_EXPIRY = timedelta(days=5 * 365)
MAX_PAYMENTS = 1_000_000
LONGEST_TEXTS = {
    "title": 120,
    "description": 1000,
    "reference": 80,
    "after_payment_message": 500,
}
# What follows from the rest for some ways of pricing, so that nobody may set it there.
_RECKONED = {PaymentLink.Pricing.CHOSEN, PaymentLink.Pricing.ITEMS}


class LinkInvalid(FieldsInvalid):
    """The link cannot be made or edited as asked; nothing was stored."""


class LinkChangedMeanwhile(Exception):
    """Somebody else edited the link after the version that this edit is based on."""


def make_link(*, by: User | None, now: datetime, **fields: Any) -> PaymentLink:
    """Make a payment link for the tenant in scope and give it a public address.

    `fields` are those of TERMS. Raises LinkInvalid with an error for each wrong field.
    """
    link = new_link(by=by, now=now, fields=fields)
    store_links(links=[link], by=by, now=now)
    return link


def new_link(*, by: User | None, now: datetime, fields: dict[str, Any]) -> PaymentLink:
    """Return a link with an address that is not stored yet. In scope. Raises LinkInvalid."""
    link = PaymentLink(id=uuid4(), tenant_id=current().tenant_id, created_by=by)
    _apply(link, fields)
    _validate(link, _given(fields), set(TERMS), now)
    link.token = secrets.token_urlsafe(TOKEN_BYTES)
    return link


def store_links(*, links: list[PaymentLink], by: User | None, now: datetime) -> None:
    """Store new links, their first versions, and the ways from their addresses. In scope."""
    PaymentLink.objects.bulk_create(links)
    write_first_versions(links=links, by=by, now=now)
    Entry.objects.bulk_create(
        Entry(
            secret_hash=Entry.hash_secret(Entry.Kind.PAYMENT_LINK, link.token),
            kind=Entry.Kind.PAYMENT_LINK,
            tenant_id=link.tenant_id,
            target_id=link.pk,
        )
        for link in links
    )
    for link in links:
        tell_of_link("link.created", link, now)


def edit_link(
    *,
    link_id: UUID,
    changes: dict[str, Any],
    version: int | None,
    by: User | None,
    now: datetime,
) -> PaymentLink:
    """Change what a link says; what it said stays as a version, and open checkouts are closed.

    What was paid, or is being paid by bank, keeps the version it was made under. `version` is
    the ETag's that the editor saw, or None to take whatever is there. Raises
    LinkChangedMeanwhile, LinkInvalid, PaymentLink.DoesNotExist.
    """
    link = PaymentLink.objects.select_for_update().get(pk=link_id)
    if version is not None and link.version != version:
        raise LinkChangedMeanwhile("The link was edited meanwhile: look at it again.")
    before = {name: getattr(link, name) for name in TERMS}
    version_of(link)
    _apply(link, changes)
    changed = {name for name in TERMS if getattr(link, name) != before[name]}
    if not changed:
        return link
    _validate(link, _given(changes), changed, now)
    _keep_parts(link, before)
    link.version += 1
    link.terms_version += 1
    link.save()
    write_version(link=link, changed=changed, by=by, now=now)
    tell_of_link("link.changed", link, now)
    enqueue("payments.close_link_checkouts", link_id=link.pk)
    return link


def _keep_parts(link: PaymentLink, before: dict[str, Any]) -> None:
    """Refuse what would make money that came in parts something else than a part."""
    was_in_parts = before["pricing"] == PaymentLink.Pricing.PARTS
    if not link.slots_taken or not (was_in_parts or link.is_in_parts):
        return
    errors = [
        WrongField(name, "has_payments", "It is paid, or being paid: this stays as it is.")
        for name in ("currency", "pricing")
        if getattr(link, name) != before[name]
    ]
    if errors:
        raise LinkInvalid(*errors)


def deactivate_link(*, link_id: UUID, now: datetime) -> PaymentLink:
    """Switch a link off and close the checkouts that are open for it. Repeating changes nothing."""
    link = PaymentLink.objects.select_for_update().get(pk=link_id)
    if link.deactivated_at is None:
        link.deactivated_at = now
        link.version += 1
        link.save(update_fields=["deactivated_at", "version"])
        tell_of_link("link.paused", link, now)
    enqueue("payments.close_link_checkouts", link_id=link.pk)
    return link


def reactivate_link(*, link_id: UUID, now: datetime) -> PaymentLink:
    """Switch a link on again and keep when it was off. Repeating changes nothing."""
    link = PaymentLink.objects.select_for_update().get(pk=link_id)
    if link.deactivated_at is not None:
        if link.deactivated_at < now:
            link.times_off.append(DateTimeTZRange(link.deactivated_at, now))
        link.deactivated_at = None
        link.version += 1
        link.save(update_fields=["deactivated_at", "times_off", "version"])
        tell_of_link("link.resumed", link, now)
    return link


def _apply(link: PaymentLink, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name not in TERMS:
            raise TypeError(f"a link has no editable field {name!r}")
        setattr(link, name, value)
    if not link.title:
        first_line = link.description.strip().partition("\n")[0]
        link.title = first_line[:120] or "Payment"
    if "pricing" in fields and "max_payments" not in fields and link.is_in_parts:
        link.max_payments = None
    fill_in(link)


def _validate(link: PaymentLink, given: set[str], changed: set[str], now: datetime) -> None:
    """Raise LinkInvalid with all that is wrong; a time that did not change may have passed."""
    errors = [
        *_reckoned_errors(link, given),
        *offer_errors(link),
        *_text_errors(link),
        *_time_errors(link, changed, now),
        *_limit_errors(link),
        *_redirect_errors(link),
    ]
    if errors:
        raise LinkInvalid(*errors)


def _given(fields: dict[str, Any]) -> set[str]:
    return {name for name, value in fields.items() if value is not None}


def _reckoned_errors(link: PaymentLink, given: set[str]) -> list[WrongField]:
    if link.pricing not in _RECKONED or "amount_minor" not in given:
        return []
    detail = "The amount follows from the rest of this link: leave it out."
    return [WrongField("amount_minor", "not_with_pricing", detail)]


def _text_errors(link: PaymentLink) -> list[WrongField]:
    texts = {name: getattr(link, name) for name in LONGEST_TEXTS}
    return [*wrong_texts(texts, LONGEST_TEXTS, multiline=frozenset({"description"}))]


def _time_errors(link: PaymentLink, changed: set[str], now: datetime) -> list[WrongField]:
    expires_at, errors = link.expires_at, []
    if expires_at is not None and "expires_at" in changed:
        if expires_at <= now:
            errors.append(
                WrongField("expires_at", "in_the_past", "The link would be over already.")
            )
        elif expires_at > now + LATEST_EXPIRY:
            errors.append(WrongField("expires_at", "too_late", "At most five years from now."))
    if link.starts_at is not None and expires_at is not None and link.starts_at >= expires_at:
        errors.append(WrongField("starts_at", "after_expiry", "The link would never be open."))
    return errors


def _limit_errors(link: PaymentLink) -> list[WrongField]:
    limit = link.max_payments
    if limit is not None and not 1 <= limit <= MAX_PAYMENTS:
        detail = f"From 1 to {MAX_PAYMENTS}, or null for no limit."
        return [WrongField("max_payments", "out_of_range", detail)]
    if limit is not None and limit < link.slots_taken:
        detail = f"{link.slots_taken} are being paid already."
        return [WrongField("max_payments", "below_payments", detail)]
    return []


def _redirect_errors(link: PaymentLink) -> list[WrongField]:
    """Allow https addresses of the tenant's own hosts alone: a pay page is no open redirect."""
    if not link.redirect_url:
        return []
    allowed = Tenant.objects.get(pk=link.tenant_id).redirect_hosts
    try:
        parts = urlsplit(link.redirect_url)
        is_allowed = parts.scheme == "https" and parts.netloc.lower() in allowed
    except ValueError:
        is_allowed = False
    if is_allowed and len(link.redirect_url) <= 500:
        return []
    hosts = ", ".join(allowed) or "none yet"
    detail = f"Must be https:// at a host on your list of allowed hosts ({hosts})."
    return [WrongField("redirect_url", "redirect_not_allowed", detail)]
