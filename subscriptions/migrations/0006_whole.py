"""Find residents by their e-mail, which lies encrypted: by a keyed hash of it."""

from typing import Any

from django.db import migrations, models

import core.encryption

TABLE = "subscriptions_resident"


def add_keys(apps: Any, schema_editor: Any) -> None:
    """Give each row its key; the owner of the table steps past its policy for that."""
    model = apps.get_model("subscriptions", "Resident")
    rows = model.objects.using(schema_editor.connection.alias).order_by("pk")
    schema_editor.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")
    for row in rows.only("pk", "email").iterator(chunk_size=500):
        email = row.email
        if email:
            rows.filter(pk=row.pk).update(email_key=core.encryption.email_key(email))
    schema_editor.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0005_collecting")]

    operations = [
        migrations.AddField(
            model_name="resident",
            name="email_key",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=32
            ),
        ),
        migrations.RunPython(add_keys, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="resident",
            index=models.Index(
                condition=models.Q(("email_key", ""), _negated=True),
                fields=["tenant", "email_key"],
                name="resident_by_email",
            ),
        ),
    ]
