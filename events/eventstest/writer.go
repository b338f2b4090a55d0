package eventstest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
)

// Outcome is what becomes of one Write of the fake Writer.
type Outcome struct {
	Rejected []events.Rejection
	Err      error
	// Stored is how many events of the batch, from its first, are stored although Err is set.
	Stored int
}

// Writer is a fake that remembers what it was given. Its zero value stores everything, an event with the same id
// once. It may be looked at while it is in use.
type Writer struct {
	// OnWrite, if set, decides what becomes of a Write; call counts from 0. It may block, or look at ctx.
	OnWrite func(ctx context.Context, call int, batch []events.Event) Outcome
	// OnClose, if set, is what Close returns.
	OnClose func(ctx context.Context) error
	// MaxEvents, MaxBytes and MaxAge are the Limits; zero stands for 100 events, 1 MiB and no wait.
	MaxEvents, MaxBytes int
	MaxAge              time.Duration

	mu      sync.Mutex
	calls   int
	writing bool
	closed  bool
	batches [][]events.Event
	stored  []events.Event
	ids     map[uuid.UUID]bool
	misuse  []string
}

// Write stores the batch, or does what OnWrite decides.
func (w *Writer) Write(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	call := w.begin(batch)
	var outcome Outcome
	if w.OnWrite != nil {
		outcome = w.OnWrite(ctx, call, batch)
	}
	return w.end(batch, outcome)
}

// begin takes note of a call and of what the caller may not do.
func (w *Writer) begin(batch []events.Event) (call int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.writing {
		w.misuse = append(w.misuse, "Write was called while another Write had not returned")
	}
	if w.closed {
		w.misuse = append(w.misuse, "Write was called after Close")
	}
	if len(batch) == 0 {
		w.misuse = append(w.misuse, "Write was called with an empty batch")
	}
	w.writing = true
	w.batches = append(w.batches, slices.Clone(batch))
	w.calls++
	return w.calls - 1
}

func (w *Writer) end(batch []events.Event, o Outcome) ([]events.Rejection, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writing = false
	if o.Err != nil {
		w.store(batch[:o.Stored])
		return nil, o.Err
	}
	refused := make(map[int]bool, len(o.Rejected))
	for _, r := range o.Rejected {
		refused[r.Index] = true
	}
	for i := range batch {
		if !refused[i] {
			w.store(batch[i : i+1])
		}
	}
	return o.Rejected, nil
}

func (w *Writer) store(batch []events.Event) {
	if w.ids == nil {
		w.ids = make(map[uuid.UUID]bool)
	}
	for _, e := range batch {
		if !w.ids[e.ID()] {
			w.ids[e.ID()] = true
			w.stored = append(w.stored, e)
		}
	}
}

// Limits are those that are set.
func (w *Writer) Limits() (events, bytes int, age time.Duration) {
	events, bytes = w.MaxEvents, w.MaxBytes
	if events == 0 {
		events = 100
	}
	if bytes == 0 {
		bytes = 1 << 20
	}
	return events, bytes, w.MaxAge
}

// Close does what OnClose says.
func (w *Writer) Close(ctx context.Context) error {
	w.mu.Lock()
	if w.closed {
		w.misuse = append(w.misuse, "Close was called twice")
	}
	if w.writing {
		w.misuse = append(w.misuse, "Close was called while a Write had not returned")
	}
	w.closed = true
	w.mu.Unlock()
	if w.OnClose != nil {
		return w.OnClose(ctx)
	}
	return nil
}

// Stored is what is stored, in the order in which it came.
func (w *Writer) Stored() []events.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.stored)
}

// Batches is what each Write was called with.
func (w *Writer) Batches() [][]events.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.batches)
}

// Closed tells whether Close was called.
func (w *Writer) Closed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// Misuse is nil, or an error that names what the caller did and a Writer need not bear.
func (w *Writer) Misuse() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.misuse) == 0 {
		return nil
	}
	return fmt.Errorf("the writer was misused: %q", w.misuse)
}
