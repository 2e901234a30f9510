"""Find what somebody tried to pay by the mark of an e-mail, for the story of a person."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_analytics")]

    operations = [
        migrations.AddIndex(
            model_name="cardtry",
            index=models.Index(
                condition=models.Q(("email_mark", ""), _negated=True),
                fields=["tenant", "email_mark", "-made_at"],
                name="card_try_by_email",
            ),
        ),
    ]
