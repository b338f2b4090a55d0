package probes

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
)

// A writer that failed may still look at a batch: another's events in its place would be written twice, its own never.
// Seen to fail when the room of each batch is used again.
func TestABatchThatIsNotStoredIsLeftAlone(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		type handed struct{ batch, copied []events.Event }
		var all []handed
		emit := func(_ context.Context, batch []events.Event) ([]events.Rejection, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			all = append(all, handed{batch, append([]events.Event(nil), batch...)})
			return nil, errors.New("a part of it may be stored")
		}
		go func() { b.ended <- b.Read(b.ctx, emit) }()
		b.Begin(b.ctx, entries(20, time.Second, time.Millisecond))
		time.Sleep(10 * time.Second)
		b.stop()
		if len(all) < 10 {
			t.Errorf("only %d batches", len(all))
		}
		for i, h := range all {
			for k := range h.batch {
				if h.batch[k].ID() != h.copied[k].ID() {
					t.Fatalf("event %d of batch %d was %v and is %v", k, i, h.copied[k].ID(), h.batch[k].ID())
				}
			}
		}
	})
}
