"""A counselor's transaction gives nobody a role: what they see hangs on it."""

from django.db import migrations

TRIGGER = """
CREATE FUNCTION core_keep_roles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF core_scope_role() = 'counselor' THEN
        RAISE EXCEPTION 'counselors give nobody a role or a company'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION core_keep_roles() IS 'Refuses a counselor who gives a role or a company.';

-- Whoever saves a person writes all columns, also those that stay as they are.
CREATE TRIGGER keep_roles BEFORE UPDATE ON core_user FOR EACH ROW
    WHEN ((OLD.role, OLD.tenant_id, OLD.is_superuser)
          IS DISTINCT FROM (NEW.role, NEW.tenant_id, NEW.is_superuser))
    EXECUTE FUNCTION core_keep_roles();
CREATE TRIGGER keep_roles_of_new BEFORE INSERT ON core_user FOR EACH ROW
    EXECUTE FUNCTION core_keep_roles();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0006_known_roles")]

    operations = [migrations.RunSQL(TRIGGER)]
