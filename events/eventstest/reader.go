package eventstest

import (
	"context"
	"sync"

	"github.com/uptimer/uptimer/events"
)

// Reader is a fake source: it emits its batches, one after the other, each until it is taken, and remembers what
// became of them. A Read after another goes on with the first batch that was not taken.
type Reader struct {
	Batches [][]events.Event
	// Endless makes Read wait for the end of its context when all batches are emitted.
	Endless bool

	mu       sync.Mutex
	next     int
	rejected []events.Event
}

// Read emits the batches. It ends with the error of emit, without one if its context has ended.
func (r *Reader) Read(ctx context.Context, emit events.Emit) error {
	for i := r.Acknowledged(); i < len(r.Batches); i++ {
		if ctx.Err() != nil {
			return nil
		}
		rejected, err := emit(ctx, r.Batches[i])
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		r.taken(r.Batches[i], rejected)
	}
	if r.Endless {
		<-ctx.Done()
	}
	return nil
}

func (r *Reader) taken(batch []events.Event, rejected []events.Rejection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	for _, x := range rejected {
		r.rejected = append(r.rejected, batch[x.Index])
	}
}

// Acknowledged is how many batches were taken.
func (r *Reader) Acknowledged() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next
}

// Rejected are the events that were handed back.
func (r *Reader) Rejected() []events.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]events.Event(nil), r.rejected...)
}
