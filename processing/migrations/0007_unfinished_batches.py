"""The batches of a user that go on are found without all that the user ever ran being read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0006_turns"),
    ]

    operations = [
        migrations.AddIndex(
            "job",
            models.Index(
                condition=models.Q(("status__in", ("queued", "processing")), ("type", "batch")),
                fields=["user"],
                name="jobs_unfinished_batches",
            ),
        ),
    ]
