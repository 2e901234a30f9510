"""The settings of a company in one place: what there is to set, and where; apps add their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from core.models import Tenant, User

_sections: dict[str, Section] = {}

ADMINS = frozenset({User.Role.ADMIN.value})


def _nothing(tenant: Tenant) -> str:
    """Say nothing of how it is set."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One thing to set. `url` is asked late, when all routes are known.

    `words` say in a sentence what it is for; `state` how it is set now, in scope, at the cost of
    one query at most. A smaller `order` comes first.
    """

    name: str
    title: str
    url: Callable[[], str]
    words: str
    state: Callable[[Tenant], str] = _nothing
    order: int = 100
    roles: frozenset[str] = ADMINS


@dataclass(frozen=True, slots=True)
class SectionNow:
    """A section with how it is set."""

    section: Section
    state: str


def register_section(section: Section) -> None:
    """Add a section; the same name again replaces the first one."""
    _sections[section.name] = section


def sections_of(user: User, tenant: Tenant) -> list[SectionNow]:
    """Return the sections that this person may open, in order, with their states. In scope."""
    role = User.Role.ADMIN.value if user.is_admin else user.role
    seen = [one for one in _sections.values() if role in one.roles]
    ordered = sorted(seen, key=lambda one: (one.order, one.title))
    return [SectionNow(one, one.state(tenant)) for one in ordered]


def _people(tenant: Tenant) -> str:
    count = User.objects.filter(tenant=tenant, is_active=True).count()
    return f"{count} active"


for _section in (
    Section(
        name="company",
        title="Company",
        url=lambda: reverse("admin:core_tenant_changelist"),
        words="Its name, its time zone, by which days begin, and its usual currency.",
        state=lambda tenant: f"{tenant.time_zone} · {tenant.default_currency}",
        order=10,
    ),
    Section(
        name="alarms",
        title="E-mail alarms",
        url=lambda: reverse("admin:core_tenant_changelist"),
        words="Whether admins are told by e-mail of fraud, disputes and invoices that are stuck.",
        state=lambda tenant: "Sent" if tenant.sends_alarms else "Not sent",
        order=15,
    ),
    Section(
        name="people",
        title="People",
        url=lambda: reverse("admin:core_user_changelist"),
        words="Who may log in, and as what.",
        state=_people,
        order=20,
    ),
    Section(
        name="teams",
        title="Teams",
        url=lambda: reverse("admin:core_team_changelist"),
        words="Who works together, and so sees the same leads.",
        order=21,
    ),
    Section(
        name="api_keys",
        title="API keys",
        url=lambda: reverse("admin:core_apikey_changelist"),
        words="What programs may do in the company's name.",
        order=60,
    ),
    Section(
        name="webhooks",
        title="Webhooks",
        url=lambda: reverse("admin:core_webhookendpoint_changelist"),
        words="Where other programs are told what happens here.",
        order=61,
    ),
):
    register_section(_section)
