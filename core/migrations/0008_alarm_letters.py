"""Let a company turn off the e-mails about alarms."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0007_analytics"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="sends_alarms",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Admins get an e-mail about signs of fraud, disputes and invoices that do"
                " not go out. The first page shows them in any case.",
                verbose_name="e-mail alarms",
            ),
        ),
    ]
