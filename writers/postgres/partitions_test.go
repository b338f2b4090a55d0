package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/internal/testservices"
)

// partitions lists the partitions of a table with their bounds.
func partitions(t testing.TB, url, table string) string {
	t.Helper()
	rows, _ := connect(t, url).Query(t.Context(), `SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid)
		FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::text::regclass ORDER BY 1`, table)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "\n")
}

// reading is a report on tables that goes on and on, until its connection is closed.
func reading(t testing.TB, url, tables string) *pgx.Conn {
	t.Helper()
	report := connect(t, url)
	for _, sql := range []string{"BEGIN", "SELECT count(*) FROM " + tables} {
		if _, err := report.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return report
}

// If this failed, a server that does not run in UTC would have other days than its neighbours, and an event near
// midnight would be dropped a day early or be in no partition. (Seen to fail with bounds without +00 and a session
// without its time zone.)
func TestDaysAreThoseOfUTC(t *testing.T) {
	server := testservices.NewServer(t, "timezone=Asia/Tokyo")
	url := testservices.DatabaseIn(t, server.URL)
	migrate(t, url)
	w := started(t, "DATABASE_URL="+url)
	day := dayOf(time.Now()).AddDate(0, 0, -30)
	for _, moment := range []time.Time{day, day.Add(9 * time.Hour), day.Add(24*time.Hour - time.Microsecond), day.AddDate(0, 0, 1)} {
		write(t, w, at(t, moment.Format(events.TimeLayout)))
	}
	for partition, want := range map[string]int{day.Format(dayLayout): 3, day.AddDate(0, 0, 1).Format(dayLayout): 1} {
		if n := one[int](t, url, "SELECT count(*) FROM probe_events_"+partition); n != want {
			t.Errorf("probe_events_%s holds %d, want %d", partition, n, want)
		}
	}
	var want []string
	for _, d := range []time.Time{day, day.AddDate(0, 0, 1), dayOf(time.Now()), dayOf(time.Now()).AddDate(0, 0, 1), dayOf(time.Now()).AddDate(0, 0, 2)} {
		const bound = "2006-01-02 15:04:05+00"
		want = append(want, fmt.Sprintf("probe_events_%s FOR VALUES FROM ('%s') TO ('%s')", d.Format(dayLayout), d.Format(bound), d.AddDate(0, 0, 1).Format(bound)))
	}
	if got := partitions(t, url, "probe_events"); got != strings.Join(want, "\n") {
		t.Errorf("the partitions are\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	plain, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close(context.Background())
	var zone string
	if err := plain.QueryRow(t.Context(), "SHOW timezone").Scan(&zone); err != nil || zone != "Asia/Tokyo" {
		t.Errorf("the server is in %s (%v), so this test says nothing", zone, err)
	}
}

// If this failed, several writers that meet a new day would hinder each other, or a report that runs for long would
// stop them all. (Seen to fail with CREATE TABLE … PARTITION OF: the writers wait until the report ends.)
func TestWritersMakeTheSamePartitions(t *testing.T) {
	url := migrated(t)
	first := started(t, "DATABASE_URL="+url)
	write(t, first, eventstest.Checks(t, 3)...)
	reading(t, url, "probe_events, events")
	const writers, days = 6, 8
	var running sync.WaitGroup
	for range writers {
		w := started(t, "DATABASE_URL="+url)
		running.Go(func() {
			for n := range days {
				write(t, w, at(t, dayOf(time.Now()).AddDate(0, 0, -3-n).Format(events.TimeLayout)))
			}
		})
	}
	running.Wait()
	if n := one[int](t, url, "SELECT count(*) FROM probe_events"); n != 3+writers*days {
		t.Errorf("%d are stored, want %d", n, 3+writers*days)
	}
	if n := strings.Count(partitions(t, url, "probe_events"), "\n") + 1; n != 3+days {
		t.Errorf("%d partitions, want %d", n, 3+days)
	}
	if n := one[int](t, url, "SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid WHERE h.inhparent = 'probe_events_target'::regclass"); n != 3+days {
		t.Errorf("%d partitions have the index, want %d", n, 3+days)
	}
}

// If this failed, a writer whose partition somebody has dropped would never store again.
func TestADroppedPartitionIsMadeAgain(t *testing.T) {
	url := migrated(t)
	w := started(t, "DATABASE_URL="+url)
	write(t, w, eventstest.Checks(t, 1)...)
	if _, err := connect(t, url).Exec(t.Context(), "DROP TABLE probe_events_"+time.Now().UTC().Format(dayLayout)); err != nil {
		t.Fatal(err)
	}
	write(t, w, eventstest.Checks(t, 1)...)
}

// If this failed, partitions would be made in the schema that new tables go to, where nobody looks for them, and never
// be dropped. (Seen to fail with names without the schema of the table.)
func TestPartitionsAreInTheSchemaOfTheirTable(t *testing.T) {
	url := migrated(t)
	name := nameOf(url)
	testservices.Exec(t, url, `CREATE SCHEMA "first one"`, "ALTER DATABASE "+name+` SET search_path = "first one", public`)
	w := started(t, "DATABASE_URL="+url)
	write(t, w, at(t, dayOf(time.Now()).AddDate(0, 0, -9).Format(events.TimeLayout)))
	const schemas = "SELECT string_agg(DISTINCT relnamespace::regnamespace::text, ' ') FROM pg_class WHERE relname ~ '^(probe_)?events_2'"
	if got := one[string](t, url, schemas); got != "public" {
		t.Errorf("partitions are in %s, want public", got)
	}
	if err := dropOld(t.Context(), connect(t, url), time.Now().AddDate(0, 0, -5), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, url, "SELECT count(*) FROM probe_events"); n != 0 {
		t.Errorf("%d are left, want none", n)
	}
}
