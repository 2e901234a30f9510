"""Which leads which teams see is shown to the roles there are, as the leads themselves are."""

from django.db import migrations

RULE = """
CREATE POLICY lead_team_seen ON crm_leadteam AS RESTRICTIVE FOR SELECT
    USING ((select core_scope_role()) IN ('admin', 'system', 'counselor'));
COMMENT ON POLICY lead_team_seen ON crm_leadteam IS 'Counselors and admins; made-up roles none.';
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0005_page_indexes")]

    operations = [migrations.RunSQL(RULE, "DROP POLICY lead_team_seen ON crm_leadteam;")]
