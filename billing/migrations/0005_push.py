"""Count how often in a row a push got no further, apart from how often it was taken up."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_whole")]

    operations = [
        migrations.AddField(
            model_name="push",
            name="failures",
            field=models.IntegerField(db_default=0, default=0),
        ),
    ]
