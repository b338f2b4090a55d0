package targets

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Imported counts what an import has done.
type Imported struct {
	New, Changed, Same int
	Disabled           int // rows that were enabled and are not in the list
}

// importPage is how many rows are written in a round trip.
const importPage = 5000

// Import writes a list that LoadToStore has read into the table: it adds what is missing, sets every field of what is
// there, and enables all. Rows that are not in the list stay as they are, or are disabled. It is one transaction, so that
// all is done or nothing, and those who follow the table see it at once. done, if not nil, is told how many are written.
//
// What the columns say that events are read back with (target, protocol, hostname, port, path) is set in a new row and
// stays in one that is there.
func (t *Table) Import(ctx context.Context, list *List, disableMissing bool, done func(int)) (sum Imported, err error) {
	conn, err := t.db.Connect(ctx)
	if err != nil {
		return sum, err
	}
	defer hangUp(conn)
	order := list.byID()
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: importBegin}, func(tx pgx.Tx) error {
		sum = Imported{}
		written := 0
		for page := range slices.Chunk(order, importPage) {
			var added, all int
			if err := tx.QueryRow(ctx, importRows, list.arrays(page)...).Scan(&added, &all); err != nil {
				return err
			}
			sum.New, sum.Changed, sum.Same = sum.New+added, sum.Changed+all-added, sum.Same+len(page)-all
			if written += len(page); done != nil {
				done(written)
			}
		}
		if !disableMissing {
			return nil
		}
		gone, err := tx.Exec(ctx, disableRows, list.ids(order))
		sum.Disabled = int(gone.RowsAffected())
		return err
	})
	if err != nil {
		return Imported{}, fmt.Errorf("writing to the table targets: %w; nothing is changed, unless the connection broke at the very end: it may be run again", err)
	}
	return sum, nil
}

// importBegin is as the writer of events begins, for the same reasons: a default of the database must not weaken it.
const importBegin = `BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`

// said are the columns of the fields of a list, in their order.
var said = func() (names []string) {
	for _, rule := range rules {
		names = append(names, pgx.Identifier{rule.name}.Sanitize())
	}
	return names
}()

const (
	importKey   = `target_id, target, protocol, hostname, port, path, `
	importTypes = `$1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[]`
)

// importRows leaves a row alone that is as it should be, and does not even lock it as ON CONFLICT would: an import of what
// is there already writes nothing and wakes nobody. It answers with how many rows are new, and how many of them were written.
var importRows = func() string {
	arrays, values, sets, now, want := importTypes, []string{}, []string{}, []string{}, []string{}
	for i, name := range said {
		arrays += fmt.Sprintf(", $%d::text[]", i+7)
		value := "n." + name
		if field(i) == fieldLabels {
			value += "::jsonb"
		}
		values = append(values, value)
		sets = append(sets, name+" = excluded."+name)
		now, want = append(now, "t."+name), append(want, "excluded."+name)
	}
	names := strings.Join(said, ", ")
	return `WITH written AS (INSERT INTO targets AS t (` + importKey + names + `, enabled)
SELECT n.target_id, n.target, n.protocol, n.hostname, n.port, n.path, ` + strings.Join(values, ", ") + `, true
FROM unnest(` + arrays + `) AS n (` + importKey + names + `)
WHERE NOT EXISTS (SELECT FROM targets AS t WHERE t.target_id = n.target_id
AND (t.enabled, ` + strings.Join(now, ", ") + `) IS NOT DISTINCT FROM (true, ` + strings.Join(values, ", ") + `))
ON CONFLICT (target_id) DO UPDATE SET ` + strings.Join(sets, ", ") + `, enabled = true
WHERE (t.enabled, ` + strings.Join(now, ", ") + `) IS DISTINCT FROM (true, ` + strings.Join(want, ", ") + `)
RETURNING xmax = 0 AS new)
SELECT count(*) FILTER (WHERE new), count(*) FROM written`
}()

const disableRows = `UPDATE targets AS t SET enabled = false
WHERE enabled AND NOT EXISTS (SELECT FROM unnest($1::uuid[]) AS n (id) WHERE n.id = t.target_id)`

// byID is the positions of the targets in the order of their ids, in which writers of events add them too: those who add
// the same ones at the same time must not wait for each other in a circle.
func (l *List) byID() []int32 {
	order := make([]int32, len(l.Targets))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return bytes.Compare(l.Targets[a].ID[:], l.Targets[b].ID[:]) })
	return order
}

func (l *List) ids(order []int32) []uuid.UUID {
	ids := make([]uuid.UUID, len(order))
	for i, at := range order {
		ids[i] = l.Targets[at].ID
	}
	return ids
}

// arrays are the columns of some targets.
func (l *List) arrays(page []int32) []any {
	n := len(page)
	ports := make([]pgtype.Int4, n)
	known, fields := make([][]pgtype.Text, 4), make([][]pgtype.Text, fieldsEnd)
	for _, columns := range [][][]pgtype.Text{known, fields} {
		for i := range columns {
			columns[i] = make([]pgtype.Text, n)
		}
	}
	for i, at := range page {
		t := l.Targets[at]
		parts := t.Parts()
		known[0][i], known[1][i], known[2][i], known[3][i] = text(t.Shown()), text(parts.Scheme), text(parts.Hostname), text(parts.Path)
		ports[i] = pgtype.Int4{Int32: int32(parts.Port), Valid: parts.Port != 0}
		for f, value := range l.written(at) {
			fields[f][i] = text(value)
		}
	}
	args := []any{l.ids(page), known[0], known[1], known[2], ports, known[3]}
	for _, column := range fields {
		args = append(args, column)
	}
	return args
}

// text is null if it is empty.
func text(s string) pgtype.Text { return pgtype.Text{String: s, Valid: s != ""} }

// written is the fields of a target as the table has them: labels as JSON, headers as in CSV.
func (l *List) written(at int32) (fields [fieldsEnd]string) {
	t := l.Targets[at]
	fields[fieldURL], fields[fieldName] = t.URL, t.Name
	fields[fieldInterval], fields[fieldTimeout] = l.texts[at].interval, l.texts[at].timeout
	for f := range fieldsEnd {
		if option := rules[f].option; option != nil {
			fields[f] = *option(t.Options)
		}
	}
	fields[fieldHeaders] = headersCell(fields[fieldHeaders])
	return fields
}
