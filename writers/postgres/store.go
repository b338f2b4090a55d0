package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// begin spells out what a database may have other defaults for. At a higher level every second page of several writers is
// refused because of another's. With synchronous_commit off a commit is answered before it is on disk, and a return of
// Write would be no acknowledgement. Here and not in the session, which a pooler may give to others in between.
const begin = `BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`

// store stores rows, their targets and the states of these in one transaction. What is there already stays.
func store(ctx context.Context, conn *pgx.Conn, rows []*row) error {
	var checks, others []*row
	for _, r := range rows {
		if r.probe != nil {
			checks = append(checks, r)
		} else {
			others = append(others, r)
		}
	}
	checks, others = inOrder(checks), inOrder(others)
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: begin}, func(tx pgx.Tx) error {
		if len(others) > 0 {
			if err := storeOthers(ctx, tx, others); err != nil {
				return fmt.Errorf("storing events: %w", err)
			}
		}
		if len(checks) == 0 {
			return nil
		}
		known, err := storeTargets(ctx, tx, checks)
		if err != nil {
			return fmt.Errorf("storing targets: %w", err)
		}
		return storeChecks(ctx, tx, checks, known)
	})
}

// inOrder puts rows into the order of their keys, so that writers who are given the same events do not wait for each other
// in a circle. Of those with the same key the first stays: it is the one that the table would keep.
func inOrder(rows []*row) []*row {
	slices.SortStableFunc(rows, compareAges)
	return slices.CompactFunc(rows, func(a, b *row) bool { return compareAges(a, b) == 0 })
}

const insertOthers = `INSERT INTO events (uuid, event_time, schema_title, schema_version, body)
SELECT n.uuid, n.event_time, n.title, n.version, n.body::jsonb
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[]) AS n (uuid, event_time, title, version, body)
ON CONFLICT DO NOTHING`

func storeOthers(ctx context.Context, tx pgx.Tx, rows []*row) error {
	n := len(rows)
	ids, times := make([]pgtype.UUID, n), make([]time.Time, n)
	titles, versions, bodies := make([]string, n), make([]string, n), make([]string, n)
	for i, r := range rows {
		ids[i], times[i] = id(r.event.ID()), r.event.Time()
		titles[i], versions[i], bodies[i] = r.event.Title(), r.event.Version(), string(r.event.JSON())
	}
	_, err := tx.Exec(ctx, insertOthers, ids, times, titles, versions, bodies)
	return err
}

func id(u uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: u, Valid: true} }

const insertChecks = `INSERT INTO probe_events (uuid, event_time, scheduled_at, target_id, schema_title, schema_version, up, reason, error,
	response_time_ms, status_code, ip, location, instance, details)
SELECT n.uuid, n.event_time, n.scheduled_at, n.target_id, n.title, n.version, n.up, n.reason, n.error,
	n.response_time_ms, n.status_code, n.ip, n.location, n.instance, n.details::jsonb
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::boolean[], $8::text[], $9::text[],
	$10::double precision[], $11::integer[], $12::text[], $13::text[], $14::text[], $15::text[])
AS n (uuid, event_time, scheduled_at, target_id, title, version, up, reason, error,
	response_time_ms, status_code, ip, location, instance, details)
ON CONFLICT DO NOTHING`

// storeChecks adds the checks and what follows from them, in one round trip.
func storeChecks(ctx context.Context, tx pgx.Tx, rows []*row, known map[uuid.UUID]description) error {
	batch := &pgx.Batch{}
	batch.Queue(insertChecks, checkArrays(rows, known)...)
	turned, newest := states(rows)
	if len(turned) > 0 {
		// What is changed in two statements is locked before, in one order: else a writer that has changed the first
		// of its turned states and one that has changed others could wait for each other.
		batch.Queue(lockStates, stateArrays(newest)[:2]...)
		batch.Queue(upsertStates, stateArrays(turned)...)
	}
	batch.Queue(upsertStates, stateArrays(newest)...)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("storing checks: %w", err)
	}
	return nil
}

// checkArrays are the columns of probe_events.
func checkArrays(rows []*row, known map[uuid.UUID]description) []any {
	n := len(rows)
	ids, targets := make([]pgtype.UUID, n), make([]pgtype.UUID, n)
	times, scheduled := make([]time.Time, n), make([]time.Time, n)
	ups, response, status, ips := make([]bool, n), make([]float64, n), make([]pgtype.Int4, n), make([]pgtype.Text, n)
	var texts [7][]string
	for i := range texts {
		texts[i] = make([]string, n)
	}
	for i, r := range rows {
		p := r.probe
		ids[i], targets[i], times[i], scheduled[i] = id(r.event.ID()), id(p.targetID), r.event.Time(), p.scheduledAt
		ups[i], response[i], status[i], ips[i] = p.up, p.responseTime, p.statusCode, p.ip
		texts[0][i], texts[1][i], texts[2][i], texts[3][i] = r.event.Title(), r.event.Version(), p.reason, p.error
		texts[4][i], texts[5][i], texts[6][i] = p.location, p.instance, p.document(known[p.targetID])
	}
	return []any{ids, times, scheduled, targets, texts[0], texts[1], ups, texts[2], texts[3], response, status, ips, texts[4], texts[5], texts[6]}
}

// upsertStates never goes back in time, and does not touch a row that stays as it is: an update of a million unchanged
// rows a minute costs half a processor.
const upsertStates = `INSERT INTO target_state AS s (target_id, location, up, reason, since, event_time, uuid)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::boolean[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::uuid[])
ON CONFLICT (target_id, location) DO UPDATE SET up = excluded.up, reason = excluded.reason,
	since = CASE WHEN s.up = excluded.up THEN s.since ELSE excluded.since END,
	event_time = excluded.event_time, uuid = excluded.uuid
WHERE (s.event_time, s.uuid) < (excluded.event_time, excluded.uuid)`

const lockStates = `SELECT FROM target_state s JOIN unnest($1::uuid[], $2::text[]) AS n (target_id, location) USING (target_id, location)
ORDER BY target_id, location COLLATE "C" FOR UPDATE OF s`

// stateArrays are the columns of target_state.
func stateArrays(list []state) []any {
	n := len(list)
	targets, ids := make([]pgtype.UUID, n), make([]pgtype.UUID, n)
	locations, reasons, ups := make([]string, n), make([]string, n), make([]bool, n)
	since, times := make([]time.Time, n), make([]time.Time, n)
	for i, s := range list {
		p := s.row.probe
		targets[i], ids[i], locations[i], reasons[i], ups[i] = id(p.targetID), id(s.row.event.ID()), p.location, p.reason, p.up
		since[i], times[i] = s.since, s.row.event.Time()
	}
	return []any{targets, locations, ups, reasons, since, times, ids}
}
