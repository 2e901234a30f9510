"""Row-level security: the policy of every tenant table, as a migration operation.

Add `ProtectTenantTables()` at the end of each migration that creates or changes tenant tables; it
looks at the app's models as they are at that point and may run any number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

# The tables that can be read without a tenant, each with its reason. A test walks the catalogue
# and fails on a table that is neither protected nor named here.
UNSCOPED_TABLES = {
    "core_tenant": "must be found before its scope can be opened; holds a name and settings",
    "core_user": "a login is looked up before its tenant is known",
    "core_user_groups": "Django's permission tables; not used for tenants' rows",
    "core_user_user_permissions": "Django's permission tables; not used for tenants' rows",
    "core_entry": "from the hash of a secret to its tenant; writing it is bound to the scope",
    "account_emailaddress": "login addresses, looked up before the tenant is known",
    "account_emailconfirmation": "belongs to login addresses",
    "auth_group": "Django's permission tables; the same for all tenants",
    "auth_group_permissions": "Django's permission tables; the same for all tenants",
    "auth_permission": "Django's permission tables; the same for all tenants",
    "axes_accessattempt": "failed logins, counted before anybody is known",
    "axes_accessattemptexpiration": "failed logins, counted before anybody is known",
    "axes_accessfailurelog": "failed logins, counted before anybody is known",
    "axes_accesslog": "logins, written before a tenant is known",
    "django_admin_log": "shown filtered by the tenant's users",
    "django_content_type": "names of models; the same for all tenants",
    "django_migrations": "the state of the schema",
    "django_session": "found by cookie before anybody is known; content is signed",
    "djstripe_countryspec": "facts about countries; the same for all tenants",
    "mfa_authenticator": "second factors, checked before the tenant is known; secrets encrypted",
    "token_blacklist_blacklistedtoken": "refresh tokens that were used up",
    "token_blacklist_outstandingtoken": "refresh tokens that were given out",
}

# Readable without a tenant, yet written only inside the scope of the tenant they lead to.
FOUND_BEFORE_TENANT = {"core_entry"}

# Cast the setting, never the column: a cast column loses its index. nullif, because a setting
# that ended with its transaction reads '' on a reused connection, not NULL.
TENANT_IN_SCOPE = "(select nullif(current_setting('app.tenant_id', true), '')::uuid)"

CREATE_TOUCH_FUNCTION = """
CREATE OR REPLACE FUNCTION core_touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;
"""


def policy_sql(table: str) -> str:
    """Return the SQL that shows a table's rows to their own tenant alone, its owner included."""
    return f"""
ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant_isolation ON "{table}";
CREATE POLICY tenant_isolation ON "{table}"
    USING (tenant_id = {TENANT_IN_SCOPE}) WITH CHECK (tenant_id = {TENANT_IN_SCOPE});
"""


def entry_policy_sql(table: str) -> str:
    """Return the SQL for a table that all may read, but only its own tenant may write."""
    return f"""
ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS found_before_tenant ON "{table}";
DROP POLICY IF EXISTS written_in_scope ON "{table}";
CREATE POLICY found_before_tenant ON "{table}" FOR SELECT USING (true);
CREATE POLICY written_in_scope ON "{table}"
    USING (tenant_id = {TENANT_IN_SCOPE}) WITH CHECK (tenant_id = {TENANT_IN_SCOPE});
"""


def touch_sql(table: str) -> str:
    """Return the SQL that keeps `updated_at` current."""
    return f"""
DROP TRIGGER IF EXISTS touch_updated_at ON "{table}";
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON "{table}"
    FOR EACH ROW EXECUTE FUNCTION core_touch_updated_at();
"""


def tenant_key_sql(table: str) -> str:
    """Return the SQL for unique (tenant_id, id), which composite foreign keys point at."""
    name = f"{table}_tenant_id_id"
    return f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{name}') THEN
        ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE (tenant_id, id);
    END IF;
END $$;
"""


def composite_key_sql(table: str, column: str, target: str) -> str:
    """Return the SQL by which a row can point only at a row of its own tenant.

    A plain foreign key is checked past row-level security and so reaches across tenants.
    """
    name = f"{table}_{column}_same_tenant"[:63]
    return f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{name}') THEN
        ALTER TABLE "{table}" ADD CONSTRAINT "{name}"
            FOREIGN KEY (tenant_id, "{column}") REFERENCES "{target}" (tenant_id, id)
            DEFERRABLE INITIALLY DEFERRED;
    END IF;
END $$;
"""


def has_field(model: type[models.Model], name: str) -> bool:
    """Return whether a model (also a historical one) has a concrete field of this name."""
    return any(field.name == name for field in model._meta.local_concrete_fields)


def is_tenant_table(model: type[models.Model]) -> bool:
    """Return whether a model's rows belong to a tenant and are scoped."""
    table = model._meta.db_table
    return has_field(model, "tenant") and table not in UNSCOPED_TABLES


def statements(app_models: list[type[models.Model]]) -> Iterator[str]:
    """Yield all SQL that the tables of one app need, in an order that works."""
    tables = [model for model in app_models if is_tenant_table(model)]
    for model in app_models:
        if model._meta.db_table in FOUND_BEFORE_TENANT:
            yield entry_policy_sql(model._meta.db_table)
        if has_field(model, "updated_at"):
            yield touch_sql(model._meta.db_table)
    for model in tables:
        yield policy_sql(model._meta.db_table)
        yield tenant_key_sql(model._meta.db_table) if has_field(model, "id") else ""
    for model in tables:
        for field in model._meta.local_concrete_fields:
            target = field.remote_field.model if field.remote_field else None
            if target is not None and is_tenant_table(target):
                column = field.column or field.name
                yield composite_key_sql(model._meta.db_table, column, target._meta.db_table)


class ProtectTenantTables(Operation):
    """Give the tenant tables of the migration's app their policy, trigger and composite keys."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing that Django keeps account of."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        """Run the SQL; repeating it is safe."""
        app_models = [m for m in to_state.apps.get_models() if m._meta.app_label == app_label]
        schema_editor.execute(CREATE_TOUCH_FUNCTION)
        for sql in filter(None, statements(app_models)):
            schema_editor.execute(sql)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        """Leave the protection: tables go with their own migrations."""

    def describe(self) -> str:
        """Say what the operation does in the output of `migrate`."""
        return "Protect tenant tables with row-level security"
