-- The tables that the postgres writer fills; see docs/postgres.md.

-- migrate:up

CREATE TABLE targets (
    target_id        uuid PRIMARY KEY,
    target           text NOT NULL,
    -- What the events of a target say of it, kept once here and not in every event. Once there it stays as it is:
    -- the events are read back with it. An event that says something else keeps that in its details.
    protocol         text,
    hostname         text,
    port             integer,
    path             text,
    -- What a list of targets says: the fields of docs/targets.md, as they are written there.
    url              text,
    name             text,
    target_name      text GENERATED ALWAYS AS (name) STORED,
    labels           jsonb,
    "interval"       text,
    timeout          text,
    regex            text,
    method           text,
    body             text,
    headers          text,
    expected_status  text,
    tls_verify       text,
    follow_redirects text,
    keepalive        text,
    ip_family        text,
    send             text,
    expect           text,
    tls              text,
    count            text,
    max_loss         text,
    enabled          boolean NOT NULL DEFAULT true,
    first_seen       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE targets IS 'What is, or was, checked. Rows that are enabled are checked where PROBE_TARGETS_TABLE is set.';
COMMENT ON COLUMN targets.target IS 'The URL without user and password, as the first event or list said it.';
COMMENT ON COLUMN targets.url IS 'The URL to check, with user and password if it has them; null: the same as target.';
COMMENT ON COLUMN targets.enabled IS 'Whether it is to be checked. Targets that are only known from events are not.';
COMMENT ON COLUMN targets.first_seen IS 'When the row was made.';

-- Each row is changed by every check, its key and "since" hardly ever: room in each page lets PostgreSQL do that in place.
CREATE TABLE target_state (
    target_id  uuid NOT NULL,
    location   text NOT NULL,
    up         boolean NOT NULL,
    reason     text NOT NULL,
    since      timestamptz NOT NULL,
    event_time timestamptz NOT NULL,
    uuid       uuid NOT NULL,
    PRIMARY KEY (target_id, location)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX target_state_since ON target_state (since);
COMMENT ON TABLE target_state IS 'The newest check of each target at each location.';
COMMENT ON COLUMN target_state.since IS 'When the first of the checks began that have found it up, or down, without a break.';

CREATE TABLE probe_events (
    event_time       timestamptz NOT NULL,
    uuid             uuid NOT NULL,
    target_id        uuid NOT NULL,
    scheduled_at     timestamptz NOT NULL,
    response_time_ms double precision NOT NULL,
    status_code      integer,
    up               boolean NOT NULL,
    schema_title     text NOT NULL,
    schema_version   text NOT NULL,
    reason           text NOT NULL,
    error            text NOT NULL,
    ip               text,
    location         text NOT NULL,
    instance         text NOT NULL,
    details          jsonb NOT NULL,
    stored_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_time, uuid)
) PARTITION BY RANGE (event_time);
CREATE INDEX probe_events_target ON probe_events (target_id, event_time);
CREATE INDEX probe_events_down ON probe_events (event_time, reason) WHERE NOT up;
COMMENT ON TABLE probe_events IS 'One row a check, in a partition a UTC day. The writers make the partitions.';
COMMENT ON COLUMN probe_events.details IS 'The fields of the event that have no column here and are not as in targets.';

CREATE TABLE events (
    event_time     timestamptz NOT NULL,
    uuid           uuid NOT NULL,
    schema_title   text NOT NULL,
    schema_version text NOT NULL,
    body           jsonb NOT NULL,
    stored_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_time, uuid)
) PARTITION BY RANGE (event_time);
COMMENT ON TABLE events IS 'Events that are no checks, whole, in a partition a UTC day.';

-- migrate:down

DROP TABLE events;
DROP TABLE probe_events;
DROP TABLE target_state;
DROP TABLE targets;
