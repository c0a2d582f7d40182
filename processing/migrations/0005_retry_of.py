"""Which job another is to make good. Few have one, so the index holds only those."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0004_lists"),
    ]

    operations = [
        migrations.AddField(
            "job",
            "retry_of",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="retries",
                to="processing.job",
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                condition=models.Q(("retry_of__isnull", False)), fields=["retry_of"], name="jobs_retry_of"
            ),
        ),
    ]
