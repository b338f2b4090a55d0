package targets

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// someChange is a statement about a few of sixty rows. Keys are mostly those that the targets give; names that are used
// again and rows of another key make two rows one target now and then, and an interval is wrong at times.
func someChange(r *rand.Rand) string {
	name := func() string { return fmt.Sprintf("n%d", r.IntN(30)) }
	row := func() string { return idSQL("name:" + name()) }
	switch n := name(); r.IntN(15) {
	case 0, 1, 2:
		return fmt.Sprintf(`INSERT INTO targets (target_id, target, name) VALUES (%s, 'tcp://%s.example:%d', '%s') ON CONFLICT (target_id) DO UPDATE SET "interval" = '%d', enabled = true`,
			idSQL("name:"+n), n, 1+r.IntN(3), n, 20+r.IntN(3))
	case 3:
		return `UPDATE targets SET enabled = NOT enabled WHERE target_id = ` + row()
	case 4:
		return `DELETE FROM targets WHERE target_id = ` + row()
	case 5:
		return fmt.Sprintf(`UPDATE targets SET timeout = '%d' WHERE name < '%s'`, 1+r.IntN(9), n)
	case 6: // a key of its own
		return fmt.Sprintf(`INSERT INTO targets (target_id, target, name) VALUES (gen_random_uuid(), 'tcp://%s.example:1', '%s')`, n, n)
	case 7:
		return fmt.Sprintf(`DELETE FROM targets WHERE name = '%s'`, n)
	case 8: // another target under the same key
		return fmt.Sprintf(`UPDATE targets SET name = '%s' WHERE target_id = %s`, n, row())
	case 9:
		return fmt.Sprintf(`UPDATE targets SET url = 'tcp://other.example:%d' WHERE target_id = %s`, r.IntN(2), row()) // port 0 is wrong
	case 10:
		return `UPDATE targets SET url = NULL, enabled = true`
	case 11:
		return `UPDATE targets SET "interval" = 'x' WHERE target_id = ` + row()
	case 12, 13:
		return `UPDATE targets SET "interval" = NULL, url = NULL WHERE "interval" = 'x' OR url IS NOT NULL`
	default:
		return []string{`DELETE FROM targets`, // TRUNCATE is seen by snapshots that are older, too: so two reads of one would differ
			`DELETE FROM targets WHERE name IS NULL`, `DELETE FROM targets WHERE target_id <> ` + row()}[r.IntN(3)]
	}
}

// edit makes transactions of one to four changes, some of which are long or taken back, until ctx ends.
func edit(ctx context.Context, conn *pgx.Conn, r *rand.Rand) {
	for ctx.Err() == nil {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return
		}
		for range 1 + r.IntN(4) {
			if _, err = tx.Exec(ctx, someChange(r)); err != nil { // a key that is there, or a deadlock
				break
			}
			time.Sleep(time.Duration(r.IntN(8)) * time.Millisecond)
		}
		if err != nil || r.IntN(6) == 0 {
			_ = tx.Rollback(ctx)
		} else {
			_ = tx.Commit(ctx)
		}
		time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond)
	}
}

// forget lets notes of changes be forgotten all the time, as they are after ten minutes.
func forget(ctx context.Context, conn *pgx.Conn) {
	for ctx.Err() == nil {
		_, _ = conn.Exec(ctx, `UPDATE target_changes SET noted = noted - interval '1 hour' WHERE noted > now() - interval '10 minutes' AND noted < now() - interval '200 milliseconds'`)
		time.Sleep(50 * time.Millisecond)
	}
}

// If this failed, a change of the table would be lost, or a target be checked that was disabled or deleted, until the next
// time that all is read. The same lists are read beside it whole, and whoever edits the table does so in transactions that
// overlap. Many versions are refused for a mistake, so that what has changed adds up.
func TestNoChangeOfTheTableIsLost(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	url := migrated(t)
	cfg := defaults()
	cfg.Table, cfg.URLs = tableName, "tcp://v.example:1"
	source := func() *Source { return NewSource(cfg, nil, nil).WithTable(tableAt(url)) }
	s := source()
	force := slices.Clone(loaded(t, s).Targets)
	s.accept(s.first)

	ctx, stop := context.WithCancel(t.Context())
	var editors sync.WaitGroup
	for i := range 3 {
		conn := connect(t, url)
		editors.Go(func() { edit(ctx, conn, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	conn := connect(t, url)
	editors.Go(func() { forget(ctx, conn) })
	end := func() {
		stop()
		editors.Wait()
	}
	t.Cleanup(end)

	ways := map[string]int{}
	for range 150 {
		ways[sameAsWhole(t, s, source(), &force, seed)]++
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	}
	end()
	sameAsWhole(t, s, source(), &force, seed)
	t.Logf("lists that were read: %v", ways)
	for _, way := range []string{"rows", "compared", "refused"} {
		if ways[way] == 0 {
			t.Errorf("never %s", way)
		}
	}
}

// sameAsWhole reads how the list has changed, and all of it by somebody who knows nothing, at the same moment, and compares.
func sameAsWhole(t *testing.T, s, naive *Source, force *[]Target, seed uint64) (way string) {
	t.Helper()
	at, err := s.table.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer at.close()
	rows, err := s.readChanged(t.Context(), at)
	next := rows
	if err == nil && (rows == nil || rand.IntN(20) == 0) {
		rows = nil
		next, err = s.readAt(t.Context(), at, true)
	}
	whole, wrong := naive.readWhole(t.Context(), at)
	if (err == nil) != (wrong == nil) {
		t.Fatalf("%v, but read as a whole: %v (seed %d)", err, wrong, seed)
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			if !strings.Contains(wrong.Error(), strings.TrimSpace(line)) && !strings.Contains(line, "the same") {
				t.Fatalf("%s, but read as a whole:\n%s", err, wrong)
			}
		}
		return "refused"
	}
	*force = next.list.Onto(*force)
	sameLists(t, fmt.Sprintf("seed %d", seed), &List{Targets: *force}, whole.list)
	if next.list.Total != len(*force) {
		t.Errorf("%d targets in all, want %d", next.list.Total, len(*force))
	}
	s.accept(next)
	remembersAs(t, s.inForce, whole)
	switch {
	case rows != nil:
		return "rows"
	case next.list.Part:
		return "compared"
	}
	return "whole"
}

// remembersAs wants that the same is remembered of a list as of one that was read whole.
func remembersAs(t *testing.T, got *inForce, whole *reading) {
	t.Helper()
	if got.loose != whole.loose || !maps.Equal(got.keys, whole.keys) {
		t.Errorf("loose: %v, %v; want %v, %v", got.loose, got.keys, whole.loose, whole.keys)
	}
	want := index{seed: got.index.seed}
	want.all = want.sorted(whole.list.Targets, whole.isRow())
	if !got.loose && !slices.Equal(got.index.all, want.all) {
		t.Errorf("%v, want %v", got.index.all, want.all)
	}
}
