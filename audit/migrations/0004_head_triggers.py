"""The head of the log: its newest entry and how many there were, kept with every INSERT.

So the newest entries cannot be taken away without a trace: the head still names them, and the next entry
follows the head, not what is left.
"""

from django.db import migrations

ADOPT = """
INSERT INTO audit_head (id, seq, hash, entries)
SELECT 1, seq, hash, (SELECT count(*) FROM audit_log) FROM audit_log ORDER BY seq DESC LIMIT 1;
"""

# Within a statement of many rows the head is behind, and the newest row is the one to follow.
FOLLOW_HEAD = """
CREATE OR REPLACE FUNCTION audit_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT seq, hash INTO last FROM (
        SELECT seq, hash, 1 AS source FROM audit_head
        UNION ALL
        (SELECT seq, hash, 2 FROM audit_log ORDER BY seq DESC LIMIT 1)
    ) AS newest ORDER BY seq DESC, source LIMIT 1;
    IF last.seq >= NEW.seq THEN
        RAISE EXCEPTION 'audit_log: seq % comes after % already', NEW.seq, last.seq
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    NEW.prev_hash := coalesce(last.hash, repeat('0', 64));
    NEW.hash := audit_log_hash(NEW);
    RETURN NEW;
END $$;
"""

FOLLOW_LOG = """
CREATE OR REPLACE FUNCTION audit_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT seq, hash INTO last FROM audit_log ORDER BY seq DESC LIMIT 1;
    IF last.seq >= NEW.seq THEN
        RAISE EXCEPTION 'audit_log: seq % comes after % already', NEW.seq, last.seq
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    NEW.prev_hash := coalesce(last.hash, repeat('0', 64));
    NEW.hash := audit_log_hash(NEW);
    RETURN NEW;
END $$;
"""

# Once for each statement, not for each row: the versions of one row that a transaction leaves are not cleaned
# up before it ends, and reading the head would have to walk through all of them.
ADVANCE = """
CREATE FUNCTION audit_log_advance_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_head (id, seq, hash, entries)
    SELECT 1, seq, hash, (SELECT count(*) FROM added) FROM added ORDER BY seq DESC LIMIT 1
    ON CONFLICT (id) DO UPDATE
        SET seq = EXCLUDED.seq, hash = EXCLUDED.hash, entries = audit_head.entries + EXCLUDED.entries;
    RETURN NULL;
END $$;

CREATE TRIGGER audit_log_advance_head AFTER INSERT ON audit_log REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_advance_head();
"""

# A depth of 1 is this trigger itself, 2 means that it fired from the one above.
GUARD = """
CREATE FUNCTION audit_head_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') AND pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit_head: % is refused, the head follows the audit log', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER audit_head_no_change BEFORE INSERT OR UPDATE OR DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_head_refuse();
CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_head_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_head")]

    operations = [
        migrations.RunSQL(ADOPT, migrations.RunSQL.noop),
        migrations.RunSQL(FOLLOW_HEAD, FOLLOW_LOG),
        migrations.RunSQL(ADVANCE, "DROP FUNCTION audit_log_advance_head() CASCADE"),
        migrations.RunSQL(GUARD, "DROP FUNCTION audit_head_refuse() CASCADE"),
    ]
