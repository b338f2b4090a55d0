-- The five questions of docs/postgres.md, with their plans: psql "$DATABASE_URL" -f bench/postgres/questions.sql
\timing on
SELECT target_id AS some FROM targets ORDER BY target_id OFFSET 5000 LIMIT 1 \gset
\echo 1. the current state of every target
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT * FROM current_state;
\echo 2. the last 20 checks of one target
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT * FROM checks WHERE target_id = :'some' ORDER BY event_time DESC LIMIT 20;
\echo 3. uptime and response times of one target, per hour, over 7 days
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT * FROM hourly_uptime(:'some');
\echo 4. all failures of the last hour, by reason
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT * FROM failures_last_hour;
\echo 5. which targets changed state since a time
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT * FROM current_state WHERE since >= now() - interval '1 hour' ORDER BY since DESC;
