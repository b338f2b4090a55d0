package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/migrations"
)

// Many tests look at the partition of today, which must not become yesterday's in the middle of one.
func TestMain(m *testing.M) {
	if left := time.Until(dayOf(time.Now()).AddDate(0, 0, 1)); left < 4*time.Minute {
		time.Sleep(left + time.Second)
	}
	unhurried.Main(m)
}

// migrated is a database of a test's own with all tables.
func migrated(t testing.TB) string {
	t.Helper()
	url := testservices.Database(t)
	migrate(t, url)
	return url
}

func migrate(t testing.TB, url string) {
	t.Helper()
	if _, err := migrations.Up(t.Context(), connect(t, url)); err != nil {
		t.Fatal(err)
	}
}

// nameOf is the name of a database.
func nameOf(url string) string { return url[strings.LastIndex(url, "/")+1 : strings.Index(url, "?")] }

// connect opens a connection that is closed at the test's end.
func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := database.Config{URL: setting.Secret(url)}.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// settings are the defaults with that database.
func settings(t testing.TB, environ ...string) (c Config) {
	t.Helper()
	if err := plugin.Load(plugin.NewEnvironment(environ), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// open makes a writer that was not started.
func open(t testing.TB, log *logged, environ ...string) *Writer {
	t.Helper()
	w, err := New(settings(t, environ...), plugin.Host{Catalog: eventstest.Catalog(t), Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// started is a writer that has found its database.
func started(t testing.TB, environ ...string) *Writer {
	t.Helper()
	w := open(t, &logged{}, environ...)
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// write writes a batch of which nothing may be rejected.
func write(t testing.TB, w *Writer, batch ...events.Event) {
	t.Helper()
	rejected, err := w.Write(t.Context(), batch)
	if err != nil || len(rejected) > 0 {
		t.Fatalf("Write of %d events: %v, rejected %v", len(batch), err, rejected)
	}
}

// one asks for one value.
func one[T any](t testing.TB, url, sql string, args ...any) (v T) {
	t.Helper()
	if err := connect(t, url).QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// logged is a log that can be looked at while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// times counts the lines that hold a text.
func (l *logged) times(text string) int { return strings.Count(l.String(), text) }

// changed is the example of a schema with some fields set to other JSON; a value of "" removes the field.
func changed(t testing.TB, title string, set map[string]string) events.Event {
	t.Helper()
	fields := map[string]json.RawMessage{}
	if err := eventstest.Example(t, title).Decode(&fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range set {
		if fields[name] = json.RawMessage(value); value == "" {
			delete(fields, name)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	e, err := eventstest.Catalog(t).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// at is a check that began at that time.
func at(t testing.TB, time string) events.Event {
	t.Helper()
	return changed(t, "TCPProbeEvent", map[string]string{"event_time": `"` + time + `"`})
}
