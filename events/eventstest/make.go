// Package eventstest is for tests: makers of events, fakes of readers and writers, and the tests that every real
// reader and writer must pass.
package eventstest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/schemas"
)

var shipped = sync.OnceValues(func() (*events.Catalog, error) { return events.NewCatalog(schemas.FS) })

// Catalog is the catalog of the schemas that are shipped, made once for all tests.
func Catalog(t testing.TB) *events.Catalog {
	t.Helper()
	c, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// CatalogWith knows one event type more: that of a schema, by its title.
func CatalogWith(t testing.TB, title, schema string) *events.Catalog {
	t.Helper()
	files := fstest.MapFS{title + ".json": {Data: []byte(schema)}}
	names, err := fs.Glob(schemas.FS, "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := schemas.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	c, err := events.NewCatalog(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Example makes an event with the fields of the first example of the shipped schema with that title.
func Example(t testing.TB, title string) events.Event {
	t.Helper()
	text, err := schemas.FS.ReadFile(title + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Examples []map[string]json.RawMessage }
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	fields := schema.Examples[0]
	for _, minted := range []string{"schema_title", "schema_version", "uuid", "event_time"} {
		delete(fields, minted)
	}
	return newEvent(t, title, fields)
}

// dummy are the fields that DummyEvent adds to Event.
type dummy struct {
	Target       string  `json:"target"`
	Reader       string  `json:"reader"`
	IntegerValue int     `json:"integer_value"`
	FloatValue   float64 `json:"float_value"`
}

// Dummies makes n DummyEvents, numbered from 0 in integer_value. They are about no target.
func Dummies(t testing.TB, n int) []events.Event {
	t.Helper()
	list := make([]events.Event, n)
	for i := range list {
		list[i] = newEvent(t, "DummyEvent", dummy{Target: "eventstest", Reader: "eventstest", IntegerValue: i})
	}
	return list
}

// Large makes a DummyEvent whose JSON has that many bytes, at most events.MaxBytes.
func Large(t testing.TB, bytes int) events.Event {
	t.Helper()
	least := len(newEvent(t, "DummyEvent", dummy{}).JSON())
	return newEvent(t, "DummyEvent", dummy{Target: strings.Repeat("x", bytes-least)})
}

// check are the fields of a TCPProbeEvent.
type check struct {
	Target         string             `json:"target"`
	TargetID       string             `json:"target_id"`
	Protocol       string             `json:"protocol"`
	Hostname       string             `json:"hostname"`
	Port           int                `json:"port"`
	Location       string             `json:"location"`
	Instance       string             `json:"instance"`
	ScheduledAt    string             `json:"scheduled_at"`
	Up             bool               `json:"up"`
	Reason         string             `json:"reason"`
	Error          string             `json:"error"`
	ResponseTimeMS float64            `json:"response_time_ms"`
	TimingsMS      map[string]float64 `json:"timings_ms"`
}

// Checks makes n TCPProbeEvents of three targets in turn, up and down.
func Checks(t testing.TB, n int) []events.Event {
	t.Helper()
	list := make([]events.Event, n)
	for i := range list {
		c := check{
			Target: fmt.Sprintf("tcp://192.0.2.%d:5432", i%3+1), TargetID: fmt.Sprintf("00000000-0000-5000-8000-%012d", i%3+1),
			Protocol: "tcp", Hostname: fmt.Sprintf("192.0.2.%d", i%3+1), Port: 5432, Instance: "eventstest",
			ScheduledAt: time.Now().UTC().Format(events.TimeLayout), Up: true, Reason: "ok",
			ResponseTimeMS: 1.25, TimingsMS: map[string]float64{"connect": 1.25},
		}
		if i%2 == 1 {
			c.Up, c.Reason, c.Error = false, "refused", "connecting to "+c.Hostname+":5432: connection refused"
		}
		list[i] = newEvent(t, "TCPProbeEvent", c)
	}
	return list
}

func newEvent(t testing.TB, title string, fields any) events.Event {
	t.Helper()
	e, err := Catalog(t).New(title, time.Now(), fields)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
