"""What the owner of a checkout wants to read at Stripe too; words that fit more than links."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="metadata",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AlterField(
            model_name="payment",
            name="standing",
            field=models.CharField(
                choices=[
                    ("expected", "Expected"),
                    ("late", "Late: it came after the end"),
                    ("surplus", "Surplus: it was paid already"),
                    ("mismatched", "Mismatched: not what was asked for"),
                ],
                default="expected",
                max_length=12,
            ),
        ),
    ]
