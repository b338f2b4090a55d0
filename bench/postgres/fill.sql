-- 10 million checks of 10,000 targets in 8 days, as the postgres writer stores them, for the plans in docs/postgres.md:
--   psql "$DATABASE_URL" -f bench/postgres/fill.sql
-- into a database that is migrated and empty. It takes some minutes.
\set ON_ERROR_STOP on
DO $$
DECLARE
    day timestamptz;
    name text;
    parent text;
BEGIN
    FOR day IN SELECT generate_series(date_trunc('day', now(), 'UTC') - interval '8 days', date_trunc('day', now(), 'UTC'), interval '1 day') LOOP
        FOREACH parent IN ARRAY ARRAY['probe_events', 'events'] LOOP
            name := parent || to_char(day AT TIME ZONE 'UTC', '"_"YYYYMMDD');
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, parent);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, day, day + interval '1 day');
            END IF;
        END LOOP;
    END LOOP;
END $$;
INSERT INTO targets (target_id, target, protocol, hostname, port, path, enabled)
SELECT md5('target' || n)::uuid, 'https://host' || n || '.example.com/health', 'https', 'host' || n || '.example.com', 443, '/health', false
FROM generate_series(1, 10000) n;
-- Check k of target n: 1,000 checks in 8 days each; one in a hundred fails, in runs of five.
INSERT INTO probe_events (event_time, uuid, target_id, scheduled_at, response_time_ms, status_code, up, schema_title, schema_version,
    reason, error, ip, location, instance, details)
SELECT at, gen_random_uuid(), md5('target' || n)::uuid, at, 20 + 100 * random() ^ 4, CASE WHEN up THEN 200 ELSE 503 END, up,
    'HTTPProbeEvent', '1.0', CASE WHEN up THEN 'ok' WHEN n % 3 = 0 THEN 'timeout' ELSE 'status' END,
    CASE WHEN up THEN '' ELSE 'answered 503 Service Unavailable; expected 200-399' END, '192.0.2.1', 'fra1', 'uptimer-0',
    jsonb_build_object('labels', NULL, 'method', 'GET', 'regex', '', 'http_version', '1.1', 'matches_regex', NULL, 'body_bytes', 5120,
        'redirects', 0, 'final_url', NULL, 'tls_version', 'TLS 1.3', 'certificate_expires_at', '2027-03-15T23:59:59.000000Z',
        'timings_ms', jsonb_build_object('dns', 2.107, 'connect', 11.84, 'tls', 24.361, 'send', 0.052, 'wait', 44.71, 'receive', 0.342))
FROM (
    SELECT n, k, now() - interval '8 days' + k * interval '691.2 s' - (n % 691) * interval '1 s' AS at, (k / 5 + n) % 100 <> 0 AS up
    FROM generate_series(1, 1000) k, generate_series(1, 10000) n
) AS made
WHERE at >= date_trunc('day', now(), 'UTC') - interval '8 days';
INSERT INTO target_state (target_id, location, up, reason, since, event_time, uuid)
SELECT DISTINCT ON (target_id, location) target_id, location, up, reason, event_time - random() * interval '2 days', event_time, uuid
FROM probe_events WHERE event_time > now() - interval '1 hour' ORDER BY target_id, location, event_time DESC;
VACUUM ANALYZE;
