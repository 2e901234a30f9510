"""What a push sends under its key, where it differs, and an index of pushes under way."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0010_usage_indexes")]

    operations = [
        migrations.AddField("push", "sending", models.JSONField(default=list)),
        migrations.AddField("push", "differences", models.JSONField(default=list)),
        migrations.AddIndex(
            "push",
            models.Index(
                condition=models.Q(("leased_until__isnull", False)),
                fields=["tenant", "leased_until"],
                name="push_under_way",
            ),
        ),
    ]
