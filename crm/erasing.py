"""The CRM's part of erasing a customer: the lead stays as a number, nameless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from core.operations.blotting import Texts
from core.operations.erasure import Erased, Part, Subject, as_uuid, register
from crm.models import Application, Lead, LeadImport, Reminder, Task, TimelineEntry

ERASED = "Erased"


def find(name: str) -> Iterable[str]:
    """Yield the ids of an e-mail's leads and of those merged with them, and a lead's e-mail."""
    if "@" in name:
        found = Lead.objects.filter(email_normalised=name)
        return [str(pk) for pk in found.values_list("pk", flat=True)]
    try:
        pk = UUID(name)
    except ValueError:
        return []
    merged = Lead.objects.filter(merged_into=pk).values_list("pk", flat=True)
    into = Lead.objects.filter(pk=pk).values_list("merged_into", flat=True)
    of_application = Application.objects.filter(pk=pk).values_list("lead", flat=True)
    emails = Lead.objects.filter(pk=pk).exclude(email="").values_list("email_normalised", flat=True)
    ids = [str(one) for one in [*merged, *into, *of_application] if one is not None]
    return [*ids, *emails]


def words(subject: Subject) -> Iterable[str]:
    """Yield the names and phone numbers of the person's leads."""
    ids = [pk for one in subject.ids if (pk := as_uuid(one)) is not None]
    for lead in Lead.objects.filter(pk__in=ids).exclude(name=ERASED):
        yield from (lead.name, lead.phone)


def erase(subject: Subject) -> Iterator[Erased]:
    """Take the person out of leads and all words about them."""
    ids = []
    for one in subject.ids:
        try:
            ids.append(UUID(one))
        except ValueError:
            continue
    leads = list(Lead.objects.filter(pk__in=ids).exclude(name=ERASED, email="", phone=""))
    theirs = list(Lead.objects.filter(pk__in=ids).values_list("pk", flat=True))
    for lead in leads:
        lead.name, lead.email, lead.phone, lead.phone_normalised = ERASED, "", "", ""
        lead.next_action = ""
        lead.save()
    yield Erased("leads", len(leads))
    yield Erased("entries of timelines", _empty_entries(theirs))
    tasks = Task.objects.filter(lead__in=theirs).exclude(note="", outcome="")
    yield Erased("notes of tasks", tasks.update(note="", outcome=""))
    reminders = Reminder.objects.filter(lead__in=theirs)
    yield Erased("reminders", reminders.count())
    reminders.delete()
    yield Erased("files of leads", _files(subject.emails))
    kind = ContentType.objects.get_for_model(Lead)
    edits = LogEntry.objects.filter(content_type=kind, object_id__in=[str(pk) for pk in theirs])
    yield Erased("edits", edits.exclude(object_repr=ERASED).update(object_repr=ERASED))


def _empty_entries(leads: list[UUID]) -> int:
    """Empty the words of what happened; the timeline lets nothing else be changed, and only so."""
    words = TimelineEntry.objects.filter(lead__in=leads).exclude(text="", facts={})
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.erasing', 'on', true)")
        count = words.update(text="", facts={})
        cursor.execute("SELECT set_config('app.erasing', '', true)")
    return count


def _files(emails: frozenset[str]) -> int:
    """Empty the files in which the e-mails stand; their leads were taken in, or never will be."""
    found = [
        row
        for row in LeadImport.objects.all()
        if any(email in f"{row.content}{row.refused}".casefold() for email in emails)
    ]
    for row in found:
        row.content, row.refused = "", []
        row.save(update_fields=["content", "refused"])
    return len(found)


register(
    Part(
        name="crm",
        find=find,
        erase=erase,
        tables=("crm.Lead", "crm.TimelineEntry", "crm.Task", "crm.Reminder", "crm.LeadImport"),
        words=words,
        texts=(
            Texts("crm.Lead", ("next_action",), "pk"),
            Texts("crm.Task", ("note", "outcome"), "lead"),
            Texts("crm.PaymentRequest", ("reason",), "application__lead"),
            Texts("crm.LeadImport", ("last_error",)),
        ),
    )
)
