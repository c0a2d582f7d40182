"""An installation has an id from the moment it has a database; one that came along from 1.x stays."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("runtime", "0001_tables")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO settings (key, value) VALUES ('instance_id', gen_random_uuid()::text)"
            " ON CONFLICT (key) DO NOTHING",
            migrations.RunSQL.noop,
        ),
    ]
