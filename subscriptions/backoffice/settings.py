"""What there is to set about clubs and rents."""

from __future__ import annotations

from django.db import connection
from django.urls import reverse

from core.backoffice.sections import Section, register_section
from core.models import Tenant
from subscriptions.models import Club, House, ShopAccount
from subscriptions.operations.sql_roles import role_name


def state_of_clubs(tenant: Tenant) -> str:
    """Count the clubs."""
    return f"{Club.objects.count()} in all"


def state_of_shop(tenant: Tenant) -> str:
    """Say whether orders can be made."""
    is_connected = ShopAccount.objects.exists()
    return "Connected" if is_connected else "Not connected: no member can be charged"


def state_of_sql(tenant: Tenant) -> str:
    """Say by which role other programs read and write clubs."""
    name = role_name(tenant.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [name])
        has_role = bool(cursor.fetchone()[0])
    return f"Role {name}" if has_role else "None"


def state_of_houses(tenant: Tenant) -> str:
    """Count the houses whose rents go nowhere yet."""
    waiting = House.objects.filter(stripe_account_id=None, is_active=True, is_deleted=False).count()
    return f"{waiting} without an account at Stripe" if waiting else ""


register_section(
    Section(
        name="clubs",
        title="Clubs",
        url=lambda: reverse("admin:subscriptions_club_changelist"),
        words="What customers subscribe to, its article, its time zone and the day of charging.",
        state=state_of_clubs,
        order=41,
    )
)
register_section(
    Section(
        name="shop",
        title="Shop",
        url=lambda: reverse("admin:subscriptions_shopaccount_changelist"),
        words="The credentials with which members' orders are made.",
        state=state_of_shop,
        order=42,
    )
)
register_section(
    Section(
        name="clubs_sql",
        title="SQL access to clubs",
        url=lambda: reverse("admin:subscriptions_subscription_changelist"),
        words="Programs of yours may read and write clubs by SQL. An engineer gives and takes it:"
        " manage.py clubs_sql_role.",
        state=state_of_sql,
        order=43,
    )
)
register_section(
    Section(
        name="houses",
        title="Houses",
        url=lambda: reverse("houses"),
        words="Where rents go: each house's account at Stripe, currency and time zone.",
        state=state_of_houses,
        order=44,
    )
)
