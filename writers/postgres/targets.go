package postgres

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	lookAtTargets = `SELECT n.target_id, t.target_id IS NULL, t.target, t.protocol, t.hostname, t.port, t.path, t.name
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[])
AS n (target_id, target, protocol, hostname, port, path, name) LEFT JOIN targets t USING (target_id)
WHERE t.target_id IS NULL OR (t.target, t.protocol, t.hostname, t.port, t.path, t.name)
IS DISTINCT FROM (n.target, n.protocol, n.hostname, n.port, n.path, n.name)`

	insertTargets = `INSERT INTO targets (target_id, target, protocol, hostname, port, path, name, labels, enabled)
SELECT n.target_id, n.target, n.protocol, n.hostname, n.port, n.path, n.name, nullif(n.labels::jsonb, 'null'), false FROM
unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::text[])
AS n (target_id, target, protocol, hostname, port, path, name, labels)
ON CONFLICT DO NOTHING`
)

// storeTargets adds the targets that are not there, and returns what the table says of each. Mostly all are there: then
// it is one look, and nothing is tried.
func storeTargets(ctx context.Context, tx pgx.Tx, rows []*row) (map[uuid.UUID]description, error) {
	known := make(map[uuid.UUID]description)
	var first []*row // of each target
	for _, r := range rows {
		if _, twice := known[r.probe.targetID]; !twice {
			known[r.probe.targetID] = r.probe.target
			first = append(first, r)
		}
	}
	missing := make(map[uuid.UUID]bool)
	look := &pgx.Batch{}
	queueLook(look, targetArrays(first), known, missing)
	if err := tx.SendBatch(ctx, look).Close(); err != nil || len(missing) == 0 {
		return known, err
	}
	fresh := slices.DeleteFunc(first, func(r *row) bool { return !missing[r.probe.targetID] })
	add, args := &pgx.Batch{}, targetArrays(fresh)
	add.Queue(insertTargets, args...)
	queueLook(add, args, known, missing) // another writer may have added one, and say something else of it
	return known, tx.SendBatch(ctx, add).Close()
}

// queueLook notes what the table says of the targets of which it says something else, and which it does not have.
func queueLook(batch *pgx.Batch, args []any, known map[uuid.UUID]description, missing map[uuid.UUID]bool) {
	batch.Queue(lookAtTargets, args[:len(args)-1]...).Query(func(found pgx.Rows) error {
		var at pgtype.UUID
		var absent bool
		var d description
		_, err := pgx.ForEachRow(found, []any{&at, &absent, &d.target, &d.protocol, &d.hostname, &d.port, &d.path, &d.name}, func() error {
			if absent {
				missing[at.Bytes] = true
			} else {
				known[at.Bytes] = d
			}
			return nil
		})
		return err
	})
}

// targetArrays are the columns of targets, in the order of their ids: writers who add the same ones at the same time
// wait for each other, and must not do so in a circle.
func targetArrays(rows []*row) []any {
	slices.SortFunc(rows, func(a, b *row) int { return bytes.Compare(a.probe.targetID[:], b.probe.targetID[:]) })
	n := len(rows)
	ids, ports := make([]pgtype.UUID, n), make([]pgtype.Int4, n)
	var texts [6][]pgtype.Text
	for i := range texts {
		texts[i] = make([]pgtype.Text, n)
	}
	for i, r := range rows {
		d := r.probe.target
		ids[i], ports[i] = id(r.probe.targetID), d.port
		texts[0][i], texts[1][i], texts[2][i], texts[3][i], texts[4][i] = d.target, d.protocol, d.hostname, d.path, d.name
		texts[5][i] = r.probe.labels
	}
	return []any{ids, texts[0], texts[1], texts[2], ports, texts[3], texts[4], texts[5]}
}
