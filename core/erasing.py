"""The core's part of erasing a customer: what was sent, answered, written and edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.contrib.admin.models import LogEntry
from django.db.models import Q

from core.operations.blotting import BLOTTED, Texts
from core.operations.erasure import Erased, Part, Subject, register
from core.tenancy import current


def find(name: str) -> Iterable[str]:
    """Yield nothing: the core knows no customers."""
    return ()


def erase(subject: Subject) -> Iterator[Erased]:
    """Take the person out of the titles of what staff edited."""
    edits = LogEntry.objects.filter(
        Q(object_id__in=subject.ids), user__tenant=current().tenant_id
    ).exclude(object_repr=BLOTTED)
    yield Erased("titles of edits", edits.update(object_repr=BLOTTED))


register(
    Part(
        name="core",
        find=find,
        erase=erase,
        tables=(),
        texts=(
            Texts("core.WebhookMessage", ("body",)),
            Texts("core.StoredAnswer", ("body",)),
            Texts("core.Letter", ("envelope", "last_error")),
        ),
    )
)
