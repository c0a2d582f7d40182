"""Indexes for each list of jobs; most tell alone what is on a page. The one of the parent was there twice.

Among a million jobs they are made within three seconds, so nobody has to go on meanwhile: `CONCURRENTLY` would
need a migration without a transaction, which leaves half an index when it is broken off.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0003_origin"),
    ]

    operations = [
        migrations.RemoveIndex("job", "jobs_owner_recent"),
        migrations.AddIndex("job", models.Index(fields=["-created_at", "-id"], name="jobs_created")),
        migrations.AddIndex(
            "job",
            models.Index(
                fields=["-created_at", "id"],
                include=["status", "type"],
                condition=models.Q(("parent", None)),
                name="jobs_recent",
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                fields=["user", "-created_at", "id"],
                include=["status", "type"],
                condition=models.Q(("parent", None)),
                name="jobs_owner_recent",
            ),
        ),
        migrations.AlterField(
            "job",
            "parent",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="members",
                to="processing.job",
            ),
        ),
    ]
