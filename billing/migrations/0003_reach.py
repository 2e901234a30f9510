"""How far back a company takes usage may be left open; what is carried on is found by an index."""

from django.db import migrations, models

# Nothing read these numbers so far: whoever typed none keeps what all have.
FORGET = """
ALTER TABLE billing_billingsettings NO FORCE ROW LEVEL SECURITY;
UPDATE billing_billingsettings SET oldest_usage_days = NULL WHERE oldest_usage_days = 35;
ALTER TABLE billing_billingsettings FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_rules")]

    operations = [
        migrations.AlterField(
            model_name="billingsettings",
            name="oldest_usage_days",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="invoiceline",
            index=models.Index(
                condition=models.Q(("source", "carried_out")),
                fields=["organization_id"],
                name="line_carried_out",
            ),
        ),
        migrations.RunSQL(FORGET, reverse_sql=migrations.RunSQL.noop),
    ]
