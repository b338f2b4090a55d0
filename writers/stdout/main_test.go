package stdout

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"testing"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

func open(t testing.TB, format string, to io.Writer) *Writer {
	t.Helper()
	w, err := New(Config{Format: format}, plugin.Host{Catalog: eventstest.Catalog(t), Log: slog.New(slog.DiscardHandler), Stdout: to})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// parse is an event that comes from outside.
func parse(t testing.TB, text string) events.Event {
	t.Helper()
	e, err := eventstest.Catalog(t).Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// example is the example of a schema with some fields set to other JSON; a text of "" removes the field.
func example(t testing.TB, title string, set map[string]string) events.Event {
	t.Helper()
	fields := map[string]json.RawMessage{}
	if err := eventstest.Example(t, title).Decode(&fields); err != nil {
		t.Fatal(err)
	}
	fields["uuid"] = json.RawMessage(`"019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42"`)
	fields["event_time"] = json.RawMessage(`"2026-01-02T03:04:05.678901Z"`)
	for name, value := range set {
		if fields[name] = json.RawMessage(value); value == "" {
			delete(fields, name)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

// printed is how events are printed in one page.
func printed(t testing.TB, format string, batch ...events.Event) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := open(t, format, &out).Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
