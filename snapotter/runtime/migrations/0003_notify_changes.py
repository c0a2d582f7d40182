"""Every process hears of a changed setting, whoever changed it: the server, psql, a restored backup."""

from django.db import migrations

# The payload is the name alone; a value may be a secret.
NOTIFY = """
CREATE FUNCTION settings_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('settings', CASE WHEN TG_LEVEL = 'ROW' THEN coalesce(NEW.key, OLD.key) ELSE '' END);
    RETURN NULL;
END $$;

CREATE TRIGGER settings_notify_change AFTER INSERT OR UPDATE OR DELETE ON settings
    FOR EACH ROW EXECUTE FUNCTION settings_notify();
CREATE TRIGGER settings_notify_truncate AFTER TRUNCATE ON settings
    FOR EACH STATEMENT EXECUTE FUNCTION settings_notify();
"""


class Migration(migrations.Migration):
    dependencies = [("runtime", "0002_seed_instance_id")]

    operations = [
        migrations.RunSQL(NOTIFY, "DROP FUNCTION settings_notify() CASCADE"),  # its triggers go too
    ]
