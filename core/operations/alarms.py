"""Tell the owners of a company by e-mail what cannot wait until they look at the first page."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.conf import settings

from core.models import Tenant, User
from core.operations.letters import AddressInvalid, Content, write_letter
from core.tenancy import current

log = structlog.get_logger(__name__)

KIND = "alarm"
_OFF = "You can turn these e-mails off in the settings:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What an owner has to know: in a line, what happened, what of the money, what to do, where.

    `path` is that of a page of the back office, from the root. No personal data of payers: an
    e-mail is read by whoever gets hold of it.
    """

    title: str
    happened: str
    money: str
    todo: str
    path: str


def tell_owners(alarm: Alarm, *, subject_id: UUID, once: str, now: datetime) -> int:
    """Write a letter about an alarm to each active admin of the company; returns how many.

    In scope, in the transaction of what it tells. `once` names the alarm: the same one again
    writes nothing. Nor does a company that has turned these letters off.
    """
    tenant = Tenant.objects.get(pk=current().tenant_id)
    if not tenant.sends_alarms:
        return 0
    written = 0
    admins = User.objects.filter(tenant=tenant, role=User.Role.ADMIN, is_active=True)
    for admin in admins.order_by("pk"):
        with suppress(AddressInvalid):
            letter = write_letter(
                kind=KIND,
                subject_id=subject_id,
                to=admin.email,
                content=_content(alarm, tenant),
                now=now,
                once=f"{KIND}:{once}:{admin.pk}",
            )
            written += letter is not None
    if written:
        log.info("owners_told", alarm=once, letters=written)
    return written


def _content(alarm: Alarm, tenant: Tenant) -> Content:
    text = "\n\n".join(
        [
            f"What happened\n{alarm.happened}",
            f"What it means for the money\n{alarm.money}",
            f"What to do\n{alarm.todo}",
            f"Open it: {settings.PUBLIC_URL}{alarm.path}",
            f"You get this as an admin of {tenant.name}. {_OFF} {settings.PUBLIC_URL}/settings/",
        ]
    )
    return Content(subject=f"{tenant.name}: {alarm.title}", text=text + "\n")
