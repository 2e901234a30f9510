"""What the pages of the CRM put on the back office: header, search, and the timeline of people."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.search import Found, Searcher, register_searcher
from core.backoffice.sections import Section, register_section
from core.backoffice.stories import register_finder, register_person_of
from core.backoffice.timelines import register_person_source
from core.models import Tenant, User
from core.tenancy import current
from crm.models import Lead
from crm.queries.lead_search import find_leads
from crm.queries.lead_timeline import known_as_leads, person_of, story_of_leads
from crm.queries.leads import find_applications

# Those of the header are found by its entries.
PAGES = {
    "lead_new": "New lead",
    "pipeline_applications": "Pipeline of applications",
}


def search_leads(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find leads by name, e-mail or phone."""
    zone = Tenant.objects.only("time_zone").get(pk=current().tenant_id).time_zone
    found = find_leads(Lead.objects.standing(), query, time_zone=zone)
    for lead in found.select_related("owner")[:limit]:
        detail = " · ".join(filter(None, [lead.email or lead.phone, str(lead.owner or "")]))
        yield Found("Lead", lead.name, reverse("lead", args=[lead.pk]), detail)


def search_applications(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find applications by programme or id."""
    for application in find_applications(query)[:limit]:
        url = reverse("application", args=[application.pk])
        yield Found("Application", application.lead.name, url, str(application))


def search_pages(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find pages that the header does not lead to, by their titles."""
    for name, title in PAGES.items():
        if query.casefold() in title.casefold():
            yield Found("Page", title, reverse(name))


register_section(
    Section(
        name="stages",
        title="Stages of leads",
        url=lambda: reverse("admin:crm_leadstage_changelist"),
        words="The steps of your pipeline, their deadlines and rules.",
        order=40,
    )
)
register_nav(NavItem("Today", lambda: reverse("today"), order=1))
register_nav(NavItem("Leads", lambda: reverse("leads"), order=2, group="Sales"))
register_nav(NavItem("Pipeline", lambda: reverse("pipeline"), order=3, group="Sales"))
register_searcher(Searcher("crm_leads", search_leads, order=1))
register_searcher(Searcher("crm_applications", search_applications, order=2))
register_searcher(Searcher("crm_pages", search_pages, order=3))
register_person_of(Lead, person_of)
register_finder(known_as_leads)
register_person_source(story_of_leads)
