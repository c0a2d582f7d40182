"""The audit log keeps itself: it takes new rows only, and links each to the one before.

What is hashed, and how to recompute it without this database, is written in `audit/chain.py`.
"""

from django.db import migrations

# One netstring: the length in bytes, a colon, the bytes, a comma; null is a lone `-,`.
FIELD = """
CREATE FUNCTION audit_log_field(value text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NULL THEN '-,'::bytea ELSE
        convert_to(octet_length(convert_to(value, 'UTF8')) || ':' || value || ',', 'UTF8') END
$$;
"""

HASH = """
CREATE FUNCTION audit_log_hash(entry audit_log) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(
        audit_log_field(entry.prev_hash)
        || audit_log_field(entry.seq::text)
        || audit_log_field(entry.id::text)
        || audit_log_field(
            to_char(entry.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || audit_log_field(entry.action)
        || audit_log_field(entry.actor_id::text)
        || audit_log_field(entry.actor_username)
        || audit_log_field(entry.target_type)
        || audit_log_field(entry.target_id)
        || audit_log_field(entry.details::text)
        || audit_log_field(host(entry.ip_address))
        || audit_log_field(entry.request_id::text)
    ), 'hex')
$$;
"""

# A statement trigger fires before the identity column draws its number. So numbers are drawn under the lock,
# which is held until the transaction ends: the order of seq is the order of the chain.
LOCK = """
CREATE FUNCTION audit_log_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('snapotter.audit_log', 0));
    RETURN NULL;
END $$;

CREATE TRIGGER audit_log_lock BEFORE INSERT ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_lock();
"""

CHAIN = """
CREATE FUNCTION audit_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_chain();
"""

# The one change allowed: `user_id` empties when its user is deleted. It is not part of the hash.
REFUSE = """
CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL AND OLD.user_id IS NOT NULL
        AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit_log: % is refused, the audit log only grows', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_refuse();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();
"""


def drop(function: str, argument: str = "") -> str:
    """Triggers go with their function."""
    return f"DROP FUNCTION {function}({argument}) CASCADE"


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_tables")]

    operations = [
        migrations.RunSQL(FIELD, drop("audit_log_field", "text")),
        migrations.RunSQL(HASH, drop("audit_log_hash", "audit_log")),
        migrations.RunSQL(LOCK, drop("audit_log_lock")),
        migrations.RunSQL(CHAIN, drop("audit_log_chain")),
        migrations.RunSQL(REFUSE, drop("audit_log_refuse")),
    ]
