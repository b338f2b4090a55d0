package migrations

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/testservices"
)

// changes is what those who follow the table targets compare.
func changes(t *testing.T, conn *pgx.Conn) (v string) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(DISTINCT transaction::text, ','), '') FROM target_changes`).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func exec(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

const insertTarget = `INSERT INTO targets (target_id, target, enabled) VALUES `

// If this failed, all who follow the table would read a million rows again with each page of events, or not when they must.
func TestWhatIsAChangeOfTargets(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	if _, err := Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sql    string
		change bool
	}{
		{insertTarget + `(gen_random_uuid(), 'off', false)`, false},
		{insertTarget + `('00000000-0000-0000-0000-000000000001', 'on', true)`, true},
		{insertTarget + `('00000000-0000-0000-0000-000000000001', 'on', true) ON CONFLICT DO NOTHING`, false},
		{insertTarget + `('00000000-0000-0000-0000-000000000001', 'on', true) ON CONFLICT (target_id) DO UPDATE SET timeout = '3'`, true},
		{`UPDATE targets SET labels = '{"a": "b"}' WHERE NOT enabled`, false},
		{`UPDATE targets SET timeout = timeout`, false},
		{`UPDATE targets SET labels = '{"a": "c"}'`, true},
		{`UPDATE targets SET enabled = NOT enabled`, true},
		{`UPDATE targets SET target_id = '00000000-0000-0000-0000-000000000002' WHERE target = 'off'`, true},
		{`INSERT INTO target_state VALUES ('00000000-0000-0000-0000-000000000002', '', true, 'ok', now(), now(), gen_random_uuid())`, false},
		{`UPDATE target_state SET up = false`, false},
		{`DELETE FROM targets WHERE NOT enabled`, false},
		{`DELETE FROM targets`, true},
		{`DELETE FROM targets`, false},
		{`TRUNCATE targets`, true},
	} {
		before := changes(t, conn)
		exec(t, conn, c.sql)
		if now := changes(t, conn); (now != before) != c.change {
			t.Errorf("%s: %q, before %q, want a change: %v", c.sql, now, before, c.change)
		}
	}
}

// If this failed, the table of changes would grow for ever, and each look with it; or who follows the table would take
// what was forgotten for what has not changed, because older notes are still there. A note is kept as long as a
// transaction older than it runs anywhere on the server, so a test beside this one may hold some back for a while.
func TestOldChangesOfTargetsAreForgotten(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	if _, err := Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, insertTarget+`(gen_random_uuid(), 'on', true)`)
	for range 10 {
		exec(t, conn, `UPDATE targets SET target = target || '.'`)
	}
	if kept := changes(t, conn); strings.Count(kept, ",") != 10 {
		t.Errorf("kept of the last 11: %s", kept)
	}
	exec(t, conn, `UPDATE target_changes SET noted = now() - interval '10 minutes 1 second' WHERE transaction < (SELECT max(transaction) FROM target_changes)`)
	newestOld := ""
	if err := conn.QueryRow(t.Context(), `SELECT max(transaction)::text FROM target_changes WHERE noted < now() - interval '9 minutes'`).Scan(&newestOld); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		exec(t, conn, `UPDATE targets SET target = target || '.'`)
		oldest := ""
		if err := conn.QueryRow(t.Context(), `SELECT min(transaction)::text FROM target_changes`).Scan(&oldest); err != nil {
			t.Fatal(err)
		}
		if oldest == newestOld { // which stays, for followers to see that it is the oldest
			return
		}
		if time.Now().After(end) {
			t.Fatalf("kept after a minute: %s, want none before %s", oldest, newestOld)
		}
	}
}

// If this failed, one row that is changed among a million would make all who follow the table read all; or rows that have
// changed would not be read.
func TestWhichTargetsHaveChanged(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	if _, err := Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	const id, every = "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-000000000000"
	for _, c := range []struct{ sql, want string }{
		{insertTarget + `('` + id + `1', 'a', true), ('` + id + `2', 'b', true), ('` + id + `3', 'c', false)`, id + "1," + id + "2"},
		{`UPDATE targets SET timeout = '3' WHERE target = 'b'`, id + "2"},
		{`UPDATE targets SET enabled = false WHERE target = 'a'`, id + "1"},
		{`UPDATE targets SET enabled = true WHERE target <> 'b'`, id + "1," + id + "3"},
		{`UPDATE targets SET target_id = '` + id + `4' WHERE target = 'c'`, id + "3," + id + "4"},
		{`DELETE FROM targets WHERE target = 'c'`, id + "4"},
		{insertTarget + `('` + id + `2', 'b', true) ON CONFLICT (target_id) DO UPDATE SET timeout = '4'`, id + "2"},
		{`WITH gone AS (DELETE FROM targets WHERE target = 'a' RETURNING *) UPDATE targets SET timeout = '5' WHERE target = 'b'`, id + "1," + id + "2"},
		{insertTarget + `('` + every + `', 'zero', true)`, every},
		{`INSERT INTO targets (target_id, target) SELECT gen_random_uuid(), 'x' FROM generate_series(1, 1001)`, every},
		{`TRUNCATE targets`, every},
	} {
		exec(t, conn, `BEGIN; SAVEPOINT s`, insertTarget+`(gen_random_uuid(), 'is taken back', true)`, `ROLLBACK TO s`, c.sql)
		var got string
		const noted = `SELECT string_agg(target_id::text, ',' ORDER BY target_id) FROM target_changes WHERE transaction = txid_current()`
		if err := conn.QueryRow(t.Context(), noted).Scan(&got); err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		if exec(t, conn, `COMMIT`); got != c.want {
			t.Errorf("%s: %s, want %s", c.sql, got, c.want)
		}
	}
}

// If this failed, two who edit the table at the same time would wait for each other, or fail. Seen to fail with a counter
// in one row instead of target_changes.
func TestChangesOfTargetsDoNotWait(t *testing.T) {
	url := testservices.Database(t)
	watcher, first, second := connect(t, url), connect(t, url), connect(t, url)
	if _, err := Up(t.Context(), watcher); err != nil {
		t.Fatal(err)
	}
	exec(t, watcher, insertTarget+`(gen_random_uuid(), 'zero', true)`)
	seen := map[string]bool{changes(t, watcher): true}
	for _, level := range []string{"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"} {
		for _, conn := range []*pgx.Conn{first, second} {
			exec(t, conn, `BEGIN ISOLATION LEVEL `+level, `SET LOCAL lock_timeout = '10s'`, `SELECT 1`)
		}
		exec(t, first, insertTarget+`(gen_random_uuid(), 'one', true)`)
		exec(t, second, insertTarget+`(gen_random_uuid(), 'two', true)`, `COMMIT`)
		for _, step := range []func(){func() {}, func() { exec(t, first, `COMMIT`) }} {
			step()
			if v := changes(t, watcher); seen[v] {
				t.Errorf("%s: %q was seen before", level, v)
			} else {
				seen[v] = true
			}
		}
	}
}

// If this failed, who may edit the table could not, for want of a permission that nobody knows of.
func TestEditingTargetsNeedsNoOtherPermission(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	if _, err := Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, `GRANT INSERT ON targets TO pg_monitor`, `SET ROLE pg_monitor`, insertTarget+`(gen_random_uuid(), 'on', true)`, `RESET ROLE`)
	if changes(t, conn) == "" {
		t.Error("no change is noted")
	}
}
