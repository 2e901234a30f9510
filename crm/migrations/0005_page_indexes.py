"""What the pages of staff ask for all the time: just completed, just paid, longest on a stage."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_lead_names")]

    operations = [
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("status", "completed")),
                fields=["tenant", "completed_at"],
                name="task_completed_lately",
            ),
        ),
        migrations.AddIndex(
            model_name="paymentrequest",
            index=models.Index(
                condition=models.Q(("state", "paid")),
                fields=["tenant", "paid_at"],
                name="request_paid_lately",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["tenant", "stage", "stage_since"], name="lead_by_stage_age"),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(
                fields=["tenant", "stage", "stage_since"], name="application_by_stage_age"
            ),
        ),
    ]
