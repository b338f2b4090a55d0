package postgres

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/internal/database"
)

// If this failed, one bad event would drag others with it, or be tried for ever; or a fault of the database would be
// taken for the events' own and they be thrown away.
func TestAPoisonedEventIsRejectedAlone(t *testing.T) {
	url := migrated(t)
	w := started(t, "DATABASE_URL="+url)
	batch := append(eventstest.Checks(t, 300), eventstest.Dummies(t, 300)...)
	bad := unstorableEvents(t)
	for i, e := range bad {
		batch[i*137] = e
	}
	far := time.Now().Add(49 * time.Hour).UTC().Format(events.TimeLayout)
	old := time.Now().AddDate(-10, 0, -1).UTC().Format(events.TimeLayout)
	batch = append(batch, at(t, far), at(t, old))
	rejected, err := w.Write(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[int]string{}
	for _, r := range rejected {
		reasons[r.Index] = r.Reason.Error()
	}
	for index, want := range map[int]string{
		0:   `"error" has a NUL character (\u0000), which PostgreSQL cannot hold`,
		137: `"labels" has a NUL character (\u0000), which PostgreSQL cannot hold`,
		274: `"target" has a NUL character (\u0000), which PostgreSQL cannot hold`,
		411: "the database cannot hold it: storing checks: ERROR: index row size ",
		600: "event_time " + far + " is more than 2 days ahead", 601: "event_time " + old + " is more than 10 years ago",
	} {
		if !strings.Contains(reasons[index], want) {
			t.Errorf("event %d: %q, want %q", index, reasons[index], want)
		}
	}
	if len(rejected) != 6 {
		t.Errorf("%d are rejected, want 6", len(rejected))
	}
	if n := len(storedIDs(t, url)); n != 596 {
		t.Errorf("%d are stored, want 596", n)
	}
	// A check that somebody has added to the table is not the event's fault.
	if _, err := connect(t, url).Exec(t.Context(), "ALTER TABLE events ADD CHECK (schema_title <> 'DummyEvent') NOT VALID"); err != nil {
		t.Fatal(err)
	}
	if rejected, err := w.Write(t.Context(), eventstest.Dummies(t, 1)); err == nil || len(rejected) > 0 {
		t.Errorf("with a constraint that refuses it: %v, rejected %v, want an error", err, rejected)
	}
}

// If this failed, a stream of bad events would cost two transactions each, and be tried for ever by a connection that
// does not call a NUL a data error (default_query_exec_mode=simple_protocol). Or a text with a backslash before the
// letters u0000 would be refused. (Seen to fail without the look at NUL: the database is asked, and is not there.)
func TestANULIsFoundWithoutTheDatabase(t *testing.T) {
	w := open(t, &logged{}, "DATABASE_URL=postgres://127.0.0.1:9/nowhere")
	rejected, err := w.Write(t.Context(), unstorableEvents(t)[:3])
	if err != nil || len(rejected) != 3 {
		t.Errorf("%v, rejected %v, want 3", err, rejected)
	}
	url := migrated(t)
	good := changed(t, "TCPProbeEvent", map[string]string{"error": `"\\u0000 \\\\u0000 u0000 \u0001"`, "labels": `{"\\u0000":"\\\\u0000"}`})
	write(t, started(t, "DATABASE_URL="+url), good)
	isReadBack(t, connect(t, url), good)
}

// If this failed, a NUL would be looked for in vain, or seen where none is: what hasNUL says must be what encoding/json
// reads.
func FuzzHasNUL(f *testing.F) {
	for _, quoted := range []string{`"\u0000"`, `"\\u0000"`, `"\\\u0000"`, `"\\u0000\u0000"`, `"u0000\u00000"`, `"\"\u0000"`} {
		f.Add([]byte(quoted))
	}
	f.Fuzz(func(t *testing.T, quoted []byte) {
		var s string
		if json.Unmarshal(quoted, &s) != nil {
			return
		}
		if got, want := hasNUL(quoted), strings.ContainsRune(s, 0); got != want {
			t.Errorf("%s: %v, want %v", quoted, got, want)
		}
	})
}

// If this failed, a mistake in DATABASE_URL would be taken for the events' own, and all of them be thrown away. (Seen
// to fail with the codes of all errors looked at, and not only of those that the server gives to rows.)
func TestAWrongSettingIsNoEventsFault(t *testing.T) {
	w := open(t, &logged{}, "DATABASE_URL="+migrated(t)+"&work_mem=nonsense")
	defer w.Close(context.Background())
	rejected, err := w.Write(t.Context(), eventstest.Checks(t, 3))
	if database.Code(err) != "22023" || len(rejected) > 0 {
		t.Errorf("%v, rejected %v, want the error of the setting", err, rejected)
	}
}
