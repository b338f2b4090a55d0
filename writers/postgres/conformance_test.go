package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/internal/testservices"
)

// storedIDs are the ids of all events in a database.
func storedIDs(t testing.TB, url string) []uuid.UUID {
	t.Helper()
	rows, _ := connect(t, url).Query(t.Context(), "SELECT uuid FROM probe_events UNION ALL SELECT uuid FROM events")
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	if err != nil {
		t.Fatal(err)
	}
	list := make([]uuid.UUID, len(ids))
	for i := range ids {
		list[i] = ids[i]
	}
	return list
}

// locked keeps everybody else from writing, as a person who works on a table does, until release.
func locked(t testing.TB, url string) (release func()) {
	t.Helper()
	conn := connect(t, url)
	for _, sql := range []string{"BEGIN", "LOCK TABLE events, probe_events, targets, target_state IN EXCLUSIVE MODE"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return func() { conn.Close(context.Background()) }
}

// unstorableEvents are valid, and cannot be held: a NUL in a column, one in a label's name, one in an event that is no check, and too much for an index.
func unstorableEvents(t testing.TB) []events.Event {
	t.Helper()
	var long strings.Builder // that cannot be compressed
	for long.Len() < 8000 {
		long.WriteString(uuid.NewString())
	}
	return []events.Event{
		changed(t, "TCPProbeEvent", map[string]string{"error": `"a\u0000b"`}),
		changed(t, "HTTPProbeEvent", map[string]string{"labels": `{"a\u0000":"b"}`}),
		changed(t, "DummyEvent", map[string]string{"target": `"\u0000"`}),
		changed(t, "TCPProbeEvent", map[string]string{"location": `"` + long.String() + `"`}),
	}
}

// If this failed, the pipeline could not trust the writer: events could be lost, rejected without cause or there
// twice, or the program hang.
func TestConformance(t *testing.T) {
	testservices.Find(t)
	eventstest.TestWriter(t, eventstest.WriterTest{Once: true, New: func(t testing.TB) eventstest.Destination {
		url := migrated(t)
		return eventstest.Destination{
			Open: func(t testing.TB) events.Writer {
				w := open(t, &logged{}, "DATABASE_URL="+url)
				if err := w.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				return w
			},
			Stored:  func(t testing.TB) []uuid.UUID { return storedIDs(t, url) },
			Stall:   func(t testing.TB) func() { return locked(t, url) },
			Refused: unstorableEvents,
		}
	}})
}
