from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_login_attempts"),
    ]

    operations = [
        migrations.CreateModel(
            name="RateLimitCounter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "minute", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("minute", models.IntegerField()),
                ("key", models.CharField(max_length=200)),
                ("hits", models.IntegerField()),
            ],
            options={"db_table": "rate_limit_counters"},
        ),
        migrations.RunSQL(
            "ALTER TABLE rate_limit_counters SET UNLOGGED", "ALTER TABLE rate_limit_counters SET LOGGED"
        ),
    ]
