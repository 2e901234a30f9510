"""What core puts on the back office: entries of the header, worklists, and what can be found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db.models import Q
from django.urls import reverse

from core import tenancy
from core.backoffice.navigation import NavItem, navigation_of, register_nav
from core.backoffice.onboarding import Step, has_colleague, register_step
from core.backoffice.search import Found, Searcher, register_searcher
from core.backoffice.worklists import Worklist, register_worklist
from core.models import ApiKey, Team, User, WebhookEndpoint

ADMINS = frozenset({User.Role.ADMIN.value})
KEY_ENDS_SOON = timedelta(days=14)


def find_pages(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find entries of the header by their title."""
    pages = [item for item in navigation_of(user) if query.casefold() in item.title.casefold()]
    return [Found("Page", item.title, str(item.url())) for item in pages[:limit]]


def find_people(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find people of the company in scope by name or e-mail."""
    people = User.objects.filter(
        Q(name__icontains=query) | Q(email__icontains=query),
        tenant_id=tenancy.current().tenant_id,
        is_superuser=False,
    )
    return [
        Found("Person", str(p), reverse("admin:core_user_change", args=[p.pk]), p.email)
        for p in people[:limit]
    ]


def find_teams(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find teams by name."""
    teams = Team.objects.filter(name__icontains=query)[:limit]
    return [Found("Team", t.name, reverse("admin:core_team_change", args=[t.pk])) for t in teams]


def find_keys(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find API keys by name or by the part of the key that is shown."""
    keys = ApiKey.objects.filter(
        Q(name__icontains=query) | Q(prefix=query.removeprefix("tap_").partition("_")[0])
    )
    return [
        Found("API key", k.name, reverse("admin:core_apikey_change", args=[k.pk]), k.prefix)
        for k in keys[:limit]
    ]


def keys_ending_soon(now: datetime) -> int:
    """Count keys in use that stop working within KEY_ENDS_SOON."""
    return ApiKey.objects.filter(
        revoked_at=None, expires_at__gt=now, expires_at__lte=now + KEY_ENDS_SOON
    ).count()


def people_without_second_factor(now: datetime) -> int:
    """Count active people of the company who log in with a password alone."""
    protected = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user")
    people = User.objects.filter(tenant_id=tenancy.current().tenant_id, is_active=True)
    return people.exclude(pk__in=protected).count()


def endpoints_failing(now: datetime) -> int:
    """Count endpoints that take no news now, or were switched off for that."""
    failing = Q(failing_since__isnull=False) | (Q(is_active=False) & Q(off_reason__gt=""))
    return WebhookEndpoint.objects.filter(failing).count()


register_nav(NavItem("Home", lambda: reverse("admin:index"), order=0))
register_nav(NavItem("API docs", lambda: reverse("api-docs"), order=900, group="More"))
register_searcher(Searcher("pages", find_pages, order=0))
register_searcher(Searcher("people", find_people, order=900, roles=ADMINS))
register_searcher(Searcher("teams", find_teams, order=910, roles=ADMINS))
register_searcher(Searcher("api_keys", find_keys, order=920, roles=ADMINS))
register_step(
    Step(
        name="colleague",
        title="Let a colleague in",
        is_done=has_colleague,
        url=lambda: reverse("admin:core_user_add"),
        how="A second admin can help when you are away or locked out.",
        order=50,
    )
)
register_worklist(
    Worklist(
        name="keys_ending_soon",
        title="API keys about to end",
        count=keys_ending_soon,
        url=lambda: reverse("admin:core_apikey_changelist"),
        why="Within 14 days these programs lose access; make new keys in time.",
        order=800,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="people_without_second_factor",
        title="People without two-step login",
        count=people_without_second_factor,
        url=lambda: reverse("admin:core_user_changelist"),
        why="A stolen password would be enough; ask them to set it up.",
        order=810,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="webhooks_failing",
        title="Programs that take no news",
        count=endpoints_failing,
        url=lambda: reverse("admin:core_webhookendpoint_changelist"),
        why="Their address answers with errors: mend it there, then send what was missed again.",
        order=790,
        roles=ADMINS,
    )
)
