"""When a worker was at a run last; a step of a push, that an invoice was paid elsewhere."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_push"),
    ]

    operations = [
        migrations.AddField(
            model_name="billingrun",
            name="worked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="push",
            name="step",
            field=models.CharField(
                choices=[
                    ("customer", "Customer"),
                    ("create", "Create the draft"),
                    ("lines", "Add the lines"),
                    ("verify", "Compare"),
                    ("finalize", "Finalize"),
                    ("credit", "Credit note"),
                    ("void", "Void"),
                    ("paid", "Tell that it was paid elsewhere"),
                    ("done", "Done"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="stripecall",
            name="step",
            field=models.CharField(
                choices=[
                    ("customer", "Customer"),
                    ("create", "Create the draft"),
                    ("lines", "Add the lines"),
                    ("verify", "Compare"),
                    ("finalize", "Finalize"),
                    ("credit", "Credit note"),
                    ("void", "Void"),
                    ("paid", "Tell that it was paid elsewhere"),
                    ("done", "Done"),
                ],
                max_length=8,
            ),
        ),
    ]
