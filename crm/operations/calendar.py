"""The secret address at which a person's own calendar reads their tasks."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from icalendar import Calendar, Event

from core.models import Entry, User
from core.tenancy import current, scope
from crm.models import CalendarFeed, Task

MOST_TASKS = 1000
TAKES = timedelta(minutes=15)


class FeedUnknown(Exception):
    """No calendar is read at this address, or no longer."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar as it is read: its text, and since when it says this."""

    body: bytes
    etag: str
    changed_at: datetime


def standing_feed(*, user: User) -> CalendarFeed | None:
    """Return a person's feed that can be read, if they made one."""
    return CalendarFeed.objects.filter(user=user, revoked_at__isnull=True).first()


def feed_url(feed: CalendarFeed) -> str:
    """Return the address to put into a calendar program."""
    return f"{settings.PUBLIC_URL}{reverse('calendar_feed', args=[feed.token])}"


def make_feed(*, user: User) -> CalendarFeed:
    """Give a person an address; repeating it returns the one that they have."""
    feed, is_new = CalendarFeed.objects.get_or_create(
        tenant_id=current().tenant_id,
        user=user,
        revoked_at=None,
        defaults={"token": secrets.token_urlsafe(24)},
    )
    if is_new:
        Entry.objects.create(
            secret_hash=_hash(feed.token),
            kind=Entry.Kind.CALENDAR_FEED,
            tenant_id=feed.tenant_id,
            target_id=feed.pk,
        )
    return feed


def revoke_feed(*, user: User, now: datetime) -> bool:
    """Shut a person's address for good; returns whether there was one. Safe to repeat."""
    feed = CalendarFeed.objects.select_for_update().filter(user=user, revoked_at=None).first()
    if feed is None:
        return False
    feed.revoked_at = now
    feed.save(update_fields=["revoked_at"])
    Entry.objects.filter(pk=_hash(feed.token)).delete()
    return True


def renew_feed(*, user: User, now: datetime) -> CalendarFeed:
    """Shut the old address, if any, and give a new one."""
    revoke_feed(user=user, now=now)
    return make_feed(user=user)


def _hash(token: str) -> str:
    return Entry.hash_secret(Entry.Kind.CALENDAR_FEED, token)


def read_feed(*, secret: str, now: datetime) -> Feed:
    """Return the calendar at a secret address, as its owner sees their tasks now.

    Raises FeedUnknown for an address that was never given or was revoked, for a person who may no
    longer log in and for a company that is switched off: all look the same from outside.
    """
    entry = Entry.find(Entry.Kind.CALENDAR_FEED, secret)
    if entry is None or not entry.tenant.is_active:
        raise FeedUnknown("No calendar is read at this address.")
    with scope(entry.tenant_id):
        feed = CalendarFeed.objects.select_related("user").filter(pk=entry.target_id).first()
    if feed is None or feed.revoked_at is not None or not _may_read(feed.user, entry.tenant_id):
        raise FeedUnknown("No calendar is read at this address.")
    with scope(entry.tenant_id, user_id=feed.user_id, role=feed.user.role):
        body = _calendar(feed.user, entry.tenant.name)
        return _keep_what_was_read(feed, body, now)


def _may_read(user: User, tenant_id: UUID) -> bool:
    return user.is_active and user.is_staff and user.tenant_id == tenant_id


def _keep_what_was_read(feed: CalendarFeed, body: bytes, now: datetime) -> Feed:
    """Note when the calendar first said this: what vanishes from it has no time of its own."""
    etag = hashlib.sha256(body).hexdigest()
    changed = feed.content_changed_at
    if changed is None or etag != feed.content_hash:
        changed = now.replace(microsecond=0)
    CalendarFeed.objects.filter(pk=feed.pk).update(
        last_read_at=now, content_hash=etag, content_changed_at=changed
    )
    return Feed(body, etag, changed)


def tasks_of(user: User) -> list[Task]:
    """Return the open tasks that are a person's to do, in scope, first due first."""
    own = Q(assignee=user) | Q(assignee__isnull=True, lead__owner=user)
    tasks = Task.objects.filter(own, status=Task.Status.OPEN).select_related("lead")
    return list(tasks.order_by("due_at", "id")[:MOST_TASKS])


def _calendar(user: User, company: str) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Taproom//Tasks//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"Tasks · {company}")
    for task in tasks_of(user):
        calendar.add_component(_event(task))
    return bytes(calendar.to_ical())


def _event(task: Task) -> Event:
    """Return a task as an event. Calendars are shared and synced: it says whom to call, no more."""
    event = Event()
    event.add("uid", f"{task.pk}@taproom")
    event.add("sequence", task.version)
    event.add("dtstamp", task.updated_at)
    event.add("dtstart", task.due_at)
    event.add("dtend", task.due_at + TAKES)
    event.add("summary", f"{task.get_type_display()}: {short_name(task.lead.name)}")
    event.add("url", f"{settings.PUBLIC_URL}{reverse('lead', args=[task.lead_id])}")
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    return event


def short_name(name: str) -> str:
    """Return a first name with the first letter of the last: `Jonas B.`."""
    first, *rest = " ".join(name.split()).split(" ")
    return f"{first} {rest[-1][0]}." if rest else first
