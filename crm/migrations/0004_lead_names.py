"""Columns by which leads are found by name."""

from django.db import migrations, models
from django.db.models.functions import Lower

import crm.models.lead

FOLDED = models.CharField(db_collation="C", max_length=160)


def part(expression, words):
    return models.GeneratedField(
        expression=expression, output_field=FOLDED, db_persist=True, db_comment=words
    )


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_data_tools")]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="name_folded",
            field=part(
                Lower("name"),
                "For look-up by how it starts: ranges of bytes, which an index serves.",
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="name_tail",
            field=part(
                crm.models.lead.NamePart("name", r"^\S+\s+"), "The same without the first word."
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="name_last",
            field=part(crm.models.lead.NamePart("name", r"^.*\s"), "The last word alone."),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["tenant", "name_folded"], name="lead_by_name"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["tenant", "name_tail"], name="lead_by_name_tail"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["tenant", "name_last"], name="lead_by_name_last"),
        ),
    ]
