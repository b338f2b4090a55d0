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
	if err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(transaction::text, ',' ORDER BY transaction), '') FROM target_changes`).Scan(&v); err != nil {
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

// If this failed, the table of changes would grow for ever, and each look with it. A change is kept as long as a
// transaction older than it runs anywhere on the server, so a test beside this one may hold some back for a while.
func TestOldChangesOfTargetsAreForgotten(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	if _, err := Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, insertTarget+`(gen_random_uuid(), 'on', true)`)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		for range 10 {
			exec(t, conn, `UPDATE targets SET target = target || '.'`)
		}
		kept := changes(t, conn)
		if strings.Count(kept, ",") < 3 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("kept after a minute: %s", kept)
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
