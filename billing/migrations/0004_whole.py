"""Find organizations by the e-mail of their payer, which lies encrypted: by a keyed hash of it."""

from typing import Any

from django.db import migrations, models

import core.encryption

TABLE = "billing_organization"


def add_keys(apps: Any, schema_editor: Any) -> None:
    """Give each row its key; the owner of the table steps past its policy for that."""
    model = apps.get_model("billing", "Organization")
    rows = model.objects.using(schema_editor.connection.alias).order_by("pk")
    schema_editor.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")
    for row in rows.only("pk", "payer").iterator(chunk_size=500):
        email = str((row.payer or {}).get("email") or "")
        if email:
            rows.filter(pk=row.pk).update(email_key=core.encryption.email_key(email))
    schema_editor.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_reach")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="email_key",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=32
            ),
        ),
        migrations.RunPython(add_keys, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="organization",
            index=models.Index(
                condition=models.Q(("email_key", ""), _negated=True),
                fields=["tenant", "email_key"],
                name="organization_by_email",
            ),
        ),
    ]
