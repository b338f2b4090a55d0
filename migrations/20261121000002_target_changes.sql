-- Who probes the targets of the table hears of changes: by NOTIFY, and by a look at what has changed it; see
-- docs/targets.md.

-- migrate:up

CREATE TABLE target_changes (
    transaction bigint PRIMARY KEY
);
COMMENT ON TABLE target_changes IS 'The last transactions that have changed what is to be checked. It is another set after each of them.';

-- Once a statement, and without a word unless a row that is or was enabled has become another: what the writers of
-- events add is not. A counter in one row would make transactions wait for each other. Those who may write to targets
-- need no permission for target_changes.
CREATE FUNCTION note_target_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed boolean := true; -- TRUNCATE
    noted bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := EXISTS (SELECT FROM fresh WHERE enabled);
    ELSIF TG_OP = 'DELETE' THEN
        changed := EXISTS (SELECT FROM stale WHERE enabled);
    ELSIF TG_OP = 'UPDATE' THEN
        changed := EXISTS (
            SELECT FROM stale FULL JOIN fresh USING (target_id)
            WHERE (stale.enabled OR fresh.enabled) AND stale IS DISTINCT FROM fresh
        );
    END IF;
    IF NOT changed THEN
        RETURN NULL;
    END IF;
    EXECUTE format('INSERT INTO %I.target_changes VALUES (txid_current()) ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA);
    GET DIAGNOSTICS noted = ROW_COUNT;
    -- The first time in this transaction, those that everybody can see are forgotten; not where somebody else who does
    -- so too would make this transaction fail.
    IF noted > 0 AND current_setting('transaction_isolation') NOT IN ('repeatable read', 'serializable') THEN
        EXECUTE format('DELETE FROM %1$I.target_changes WHERE transaction IN (SELECT transaction FROM %1$I.target_changes '
            'WHERE transaction < txid_snapshot_xmin(txid_current_snapshot()) FOR UPDATE SKIP LOCKED)', TG_TABLE_SCHEMA);
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
