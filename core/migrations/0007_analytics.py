"""Keep a company's measurement id of Google Analytics; most have none."""

from django.db import migrations, models

import core.models.tenant


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_audit"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="google_measurement_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=20,
                validators=[core.models.tenant.validate_measurement_id],
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=models.Q(("google_measurement_id__regex", "^(G-[A-Z0-9]{4,16})?$")),
                name="tenant_measurement_id_is_googles",
            ),
        ),
    ]
