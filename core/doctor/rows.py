"""The database: its role, row-level security, migrations, and the work that waits in its rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import connection
from psycopg import sql

from core import tenancy
from core.database_role import unsafe_reason
from core.doctor.checks import Finding, Visit, broken, fine, warning
from core.models import Letter, WebhookDelivery, WebhookEndpoint
from core.observe import pending_migrations
from core.rls import FOUND_BEFORE_TENANT, UNSCOPED_TABLES

OLDEST_VERSION = 150000
WEBHOOKS_LATE = LETTERS_LATE = timedelta(minutes=15)

_TABLES = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
       EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) OR NOT EXISTS (
           SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'),
       has_table_privilege(c.oid, 'TRUNCATE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1
"""


def look_at_role(visit: Visit) -> Iterable[Finding]:
    """Judge the role that serves, and the server's version."""
    reason = unsafe_reason(connection)
    if reason:
        yield broken(reason, "Run deploy/roles.sql as a superuser and point DATABASE_URL at it.")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('server_version_num')::int")
        role, version = cursor.fetchone()
    yield fine(f"role {role} is no superuser, owns nothing, cannot bypass policies")
    if version < OLDEST_VERSION:
        yield broken("PostgreSQL is older than 15", "Upgrade PostgreSQL.")
    if "owner" in settings.DATABASES:
        yield fine("DATABASE_OWNER_URL is set here: only the migration should have it")


def look_at_policies(visit: Visit) -> Iterable[Finding]:
    """Demand a forced policy on each tenant table, and that nothing shows without a tenant."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = cursor.fetchall()
        bare = [
            name
            for name, is_forced, has_policy, _ in tables
            if not (is_forced and has_policy) and name not in UNSCOPED_TABLES
        ]
        bare += [
            name for name, is_forced, *_ in tables if name in FOUND_BEFORE_TENANT and not is_forced
        ]
        scoped = [name for name, *_ in tables if name not in UNSCOPED_TABLES and name not in bare]
        seen = _shown(scoped)
    stop = "Stop serving, let manage.py migrate end if it runs; then as the owner: "
    if bare:
        switch = "ALTER TABLE ... ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        yield broken(
            f"no forced row-level security on {', '.join(bare)}",
            f"{stop}{switch}. A policy that is gone stands in docs/rls_policies.sql.",
        )
    if seen:
        yield broken(
            f"rows show without a tenant in {', '.join(seen)}",
            f"{stop}put the policies of docs/rls_policies.sql back.",
        )
    emptied = [name for name, _, _, may_truncate in tables if may_truncate]
    if emptied:
        yield broken(
            f"the serving role may empty {', '.join(emptied)} past every policy",
            "Run deploy/roles.sql, then REVOKE TRUNCATE on these tables from the role.",
        )
    if not scoped:
        yield broken("there are no tenant tables yet", "Run manage.py migrate.")
    elif not (bare or seen):
        yield fine(f"forced on {len(scoped)} tenant tables; none shows a row without a tenant")


def _shown(tables: list[str]) -> list[str]:
    """Return those tables that show a row to nobody in particular; one statement for all."""
    if not tables:
        return []
    ask = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
            sql.Literal(table), sql.Identifier(table)
        )
        for table in tables
    )
    with connection.cursor() as own:
        own.execute(ask)
        return [name for (name,) in own.fetchall()]


def look_at_migrations(visit: Visit) -> Iterable[Finding]:
    """Count the migrations that the code knows and the database does not have."""
    count = pending_migrations.count()
    if count:
        yield broken(f"{count} migrations are not applied", "Run manage.py migrate as the owner.")
    else:
        yield fine("all migrations are applied")


def look_at_outgoing(visit: Visit) -> Iterable[Finding]:
    """Judge the webhooks that a company's own programs wait for. For one tenant."""
    with tenancy.scope(visit.of_tenant.pk):
        late = WebhookDelivery.objects.filter(
            state=WebhookDelivery.State.WAITING, next_at__lt=visit.now - WEBHOOKS_LATE
        ).count()
        off = WebhookEndpoint.objects.filter(is_active=False).exclude(off_reason="").count()
        failing = WebhookEndpoint.objects.filter(
            is_active=True, failing_since__lt=visit.now - timedelta(hours=1)
        ).count()
    if late:
        yield warning(
            f"{late} outgoing webhooks are due for more than 15 minutes",
            "Are beat and a worker of the queue `default` running?",
        )
    if off or failing:
        yield warning(
            f"{failing} endpoints fail for over an hour, {off} were switched off for failing",
            "Tell the company's admin: Webhooks in the back office say what was answered.",
        )
    if not (late or off or failing):
        yield fine("outgoing webhooks are sent")


def look_at_letters(visit: Visit) -> Iterable[Finding]:
    """Judge the outbox of e-mail. For one tenant."""
    with tenancy.scope(visit.of_tenant.pk):
        late = Letter.objects.filter(
            state=Letter.State.WAITING, next_at__lt=visit.now - LETTERS_LATE
        ).count()
        given_up = Letter.objects.filter(state=Letter.State.GIVEN_UP).count()
    if late:
        yield warning(
            f"{late} letters are due for more than 15 minutes",
            "Are beat and a worker of the queue `default` running? Does EMAIL_URL's server answer?",
        )
    if given_up:
        yield warning(
            f"{given_up} letters could not be sent",
            "The back office lists them with the answer: try again, or close them.",
        )
    if not (late or given_up):
        yield fine("letters are sent")
