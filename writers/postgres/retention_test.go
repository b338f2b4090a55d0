package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/testservices"
)

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
	report := reading(t, url, "probe_events")
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

// If this failed, dropping would get stuck for ever after it was interrupted once, or take with it what a person has
// put aside. (Seen to fail with all tables of such a name dropped: the archive was gone.)
func TestRetentionGoesOnWhereItStopped(t *testing.T) {
	url := migrated(t)
	w := started(t, "DATABASE_URL="+url)
	today := dayOf(time.Now())
	for days := range 8 {
		write(t, w, at(t, today.AddDate(0, 0, -days).Format(events.TimeLayout)))
	}
	name := func(days int) string { return daily{"probe_events", today.AddDate(0, 0, -days)}.name() }
	archived, detached, half, stranger := name(7), name(6), name(5), "events_20200102"
	testservices.Exec(t, url, "ALTER TABLE probe_events DETACH PARTITION "+archived, "CREATE TABLE "+stranger+" (n integer)",
		"ALTER TABLE probe_events DETACH PARTITION "+detached,
		fmt.Sprintf("COMMENT ON TABLE %s IS '%s'", detached, dropping), fmt.Sprintf("COMMENT ON TABLE %s IS '%s'", half, dropping))
	other := connect(t, url)
	report := reading(t, url, "probe_events")
	if _, err := other.Exec(t.Context(), "SET lock_timeout = '100ms'"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), "ALTER TABLE probe_events DETACH PARTITION "+half+" CONCURRENTLY"); err == nil {
		t.Fatal("detaching was not interrupted")
	}
	report.Close(context.Background())
	if !one[bool](t, url, "SELECT bool_or(inhdetachpending) FROM pg_inherits") {
		t.Fatal("nothing is half detached, so this test says nothing")
	}
	if err := dropOld(t.Context(), other, today.AddDate(0, 0, -3), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	got := partitions(t, url, "probe_events")
	if strings.Contains(got, half) || strings.Contains(got, name(4)) || strings.Count(got, "\n") != 5 {
		t.Errorf("the partitions are\n%s", got)
	}
	left := one[string](t, url, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname = ANY ($1)",
		[]string{archived, detached, half, stranger})
	if want := stranger + " " + archived; left != want {
		t.Errorf("%s are left, want %s", left, want)
	}
}

// If this failed, an event that is older than what is kept would bring back a day that was dropped, hour by hour; or
// be told to be a fault.
func TestWhatIsOlderThanTheRetentionIsNotStored(t *testing.T) {
	url := migrated(t)
	log := &logged{}
	w := open(t, log, "DATABASE_URL="+url, "POSTGRES_RETENTION=3d")
	defer w.Close(context.Background())
	var counted expired
	w.observer = &counted
	now := time.Now().UTC()
	write(t, w, at(t, now.Add(-71*time.Hour).Format(events.TimeLayout)), at(t, now.Add(-73*time.Hour).Format(events.TimeLayout)),
		at(t, now.Add(-1000*time.Hour).Format(events.TimeLayout)))
	if n := one[int](t, url, "SELECT count(*) FROM probe_events"); n != 1 {
		t.Errorf("%d are stored, want 1", n)
	}
	if log.times("POSTGRES_RETENTION") != 1 || log.times("events=2") != 1 {
		t.Errorf("the log does not say once that 2 were not stored:\n%s", log)
	}
	// A write that fails is tried again, and must not count them twice. (Seen to fail when rows counts them.)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	old := at(t, now.Add(-1000*time.Hour).Format(events.TimeLayout))
	if _, err := w.Write(gone, []events.Event{old, at(t, now.Format(events.TimeLayout))}); err == nil {
		t.Error("a write without any time has succeeded")
	}
	if counted.events != 2 || counted.writer != "postgres" {
		t.Errorf("%d events of the writer %q are counted as expired, want 2", counted.events, counted.writer)
	}
}

// expired counts what is not stored because of its age.
type expired struct {
	plugin.Observer
	writer string
	events int
}

func (e *expired) Expired(writer string, events int) {
	e.writer = writer
	e.events += events
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
		"1d": "too short; want at least 2d", "47h59m": "too short; want at least 2d", "0": "too short; want at least 2d", "-30d": "not a time span; want days such as 30d, or a duration such as 720h, of at most 106751d",
		"30": "not a time span; want days such as 30d, or a duration such as 720h, of at most 106751d", "d": "not a time span; want days such as 30d, or a duration such as 720h, of at most 106751d",
		"30 days": "not a time span; want days such as 30d, or a duration such as 720h, of at most 106751d", "9999999h": "not a time span; want days such as 30d, or a duration such as 720h, of at most 106751d",
		"106752d": "too long; want at most 106751d, or nothing to keep all", "99999999999999999999d": "too long; want at most 106751d, or nothing to keep all",
	} {
		var r retention
		if err := r.Decode(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
