"""Indexes by which usage is read, and room beside buckets, which change all the time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_rules")]

    operations = [
        migrations.RemoveIndex(model_name="usageevent", name="event_by_bucket"),
        migrations.AddIndex(
            model_name="usageevent",
            index=models.Index(fields=["bucket_id", "time"], name="event_by_bucket_and_time"),
        ),
        migrations.AddIndex(
            model_name="usageevent",
            index=models.Index(
                fields=["bucket_id", "value"],
                condition=models.Q(("value__isnull", False)),
                name="event_by_value",
            ),
        ),
        # A changed bucket stays on its page and touches no index.
        migrations.RunSQL(
            "ALTER TABLE billing_usagebucket SET (fillfactor = 70)",
            "ALTER TABLE billing_usagebucket RESET (fillfactor)",
        ),
    ]
