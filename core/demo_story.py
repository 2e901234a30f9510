"""The demo's stage: tenants, people and a key. Each app tells its own part of the story.

An app's part is a function `tell(stage)` in its module `demo_story`; it uses the same operations
as real data, and may run again without telling anything twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from core import scopes
from core.models import ApiKey, Team, TeamMembership, Tenant, User
from core.operations.api_keys import make_api_key
from core.tenancy import scope


@dataclass(slots=True)
class Stage:
    """Who is on stage, what is known of an earlier telling, and what the demo should print."""

    say: Callable[[str], None]
    now: datetime
    facts: dict[str, str] = field(default_factory=dict)
    tenant: Tenant = field(init=False)
    neighbour: Tenant = field(init=False)
    admin: User = field(init=False)

    def remember(self, name: str, make: Callable[[], str]) -> str:
        """Return a fact of an earlier telling, or make it now."""
        if not self.facts.get(name):
            self.facts[name] = make()
        return self.facts[name]


def tell(stage: Stage) -> None:
    """Set up two companies; the neighbour is there to be hidden."""
    stage.tenant = _company("Harbour Brewing Co.", "harbour", "Europe/Amsterdam", "EUR")
    stage.neighbour = _company("Hilltop Cider", "hilltop", "America/New_York", "USD")
    stage.facts["tenant_id"] = str(stage.tenant.pk)
    stage.admin = _person(stage, stage.tenant, "admin", "Nora Visser")
    counselor = _person(stage, stage.tenant, "counselor", "Sam de Wit")
    _person(stage, stage.neighbour, "admin", "Riley Stone", prefix="neighbour_")
    with scope(stage.tenant.pk):
        team, _ = Team.objects.get_or_create(tenant=stage.tenant, name="Tasting room")
        TeamMembership.objects.get_or_create(tenant=stage.tenant, team=team, user=counselor)
    stage.remember("api_key", lambda: _key(stage))
    stage.say("two companies and their people")


def _company(name: str, slug: str, zone: str, currency: str) -> Tenant:
    tenant, _ = Tenant.objects.get_or_create(
        slug=slug, defaults={"name": name, "time_zone": zone, "default_currency": currency}
    )
    return tenant


def _person(stage: Stage, tenant: Tenant, role: str, name: str, *, prefix: str = "") -> User:
    """Make a person; the password of an earlier telling stays, since somebody may have noted it."""
    email = f"{role}@{tenant.slug}.example"
    password = stage.remember(f"{prefix}{role}_password", lambda: secrets.token_urlsafe(9))
    stage.facts[f"{prefix}{role}_username"] = email
    user = User.objects.filter(email=email).first()
    if user is None:
        return User.objects.create_user(email, password, tenant=tenant, role=role, name=name)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def _key(stage: Stage) -> str:
    with scope(stage.tenant.pk):
        ApiKey.objects.filter(name="Demo key", revoked_at=None).update(revoked_at=stage.now)
        names = [known.name for known in scopes.known()]
        return make_api_key(name="Demo key", scopes=names, by=stage.admin).secret
