package migrations

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// status is what the database has, a line a migration.
func status(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	list, err := Status(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return lines(list)
}

func lines(list []Migration) string {
	var b strings.Builder
	for _, m := range list {
		fmt.Fprintln(&b, m)
	}
	return b.String()
}

// tables is what there is in a database, with all its columns.
func tables(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	var all string
	err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(concat_ws(' ', table_name, column_name, data_type, column_default), E'\n'
		ORDER BY table_name, ordinal_position), '') FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name <> 'schema_migrations'`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// If this failed, an upgrade could not be taken back, or would leave something behind that is in the way of the next.
func TestUpAndDown(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	all, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	if got := status(t, conn); strings.Count(got, " pending") != len(all) {
		t.Errorf("before: %s", got)
	}
	var exists bool
	if err := conn.QueryRow(t.Context(), "SELECT to_regclass('schema_migrations') IS NOT NULL").Scan(&exists); err != nil || exists {
		t.Errorf("status has made a table (%v)", err)
	}
	for round := range 2 {
		applied, err := Up(t.Context(), conn)
		if err != nil || len(applied) != len(all) {
			t.Fatalf("round %d: %d applied, %v; want %d", round, len(applied), err, len(all))
		}
		if again, err := Up(t.Context(), conn); err != nil || len(again) != 0 {
			t.Errorf("up a second time: %v, %v", again, err)
		}
		if got := status(t, conn); strings.Count(got, " applied") != len(all) {
			t.Errorf("after up: %s", got)
		}
		for i := len(all) - 1; i >= 0; i-- {
			taken, err := Down(t.Context(), conn)
			if err != nil || taken == nil || taken.Version != all[i].version {
				t.Fatalf("down: %v, %v; want %s", taken, err, all[i].version)
			}
		}
		if taken, err := Down(t.Context(), conn); taken != nil || err != nil {
			t.Errorf("down with none left: %v, %v", taken, err)
		}
		if got := tables(t, conn); got != "" {
			t.Errorf("after down there is\n%s", got)
		}
	}
}

// If this failed, several containers that are started at once would fail, or apply a migration twice. (Seen to fail
// without the advisory lock.)
func TestUpFromSeveralPlacesAtOnce(t *testing.T) {
	url := testservices.Database(t)
	all, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	applied := make(chan int, 6)
	var running sync.WaitGroup
	for range cap(applied) {
		conn := connect(t, url)
		running.Go(func() {
			list, err := Up(t.Context(), conn)
			if err != nil {
				t.Error(err)
			}
			applied <- len(list)
		})
	}
	running.Wait()
	close(applied)
	sum := 0
	for n := range applied {
		sum += n
	}
	if sum != len(all) {
		t.Errorf("%d were applied, want %d", sum, len(all))
	}
}

// If this failed, who may only use the tables could not run what a start script runs every time. (Seen to fail when the
// table of the versions was made, if it is not there, before anything is looked at.)
func TestUpWithNothingToDoNeedsNoPermission(t *testing.T) {
	url := testservices.Database(t)
	if _, err := Up(t.Context(), connect(t, url)); err != nil {
		t.Fatal(err)
	}
	name := url[strings.LastIndex(url, "/")+1 : strings.Index(url, "?")]
	testservices.Exec(t, url, "CREATE ROLE "+name+" LOGIN PASSWORD 'swordfish'", "GRANT SELECT ON schema_migrations TO "+name)
	t.Cleanup(func() { testservices.Exec(t, url, "DROP OWNED BY "+name, "DROP ROLE "+name) })
	guest := connect(t, testservices.URLOf(t, url, name, "swordfish", ""))
	if applied, err := Up(t.Context(), guest); err != nil || len(applied) != 0 {
		t.Errorf("applied %v, %v", applied, err)
	}
	testservices.Exec(t, url, "REVOKE SELECT ON schema_migrations FROM "+name)
	const want = "reading which migrations the database has: ERROR: permission denied for table schema_migrations (SQLSTATE 42501)"
	if _, err := Status(t.Context(), guest); err == nil || err.Error() != want {
		t.Errorf("status: %v, want %s", err, want)
	}
}

// If this failed, a migration that stops in the middle would leave half of itself.
func TestAFailedMigrationLeavesNothing(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	m := migration{version: "1", name: "broken"}
	done, err := step(t.Context(), conn, m, "CREATE TABLE half (n integer); SELECT 1/0;", "INSERT INTO schema_migrations (version) VALUES ($1) ON CONFLICT DO NOTHING")
	if err == nil || done {
		t.Fatalf("%v, %v", done, err)
	}
	if got := tables(t, conn); got != "" {
		t.Errorf("there is %s", got)
	}
}

// If this failed, who migrates by the dbmate program could not go on with uptimer, or the other way round: it runs
// the part of the file, its marker included, and keeps the version in schema_migrations.
func TestWhatDbmateHasApplied(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	all, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	testservices.Exec(t, conn.Config().ConnString(), "create table if not exists schema_migrations (version varchar primary key)")
	for _, m := range all[:1] {
		text, err := os.ReadFile(m.version + "_" + m.name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		up := string(text)
		up = up[strings.Index(up, "-- migrate:up"):strings.Index(up, "-- migrate:down")]
		if _, err := conn.PgConn().Exec(t.Context(), up).ReadAll(); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "insert into schema_migrations (version) values ($1)", m.version); err != nil {
			t.Fatal(err)
		}
	}
	if applied, err := Up(t.Context(), conn); err != nil || len(applied) != len(all)-1 {
		t.Errorf("applied %v, %v; want all but the first", applied, err)
	}
}

// If this failed, an older program would take back something else than the newest migration.
func TestAMigrationOfANewerProgram(t *testing.T) {
	conn := connect(t, testservices.Database(t))
	if _, err := Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "INSERT INTO schema_migrations VALUES ('99990101000000')"); err != nil {
		t.Fatal(err)
	}
	if got := status(t, conn); !strings.Contains(got, "99990101000000 unknown-to-this-program applied") {
		t.Errorf("status: %s", got)
	}
	taken, err := Down(t.Context(), conn)
	const want = "the database has migration 99990101000000, which this program does not know; want it taken back by the newer program that has applied it"
	if taken != nil || err == nil || err.Error() != want {
		t.Errorf("down: %v, %v; want %s", taken, err, want)
	}
	if _, err := Up(t.Context(), conn); err != nil {
		t.Error(err)
	}
}

// If this failed, a file that dbmate reads in another way than uptimer could be shipped.
func TestBrokenFiles(t *testing.T) {
	const good = "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"
	for _, c := range []struct{ name, text, want string }{
		{"1_a.sql", "SELECT 1;", `migration 1_a.sql: want one line "-- migrate:up" and after it one line "-- migrate:down"`},
		{"1_a.sql", "-- migrate:down\n-- migrate:up\n", `migration 1_a.sql: want one line "-- migrate:up" and after it one line "-- migrate:down"`},
		{"1_a.sql", good + "-- migrate:up\n", `migration 1_a.sql: want one line "-- migrate:up" and after it one line "-- migrate:down"`},
		{"1_a.sql", "-- migrate:up transaction:false\n-- migrate:down\n", `migration 1_a.sql: want one line "-- migrate:up" and after it one line "-- migrate:down"`},
		{"1_a.sql", good + "-- migrate:up transaction:false\n", `migration 1_a.sql: "migrate:" is there more than twice; options such as transaction:false are not understood`},
		{"1_a.sql", "SELECT 0;\n" + good, `migration 1_a.sql: the line "SELECT 0;" is before "-- migrate:up"; want only comments there`},
		{"a.sql", good, "migration a.sql: not a migration's name; want one such as 20260102030405_name.sql"},
	} {
		if _, err := load(fstest.MapFS{c.name: {Data: []byte(c.text)}}); err == nil || err.Error() != c.want {
			t.Errorf("%s %q:\n%v, want\n%s", c.name, c.text, err, c.want)
		}
	}
	if _, err := load(fstest.MapFS{"1_a.sql": {Data: []byte(good)}, "1_b.sql": {Data: []byte(good)}}); err == nil {
		t.Error("two of one version are taken")
	}
}

// If this failed, a strange file would crash the program instead of being refused.
func FuzzParse(f *testing.F) {
	f.Add("-- migrate:up\nSELECT 1;\n-- migrate:down\n")
	f.Add("-- x\n\n--migrate:up  \r\n--\tmigrate:down")
	f.Add("-- migrate:down\n-- migrate:up")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parse("1_a.sql", text)
		if err == nil && len(m.up)+len(m.down) > len(text) {
			t.Errorf("%q has more in its parts", text)
		}
	})
}
