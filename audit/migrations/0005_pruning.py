"""Retention may delete the oldest entries, and says in its transaction up to which.

The setting keeps a plain DELETE out. Whoever sets it by hand leaves no signed checkpoint, which is found when
the chain is verified.
"""

from django.db import migrations

REFUSE = """
CREATE OR REPLACE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL AND OLD.user_id IS NOT NULL
        AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id'
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE'
        AND OLD.seq <= nullif(current_setting('snapotter.audit_prune_through', true), '')::bigint
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit_log: % is refused, the audit log only grows', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

REFUSE_EVERY_DELETE = """
CREATE OR REPLACE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL AND OLD.user_id IS NOT NULL
        AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit_log: % is refused, the audit log only grows', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_head_triggers")]

    operations = [migrations.RunSQL(REFUSE, REFUSE_EVERY_DELETE)]
