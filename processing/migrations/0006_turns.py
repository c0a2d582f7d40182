"""The next member of a batch is found without the others being read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0005_retry_of"),
    ]

    operations = [
        migrations.AddIndex(
            "job",
            models.Index(
                condition=models.Q(("parent__isnull", False), ("status", "queued")),
                fields=["parent", "created_at", "id"],
                name="jobs_members_waiting",
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                condition=models.Q(("parent__isnull", False), ("started_at__isnull", False)),
                fields=["parent", "-started_at"],
                name="jobs_members_started",
            ),
        ),
    ]
