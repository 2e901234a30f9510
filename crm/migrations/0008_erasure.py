"""Let a person be erased from the timeline: words may be emptied, and by nothing else changed."""

from django.db import migrations

FORWARDS = """
DROP POLICY IF EXISTS entry_changed ON crm_timelineentry;
CREATE POLICY entry_changed ON crm_timelineentry AS RESTRICTIVE FOR UPDATE
    USING ((select current_setting('app.erasing', true)) = 'on')
    WITH CHECK (text = '' AND facts = '{}'::jsonb);
COMMENT ON POLICY entry_changed ON crm_timelineentry IS
    'What happened is never changed; only a person who is erased is taken out of the words.';
"""
BACKWARDS = """
DROP POLICY IF EXISTS entry_changed ON crm_timelineentry;
CREATE POLICY entry_changed ON crm_timelineentry AS RESTRICTIVE FOR UPDATE USING (false);
COMMENT ON POLICY entry_changed ON crm_timelineentry IS 'What happened is never changed.';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0007_roles_are_given"),
    ]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
