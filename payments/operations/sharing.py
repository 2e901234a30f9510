"""Send a link by e-mail and remind of it: never twice on one day, never once it is paid or over."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Sum
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.languages import ENGLISH
from core.models import Entry, Letter, Tenant, User
from core.operations.letters import AddressInvalid, Content, checked_address, write_letter
from core.tenancy import scope
from payments.models import Checkout, LinkRecipient, Payment, PaymentLink

SHARED, REMINDED = "link_shared", "link_reminder"
TOKEN_BYTES = 24  # 192 random bits
MOST_ADDRESSES = 50
MOST_A_DAY = 1000  # of a company: a stolen login shall not become a source of spam
LONGEST_MESSAGE = 1000
MOST_DAYS, LATEST_DAY = 10, 365
# Reminders go out in the morning of the company's day.
REMIND_FROM = time(9)
_SHAREABLE = (PaymentLink.Status.ACTIVE, PaymentLink.Status.NOT_YET_OPEN)


class SharingInvalid(FieldsInvalid):
    """The link cannot be sent as asked; nothing was written."""


class LinkNotShareable(Exception):
    """The link is paid, over or switched off: nobody could pay by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """To whom a link goes, with which words, and when they are reminded.

    `days_after` count from the day it is sent, `days_before` to the day the link ends.
    """

    emails: Sequence[str]
    message: str = ""
    language: str = ENGLISH
    days_after: Sequence[int] = field(default_factory=tuple)
    days_before: Sequence[int] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Shared:
    """To whom a link goes, and the letters that were written: none to who got one today."""

    recipients: list[LinkRecipient]
    letters: list[Letter]


def share_link(*, link_id: UUID, sharing: Sharing, by: User | None, now: datetime) -> Shared:
    """Write a letter with the link to each address, and keep when to remind it. In scope.

    Whoever got a letter of this link today gets no second one; the days are kept as given last.
    Raises LinkNotShareable, SharingInvalid, PaymentLink.DoesNotExist.
    """
    rows = PaymentLink.objects.select_for_update(of=("self",)).select_related("tenant")
    link = rows.get(pk=link_id)
    if link.status_at(now) not in _SHAREABLE:
        raise LinkNotShareable("Only a link that can be paid, now or later, is sent.")
    emails = _checked(link, sharing, now)
    today = now.astimezone(link.tenant.zone).date()
    recipients = [_recipient(link, email, sharing, today) for email in emails]
    written = [
        _write(recipient, SHARED, today, now, message=sharing.message, by=by)
        for recipient in recipients
    ]
    return Shared(recipients, [letter for letter in written if letter is not None])


def _checked(link: PaymentLink, sharing: Sharing, now: datetime) -> list[str]:
    emails, errors = _checked_addresses(sharing.emails)
    errors += wrong_texts(
        {"message": sharing.message}, {"message": LONGEST_MESSAGE}, multiline=frozenset({"message"})
    )
    if sharing.language not in dict(settings.LANGUAGES):
        known = ", ".join(dict(settings.LANGUAGES))
        errors.append(WrongField("language", "unknown", f"There are: {known}."))
    errors += _wrong_days("days_after", sharing.days_after)
    errors += _wrong_days("days_before", sharing.days_before)
    if sharing.days_before and link.expires_at is None:
        errors.append(WrongField("days_before", "no_end", "This link does not end."))
    if not errors and _written_today(link.tenant, now) + len(emails) > MOST_A_DAY:
        detail = f"At most {MOST_A_DAY} letters with links go out on one day."
        errors.append(WrongField("emails", "too_many_today", detail))
    if errors:
        raise SharingInvalid(*errors)
    return emails


def _checked_addresses(given: Sequence[str]) -> tuple[list[str], list[WrongField]]:
    """Return the addresses without repetitions, and what is wrong with the others."""
    if not 1 <= len(given) <= MOST_ADDRESSES:
        return [], [WrongField("emails", "count", f"Give 1 to {MOST_ADDRESSES} addresses.")]
    found: dict[str, str] = {}
    errors = []
    for place, text in enumerate(given):
        try:
            email = checked_address(text)
        except AddressInvalid as error:
            errors.append(WrongField(f"emails/{place}", "no_address", str(error)))
        else:
            found.setdefault(email.lower(), email)
    return list(found.values()), errors


def _wrong_days(name: str, days: Sequence[int]) -> list[WrongField]:
    if len(days) <= MOST_DAYS and all(1 <= day <= LATEST_DAY for day in days):
        return []
    detail = f"Give at most {MOST_DAYS} numbers of days, each from 1 to {LATEST_DAY}."
    return [WrongField(name, "out_of_range", detail)]


def _written_today(tenant: Tenant, now: datetime) -> int:
    midnight = datetime.combine(now.astimezone(tenant.zone).date(), time(), tenant.zone)
    return Letter.objects.filter(kind=SHARED, created_at__gte=midnight).count()


def _recipient(link: PaymentLink, email: str, sharing: Sharing, today: date) -> LinkRecipient:
    plan = {
        "language": sharing.language,
        "days_after": sorted(set(sharing.days_after)),
        "days_before": sorted(set(sharing.days_before)),
        "sent_on": today,
    }
    known = {"link": link, "email_hash": LinkRecipient.hash_email(email)}
    found = LinkRecipient.objects.filter(**known).first()
    if found is not None:
        LinkRecipient.objects.filter(pk=found.pk).update(**plan)
        found.refresh_from_db()
        return found
    made = LinkRecipient.objects.create(
        tenant_id=link.tenant_id,
        email=email,
        token=secrets.token_urlsafe(TOKEN_BYTES),
        **known,
        **plan,
    )
    Entry.objects.create(
        secret_hash=Entry.hash_secret(Entry.Kind.LINK_RECIPIENT, made.token),
        kind=Entry.Kind.LINK_RECIPIENT,
        tenant_id=made.tenant_id,
        target_id=made.pk,
    )
    return made


def _write(
    recipient: LinkRecipient,
    kind: str,
    today: date,
    now: datetime,
    *,
    message: str = "",
    by: User | None = None,
) -> Letter | None:
    return write_letter(
        kind=kind,
        subject_id=recipient.link_id,
        to=recipient.email,
        content=letter_of(recipient, kind=kind, message=message),
        language=recipient.language,
        once=f"link:{recipient.pk}:{today}",
        by=by,
        now=now,
    )


def letter_of(recipient: LinkRecipient, *, kind: str, message: str) -> Content:
    """Return what a recipient is written, in their language and the seller's time zone."""
    link = recipient.link
    reminds = bool(recipient.days_after or recipient.days_before)
    stop_url = recipient.stop_url if reminds else ""
    told: dict[str, object] = {
        "link": link,
        "tenant": link.tenant,
        "message": message.strip(),
        "stop_url": stop_url,
        "is_reminder": kind == REMINDED,
    }
    with translation.override(recipient.language), timezone.override(link.tenant.zone):
        names = {"seller": link.tenant.name, "title": link.title}
        asks = gettext("%(seller)s asks you to pay: %(title)s") % names
        reminder = gettext("Reminder from %(seller)s: %(title)s") % names
        return Content(
            subject=reminder if kind == REMINDED else asks,
            text=render_to_string("payments/letters/link.txt", told),
            unsubscribe_url=stop_url,
        )


def remind_of_links(*, tenant_id: UUID, now: datetime) -> int:
    """Write the reminders of this day for one tenant; returns how many. Opens its own scopes.

    Repeating writes nothing more that day. Days on which no worker ran are left out, not made
    up for.
    """
    with scope(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        here = now.astimezone(tenant.zone)
        if here.time() < REMIND_FROM:
            return 0
        due = [one.pk for one in _with_plans(now) if is_due_on(one, here.date())]
    written = 0
    for pk in due:
        with scope(tenant_id):
            written += _remind(pk, here.date(), now)
    return written


def _with_plans(now: datetime) -> list[LinkRecipient]:
    is_open = Q()
    for status in PaymentLink.PAYABLE:
        is_open |= Q(link__in=PaymentLink.objects.with_status(status, now))
    rows = LinkRecipient.objects.filter(is_open, opted_out_at=None)
    planned = rows.exclude(Q(days_after=[]) & Q(days_before=[]))
    return list(planned.select_related("link__tenant").defer("email", "token"))


def is_due_on(recipient: LinkRecipient, today: date) -> bool:
    """Return whether a recipient's plan names this day."""
    if (today - recipient.sent_on).days in recipient.days_after:
        return True
    end = recipient.link.expires_at
    if end is None:
        return False
    return (end.astimezone(recipient.link.tenant.zone).date() - today).days in recipient.days_before


def _remind(recipient_id: UUID, today: date, now: datetime) -> int:
    """Write one reminder unless things have changed since it was found due."""
    rows = LinkRecipient.objects.select_for_update(of=("self",)).select_related("link__tenant")
    recipient = rows.get(pk=recipient_id)
    link = recipient.link
    if recipient.opted_out_at is not None or link.status_at(now) not in PaymentLink.PAYABLE:
        return 0
    if has_paid(recipient):
        return 0
    return 1 if _write(recipient, REMINDED, today, now) else 0


def has_paid(recipient: LinkRecipient) -> bool:
    """Return whether there is no reason to remind: a debit is on its way, or they have paid.

    Of a link for many, a payer is known by the address they gave at Stripe. One that is paid in
    parts is paid when nothing is left of it, whoever has paid which part.
    """
    link = recipient.link
    on_its_way = link.checkouts.filter(state=Checkout.State.PROCESSING)
    if link.is_in_parts:
        coming: int = on_its_way.aggregate(sum=Sum("amount_minor"))["sum"] or 0
        return link.received_minor + coming >= link.amount_minor
    if link.max_payments == 1 and on_its_way.exists():
        return True
    came = link.payments.exclude(state=Payment.State.FAILED)
    email = recipient.email.lower()
    return any(str(one.payer.get("email") or "").lower() == email for one in came.iterator())


def stop_reminders(*, recipient_id: UUID, now: datetime) -> LinkRecipient:
    """End the reminders to one recipient, at their wish. In scope. Repeating changes nothing."""
    LinkRecipient.objects.filter(pk=recipient_id, opted_out_at=None).update(opted_out_at=now)
    return LinkRecipient.objects.select_related("link__tenant").get(pk=recipient_id)
