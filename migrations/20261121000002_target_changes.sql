-- Who probes the targets of the table hears of changes: by NOTIFY, and by a look at what has changed it; see
-- docs/targets.md.

-- migrate:up

CREATE TABLE target_changes (
    transaction bigint NOT NULL,
    target_id   uuid NOT NULL,
    noted       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (transaction, target_id)
);
COMMENT ON TABLE target_changes IS 'Rows of targets that have changed in the last minutes, as far as they are, or were, to be checked.';
COMMENT ON COLUMN target_changes.target_id IS 'All zero: a great many of that transaction, or all.';

-- Once a statement, and without a word unless a row that is or was enabled has become another: what the writers of
-- events add is not. A counter in one row would make transactions wait for each other. Those who may write to targets
-- need no permission for target_changes.
CREATE FUNCTION note_target_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    many constant integer := 1000;
    every constant uuid[] := '{00000000-0000-0000-0000-000000000000}';
    changed uuid[] := every; -- TRUNCATE
    first boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := ARRAY(SELECT target_id FROM fresh WHERE enabled LIMIT many + 1);
    ELSIF TG_OP = 'DELETE' THEN
        changed := ARRAY(SELECT target_id FROM stale WHERE enabled LIMIT many + 1);
    ELSIF TG_OP = 'UPDATE' THEN
        changed := ARRAY(
            SELECT target_id FROM stale FULL JOIN fresh USING (target_id)
            WHERE (stale.enabled OR fresh.enabled) AND stale IS DISTINCT FROM fresh LIMIT many + 1
        );
    END IF;
    IF cardinality(changed) = 0 THEN
        RETURN NULL;
    ELSIF cardinality(changed) > many THEN
        changed := every;
    END IF;
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I.target_changes WHERE transaction = txid_current())', TG_TABLE_SCHEMA) INTO first;
    EXECUTE format('INSERT INTO %I.target_changes SELECT txid_current(), unnest($1) ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA) USING changed;
    -- The first time in this transaction, old notes are forgotten: all before the newest that is ten minutes old. Who
    -- follows the table relies on it that those before a note that is there are forgotten before it is, so only one does
    -- this at a time, and not where it would make this transaction fail.
    IF first AND current_setting('transaction_isolation') NOT IN ('repeatable read', 'serializable')
        AND pg_try_advisory_xact_lock(hashtext('target_changes'), TG_RELID::integer) THEN
        EXECUTE format('DELETE FROM %1$I.target_changes WHERE transaction < (SELECT max(transaction) FROM %1$I.target_changes '
            'WHERE noted < now() - interval ''10 minutes'' AND transaction < txid_snapshot_xmin(txid_current_snapshot()))', TG_TABLE_SCHEMA);
    END IF;
    PERFORM pg_notify('uptimer_targets', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER note_inserts AFTER INSERT ON targets
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION note_target_changes();
CREATE TRIGGER note_updates AFTER UPDATE ON targets
    REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION note_target_changes();
CREATE TRIGGER note_deletes AFTER DELETE ON targets
    REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION note_target_changes();
CREATE TRIGGER note_truncates AFTER TRUNCATE ON targets
    FOR EACH STATEMENT EXECUTE FUNCTION note_target_changes();

-- migrate:down

DROP TRIGGER note_truncates ON targets;
DROP TRIGGER note_deletes ON targets;
DROP TRIGGER note_updates ON targets;
DROP TRIGGER note_inserts ON targets;
DROP FUNCTION note_target_changes();
DROP TABLE target_changes;
