"""A member of staff in front of a real browser, at work with leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from crm.models import Application, Lead, Task
from crm.operations.applications import add_application
from crm.operations.leads import create_lead
from crm.operations.tasks import create_task
from crm.operations.timeline import Actor
from tests.journeys.browsing import Window

NewWindow = Callable[..., Window]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


class Office:
    """A company whose people work with leads at the running web server."""

    def __init__(self, tenant: Tenant, url: str, new_window: NewWindow) -> None:
        self.tenant = tenant
        self.url = url
        self.new_window = new_window

    def enter(self, person: User, *, path: str = "", **options: Any) -> Window:
        """Log a person in, as they do it, and open a page."""
        window = self.new_window(**options)
        window.open(f"{self.url}{path or '/accounts/login/'}")
        window.page.get_by_label("E-mail").fill(person.email)
        window.page.get_by_label("Password").fill("correct horse")
        window.press("Log in")
        window.page.wait_for_url(f"{self.url}{path or '/today/'}")
        return window

    def lead(self, name: str, owner: User, **fields: Any) -> Lead:
        with scope(self.tenant.pk):
            return create_lead(
                by=Actor(words="test"), now=timezone.now(), name=name, owner_id=owner.pk, **fields
            )

    def application(self, lead: Lead, **fields: Any) -> Application:
        with scope(self.tenant.pk):
            return add_application(
                lead_id=lead.pk, by=Actor(words="test"), now=timezone.now(), **fields
            )

    def task(self, name: str, owner: User, *, due: timedelta, **fields: Any) -> Task:
        """Make a lead with one task that is due so long from now; before now: overdue."""
        application = self.application(self.lead(name, owner), programme="Brewing")
        due_at = timezone.now() + due
        with scope(self.tenant.pk):
            return create_task(
                application_id=application.pk,
                task_type="call",
                due_at=due_at,
                by=Actor(words="test"),
                now=min(timezone.now(), due_at - timedelta(days=1)),
                **fields,
            )

    def reload(self, row: Any) -> Any:
        with scope(self.tenant.pk):
            return type(row).objects.get(pk=row.pk)

    def open_tasks(self) -> list[tuple[str, datetime]]:
        with scope(self.tenant.pk):
            return list(Task.objects.filter(status="open").values_list("type", "due_at"))


def is_in_order(window: Window) -> None:
    """Find the page accessible, no wider than the window, and the console quiet before axe."""
    assert window.complaints == []
    window.is_accessible()
    window.complaints.clear()  # axe tries things that our pages forbid
