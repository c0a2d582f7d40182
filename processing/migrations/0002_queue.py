"""What the queue needs: a client's own name for a job, and news of every change that somebody may wait for."""

from django.conf import settings
from django.db import migrations, models

# A claimed row that nobody can have asked for yet is no news: the fast lane inserts thousands of them.
ANNOUNCE = """
CREATE FUNCTION jobs_announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('jobs', json_build_object(
        'id', NEW.id, 'client', NEW.client_job_id, 'user', NEW.user_id, 'parent', NEW.parent_id,
        'status', NEW.status, 'progress', NEW.progress, 'stage', NEW.stage, 'cancel', NEW.cancel_requested
    )::text);
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_announce_new AFTER INSERT ON jobs FOR EACH ROW
    WHEN (NEW.status <> 'processing' OR NEW.client_job_id <> '')
    EXECUTE FUNCTION jobs_announce();
CREATE TRIGGER jobs_announce_change AFTER UPDATE OF status, progress, stage, cancel_requested ON jobs FOR EACH ROW
    WHEN ((OLD.status, OLD.progress, OLD.stage, OLD.cancel_requested)
        IS DISTINCT FROM (NEW.status, NEW.progress, NEW.stage, NEW.cancel_requested))
    EXECUTE FUNCTION jobs_announce();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="client_job_id",
            field=models.CharField(blank=True, default="", max_length=128),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("client_job_id", ""), _negated=True),
                fields=["user", "client_job_id"],
                name="jobs_client_job_id",
            ),
        ),
        migrations.RunSQL(ANNOUNCE, "DROP FUNCTION jobs_announce() CASCADE"),  # its triggers go too
    ]
