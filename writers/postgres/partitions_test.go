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
	report := connect(t, url)
	for _, sql := range []string{"BEGIN", "SELECT count(*) FROM probe_events, events"} {
		if _, err := report.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
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

// If this failed, the disk would fill, or a day would be dropped that should be kept, or dropping would stop the
// writers while a report runs. (Seen to fail with DROP TABLE in the place of DETACH … CONCURRENTLY.)
func TestRetention(t *testing.T) {
	url := migrated(t)
	all := started(t, "DATABASE_URL="+url)
	now := time.Now()
	today := dayOf(now)
	for days := range 8 { // each at the begin of its day
		write(t, all, at(t, today.AddDate(0, 0, -days).Format(events.TimeLayout)))
	}
	limit := today.AddDate(0, 0, -5).Add(now.Sub(today))
	report := connect(t, url)
	for _, sql := range []string{"BEGIN", "SELECT count(*) FROM probe_events"} {
		if _, err := report.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	log := &logged{}
	dropped := make(chan error, 1)
	go func() {
		dropped <- dropOld(context.Background(), connect(t, url), limit, slog.New(slog.NewTextHandler(log, nil)))
	}()
	for log.times("partition=probe_events_") == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		write(t, all, eventstest.Checks(t, 1)...)
		time.Sleep(5 * time.Millisecond)
	}
	select {
	case err := <-dropped:
		t.Fatalf("dropping did not wait for the report: %v", err)
	default:
	}
	report.Close(context.Background())
	if err := <-dropped; err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, url, "SELECT count(*) FROM probe_events WHERE event_time < $1", today.AddDate(0, 0, -5)); n != 0 {
		t.Errorf("%d older ones are still there", n)
	}
	if n := one[int](t, url, "SELECT count(*) FROM probe_events"); n != 6+20 {
		t.Errorf("%d are left, want %d", n, 6+20)
	}
	for _, days := range []int{6, 7} {
		if name := "partition=probe_events_" + today.AddDate(0, 0, -days).Format(dayLayout); log.times(name) != 1 {
			t.Errorf("%s is not named once in the log:\n%s", name, log)
		}
	}
}

// If this failed, dropping would get stuck for ever after it was interrupted once.
func TestRetentionGoesOnWhereItStopped(t *testing.T) {
	url := migrated(t)
	w := started(t, "DATABASE_URL="+url)
	today := dayOf(time.Now())
	for days := range 6 {
		write(t, w, at(t, today.AddDate(0, 0, -days).Format(events.TimeLayout)))
	}
	off, half := daily{"probe_events", today.AddDate(0, 0, -5)}, daily{"probe_events", today.AddDate(0, 0, -4)}
	other := connect(t, url)
	if _, err := other.Exec(t.Context(), "ALTER TABLE probe_events DETACH PARTITION "+off.name()); err != nil {
		t.Fatal(err)
	}
	report := connect(t, url)
	for _, sql := range []string{"BEGIN", "SELECT count(*) FROM probe_events"} {
		if _, err := report.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := other.Exec(t.Context(), "SET lock_timeout = '100ms'"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), "ALTER TABLE probe_events DETACH PARTITION "+half.name()+" CONCURRENTLY"); err == nil {
		t.Fatal("detaching was not interrupted")
	}
	report.Close(context.Background())
	if !one[bool](t, url, "SELECT bool_or(inhdetachpending) FROM pg_inherits") {
		t.Fatal("nothing is half detached, so this test says nothing")
	}
	if err := dropOld(t.Context(), other, today.AddDate(0, 0, -3), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if got := partitions(t, url, "probe_events"); strings.Contains(got, half.name()) || strings.Count(got, "\n") != 5 {
		t.Errorf("the partitions are\n%s", got)
	}
	if n := one[int](t, url, "SELECT count(*) FROM pg_class WHERE relname IN ($1, $2)", half.name(), off.name()); n != 0 {
		t.Errorf("%d tables are left", n)
	}
}

// If this failed, an event that is older than what is kept would bring back a day that was dropped, hour by hour; or
// be told to be a fault.
func TestWhatIsOlderThanTheRetentionIsNotStored(t *testing.T) {
	url := migrated(t)
	log := &logged{}
	w := open(t, log, "DATABASE_URL="+url, "POSTGRES_RETENTION=3d")
	defer w.Close(context.Background())
	now := time.Now().UTC()
	write(t, w, at(t, now.Add(-71*time.Hour).Format(events.TimeLayout)), at(t, now.Add(-73*time.Hour).Format(events.TimeLayout)),
		at(t, now.Add(-1000*time.Hour).Format(events.TimeLayout)))
	if n := one[int](t, url, "SELECT count(*) FROM probe_events"); n != 1 {
		t.Errorf("%d are stored, want 1", n)
	}
	if log.times("POSTGRES_RETENTION") != 1 || log.times("events=2") != 1 {
		t.Errorf("the log does not say once that 2 were not stored:\n%s", log)
	}
}

// If this failed, a mistyped retention would be taken for another one.
func TestRetentionAsWritten(t *testing.T) {
	for text, want := range map[string]time.Duration{"2d": 48 * time.Hour, "30d": 720 * time.Hour, "48h": 48 * time.Hour, "100h30m": 100*time.Hour + 30*time.Minute} {
		var r retention
		if err := r.Decode(text); err != nil || time.Duration(r) != want {
			t.Errorf("%q is %v, %v", text, time.Duration(r), err)
		}
	}
	for text, want := range map[string]string{
		"1d": "too short; want at least 2d", "47h59m": "too short; want at least 2d", "0": "too short; want at least 2d", "-30d": "not a time span; want days such as 30d, or a duration such as 720h",
		"30": "not a time span; want days such as 30d, or a duration such as 720h", "d": "not a time span; want days such as 30d, or a duration such as 720h",
		"30 days": "not a time span; want days such as 30d, or a duration such as 720h", "99999d": "not a time span; want days such as 30d, or a duration such as 720h",
	} {
		var r retention
		if err := r.Decode(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
