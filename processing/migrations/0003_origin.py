"""Where a job was asked for, so that its run is recorded so whoever carries it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0002_queue"),
    ]

    operations = [
        migrations.AddField("job", "ip_address", models.GenericIPAddressField(null=True)),
        migrations.AddField("job", "request_id", models.UUIDField(null=True)),
    ]
