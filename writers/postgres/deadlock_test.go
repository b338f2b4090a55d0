package postgres

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// If this failed, writers that are given the same events would wait for each other in a circle, for a second each time,
// and write the page again; or hinder each other where the database wants its transactions serializable. (Seen to fail
// with events that are not sorted, and with the database's own level.)
func TestWritersOfTheSameEventsDoNotWaitInACircle(t *testing.T) {
	url := migrated(t)
	name := nameOf(url)
	testservices.Exec(t, url, "ALTER DATABASE "+name+" SET default_transaction_isolation = 'serializable'")
	var list [5]*Writer
	for i := range list {
		list[i] = started(t, "DATABASE_URL="+url)
	}
	for range 6 {
		page := append(eventstest.Checks(t, 300), eventstest.Dummies(t, 300)...)
		var running sync.WaitGroup
		for _, w := range list {
			rand.Shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
			part := slices.Clone(page[:len(page)*2/3])
			running.Go(func() {
				if _, err := w.Write(t.Context(), part); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
	}
}

// If this failed, the same would happen to writers of checks of the same targets, when some of these go up and down.
// (Seen to fail with states that are not locked beforehand.)
func TestWritersOfTheSameStatesDoNotWaitInACircle(t *testing.T) {
	url := migrated(t)
	one, two := started(t, "DATABASE_URL="+url), started(t, "DATABASE_URL="+url)
	write(t, one, checkAt(t, 1, 0, true), checkAt(t, 2, 0, true), checkAt(t, 5, 0, true))
	other := connect(t, url)
	for _, sql := range []string{"BEGIN", "SELECT FROM target_state WHERE target_id = '00000000-0000-5000-8000-000000000005' FOR UPDATE"} {
		if _, err := other.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var running sync.WaitGroup
	begin := func(w *Writer, page ...events.Event) {
		running.Go(func() {
			if _, err := w.Write(t.Context(), page); err != nil {
				t.Error(err)
			}
		})
	}
	begin(one, checkAt(t, 1, 1, true), checkAt(t, 1, 2, false), checkAt(t, 2, 1, true), checkAt(t, 5, 1, true), checkAt(t, 5, 2, false))
	waiting(t, url, 1)
	begin(two, checkAt(t, 1, 1, true), checkAt(t, 2, 1, true), checkAt(t, 2, 2, false))
	waiting(t, url, 2)
	other.Close(context.Background())
	running.Wait()
}

// waiting waits until so many sessions wait for a lock.
func waiting(t *testing.T, url string, want int) {
	t.Helper()
	conn := connect(t, url)
	unhurried.Until(t, "sessions wait for locks", func() bool {
		var n int
		err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n)
		return err == nil && n == want
	})
}
