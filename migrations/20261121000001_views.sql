-- Questions that people ask often, as views; docs/postgres.md has them with their plans.

-- migrate:up

CREATE VIEW current_state AS
SELECT t.target, t.name, s.location, s.up, s.reason, s.since, s.event_time, s.target_id, t.labels
FROM target_state s
LEFT JOIN targets t USING (target_id);
COMMENT ON VIEW current_state IS 'The newest check of each target at each location, and since when it is up or down.';

CREATE VIEW checks AS
SELECT e.event_time, t.target, t.name, e.location, e.up, e.reason, e.error, e.response_time_ms, e.status_code, e.ip,
       e.target_id, e.uuid
FROM probe_events e
LEFT JOIN targets t USING (target_id);
COMMENT ON VIEW checks IS 'Checks with the target''s URL and name. Ask for a target_id or a time, or both.';

-- A function and not a view: which target and since when must be known before the hours are made.
CREATE FUNCTION hourly_uptime(target uuid, since timestamptz DEFAULT now() - interval '7 days')
RETURNS TABLE (
    hour timestamptz, location text, checks bigint, uptime double precision,
    p50_ms double precision, p95_ms double precision, p99_ms double precision
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_trunc('hour', e.event_time, 'UTC'), e.location, count(*),
           avg(e.up::integer)::double precision,
           percentile_cont(0.50) WITHIN GROUP (ORDER BY e.response_time_ms) FILTER (WHERE e.up),
           percentile_cont(0.95) WITHIN GROUP (ORDER BY e.response_time_ms) FILTER (WHERE e.up),
           percentile_cont(0.99) WITHIN GROUP (ORDER BY e.response_time_ms) FILTER (WHERE e.up)
    FROM probe_events e
    WHERE e.target_id = hourly_uptime.target AND e.event_time >= hourly_uptime.since
    GROUP BY 1, 2
    ORDER BY 1, 2
$$;
COMMENT ON FUNCTION hourly_uptime IS 'For each UTC hour and location: checks, the part of them that found the target up, and how fast it answered then.';

CREATE VIEW failures_last_hour AS
SELECT reason, count(*) AS checks, max(event_time) AS latest
FROM probe_events
WHERE NOT up AND event_time >= now() - interval '1 hour'
GROUP BY reason
ORDER BY checks DESC;
COMMENT ON VIEW failures_last_hour IS 'How often checks of the last hour have failed, by reason.';

-- migrate:down

DROP VIEW failures_last_hour;
DROP FUNCTION hourly_uptime(uuid, timestamptz);
DROP VIEW checks;
DROP VIEW current_state;
