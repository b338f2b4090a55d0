package postgres

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
)

// benchPage is n checks of an HTTP URL, about 830 bytes each, of 1,000 targets in turn.
func benchPage(b *testing.B, n int) []events.Event {
	b.Helper()
	fields := map[string]json.RawMessage{}
	if err := eventstest.Example(b, "HTTPProbeEvent").Decode(&fields); err != nil {
		b.Fatal(err)
	}
	for _, minted := range []string{"schema_title", "schema_version", "uuid", "event_time"} {
		delete(fields, minted)
	}
	list := make([]events.Event, n)
	for i := range list {
		fields["target_id"] = json.RawMessage(fmt.Sprintf(`"00000000-0000-5000-8000-%012d"`, i%1000))
		e, err := eventstest.Catalog(b).New("HTTPProbeEvent", time.Now(), fields)
		if err != nil {
			b.Fatal(err)
		}
		list[i] = e
	}
	return list
}

// How many rows a second one writer stores, in pages of 5,000 into tables that grow. Making the events is not counted.
func BenchmarkWrite(b *testing.B) {
	w := started(b, "DATABASE_URL="+migrated(b))
	const size = 5000
	rows := 0
	for b.Loop() {
		b.StopTimer()
		page := benchPage(b, size)
		b.StartTimer()
		if rejected, err := w.Write(b.Context(), page); err != nil || len(rejected) > 0 {
			b.Fatal(err, rejected)
		}
		rows += size
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(0, "ns/op")
}

// What taking an event apart costs.
func BenchmarkNewRow(b *testing.B) {
	e := benchPage(b, 1)[0]
	b.ReportAllocs()
	b.SetBytes(int64(len(e.JSON())))
	for b.Loop() {
		if _, err := newRow(0, e); err != nil {
			b.Fatal(err)
		}
	}
}
