package dummy

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

func open(t testing.TB, env ...string) events.Reader {
	t.Helper()
	r, err := Plugin.Open(plugin.NewEnvironment(env), plugin.Host{Catalog: eventstest.Catalog(t), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// small is a reader of batches of ten.
func small(t testing.TB, env string) events.Reader {
	t.Helper()
	r := open(t, env).(*Reader)
	r.batch = 10
	return r
}

// If this failed, the reader could not be trusted to try a writer out: it would hang, skip or emit what is no event.
func TestConformance(t *testing.T) {
	eventstest.TestReader(t, eventstest.ReaderTest{New: func(testing.TB) eventstest.Source {
		return eventstest.Source{Open: func(t testing.TB) events.Reader { return small(t, "DUMMY_EVENT_COUNT=25") }}
	}})
}

// If this failed, a user would get more or fewer events than asked for, or could not tell them apart.
func TestMakesAsManyAsAskedFor(t *testing.T) {
	for env, want := range map[string]int{"": 10, "DUMMY_EVENT_COUNT=0": 0, "DUMMY_EVENT_COUNT=1": 1, "DUMMY_EVENT_COUNT=20": 20, "DUMMY_EVENT_COUNT=31": 31} {
		got := 0
		err := small(t, env).Read(t.Context(), func(_ context.Context, made []events.Event) ([]events.Rejection, error) {
			for _, e := range made {
				var f fields
				if err := e.Decode(&f); err != nil {
					t.Fatal(err)
				}
				if want := (fields{"dummy", "dummy", got, float64(got) / 8}); f != want || e.Title() != "DummyEvent" {
					t.Fatalf("%s: event %d is %s with %+v, want %+v", env, got, e.Title(), f, want)
				}
				got++
			}
			return nil, nil
		})
		if err != nil || got != want {
			t.Errorf("%q: %d events, %v; want %d", env, got, err, want)
		}
	}
}

// If this failed, SIGTERM would throw events away that a writer which is busy could still store within the grace.
// (Seen to fail when emit was given the ctx of Read.)
func TestWhatWasEmittedIsNotTakenBack(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	calls := 0
	err := small(t, "DUMMY_EVENT_COUNT=25").Read(ctx, func(ctx context.Context, _ []events.Event) ([]events.Rejection, error) {
		calls++
		stop()
		if ctx.Err() != nil {
			t.Error("the ctx of emit ends with that of Read")
		}
		return nil, nil
	})
	if err != nil || calls != 1 {
		t.Errorf("%d calls of emit, %v; want one", calls, err)
	}
}

// If this failed, an event that a writer refuses would vanish without a word.
func TestARejectedEventIsLogged(t *testing.T) {
	var log bytes.Buffer
	r := New(Config{Count: 3}, plugin.Host{Catalog: eventstest.Catalog(t), Log: slog.New(slog.NewTextHandler(&log, nil))})
	var refused events.Event
	err := r.Read(t.Context(), func(_ context.Context, made []events.Event) ([]events.Rejection, error) {
		refused = made[1]
		return []events.Rejection{{Index: 1, Reason: errors.New("too green")}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), refused.ID().String()) ||
		!strings.Contains(log.String(), `reason="too green"`) {
		t.Errorf("the log is %q, want one line that names event %v and the reason", log.String(), refused.ID())
	}
}

// If this failed, a user would not learn which events a failing writer did not take.
func TestTheErrorNamesTheEvents(t *testing.T) {
	full := errors.New("the disk is full")
	calls := 0
	err := small(t, "DUMMY_EVENT_COUNT=15").Read(t.Context(), func(context.Context, []events.Event) ([]events.Rejection, error) {
		if calls++; calls == 2 {
			return nil, full
		}
		return nil, nil
	})
	if want := "reading from dummy: events 10 to 14: the disk is full"; err == nil || err.Error() != want || !errors.Is(err, full) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// If this failed, a slip of the pen in the setting would not be said, or be said without the remedy.
func TestMistakes(t *testing.T) {
	for value, want := range map[string]string{
		"-1":  `DUMMY_EVENT_COUNT="-1": not a count; want a whole number such as 3`,
		"ten": `DUMMY_EVENT_COUNT="ten": not a count; want a whole number such as 3`,
	} {
		_, err := Plugin.Open(plugin.NewEnvironment([]string{"DUMMY_EVENT_COUNT=" + value}), plugin.Host{})
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
