package eventstest

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// Source is where a reader reads, made anew for each test. It holds two batches or more.
type Source struct {
	// Open makes a reader of the source. It is called again when the last reader's Read has returned, as a
	// restarted process would.
	Open func(t testing.TB) events.Reader
}

// ReaderTest is what TestReader must know.
type ReaderTest struct {
	// New makes a source. What it starts is ended by t.Cleanup.
	New func(t testing.TB) Source
	// Endless says that Read ends with its context only.
	Endless bool
	// Redelivers says that what was not acknowledged comes again, with the same ids, also from the next reader.
	Redelivers bool
	// Fleeting says that the source cannot deliver again, as a probe cannot: after an error of emit it goes on
	// with what comes next.
	Fleeting bool
	// Patience stands in for the constant if it is set.
	Patience time.Duration
}

// TestReader holds a reader to the contract of events.Reader and events.Emit. It must not run beside tests that
// start goroutines.
func TestReader(t *testing.T, r ReaderTest) {
	for _, c := range readerChecks {
		t.Run(c.name, func(t *testing.T) { c.check(t, r) })
	}
}

var readerChecks = []struct {
	name  string
	check func(testing.TB, ReaderTest)
}{
	{"batches are events", batchesAreEvents},
	{"an ended context ends Read", anEndedContextEndsRead},
	{"a cancelled context ends Read", aCancelledContextEndsRead},
	{"an error skips nothing", anErrorSkipsNothing},
	{"what was not taken comes again", whatWasNotTakenComesAgain},
	{"rejected events stop nothing", rejectedEventsStopNothing},
	{"no writer ends Read", noWriterEndsRead},
}

// errAway is what emit says while the fake pipeline takes nothing.
var errAway = errors.New("eventstest: the writer is away")

// takes decides what becomes of the call-th call of emit, from 0. It may be called from many goroutines.
type takes func(ctx context.Context, call int, batch []events.Event) ([]events.Rejection, error)

// reading is one Read under way.
type reading struct {
	t        testing.TB
	patience time.Duration
	leaks    goleak.Option
	take     takes
	cancel   context.CancelFunc
	ended    chan struct{} // closed when Read has returned
	err      error         // of Read; once ended is closed
	moved    chan struct{} // holds one after each call of emit

	mu       sync.Mutex
	returned bool // Read has
	calls    int
	emitted  map[uuid.UUID]int // how often each event was emitted
	taken    map[uuid.UUID]int // how often each event was taken
	lost     []uuid.UUID       // what emit has returned with an error
}

// read starts a Read of the source.
func (r ReaderTest) read(ctx context.Context, t testing.TB, s Source, take takes) *reading {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	x := &reading{
		t: t, patience: cmp.Or(r.Patience, Patience), leaks: goleak.IgnoreCurrent(), take: take, cancel: cancel,
		ended: make(chan struct{}), moved: make(chan struct{}, 1),
		emitted: map[uuid.UUID]int{}, taken: map[uuid.UUID]int{},
	}
	reader := s.Open(t)
	go func() {
		defer close(x.ended)
		x.err = reader.Read(ctx, x.emit)
		x.mu.Lock()
		defer x.mu.Unlock()
		x.returned = true
	}()
	return x
}

// emit is the fake pipeline.
func (x *reading) emit(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	call := x.begin(batch)
	rejected, err := x.take(ctx, call, batch)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.returned {
		x.t.Errorf("emit was under way when Read had returned")
	}
	for _, e := range batch {
		if err == nil {
			x.taken[e.ID()]++
		} else {
			x.lost = append(x.lost, e.ID())
		}
	}
	select {
	case x.moved <- struct{}{}:
	default:
	}
	return rejected, err
}

// begin looks at what is emitted.
func (x *reading) begin(batch []events.Event) (call int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(batch) == 0 {
		x.t.Errorf("emit was called with an empty batch")
	}
	for i, e := range batch {
		x.emitted[e.ID()]++
		if _, err := Catalog(x.t).Parse(e.JSON()); err != nil {
			x.t.Errorf("emit was called with a batch of %d whose event %d is none: %v", len(batch), i, err)
		}
	}
	x.calls++
	return x.calls - 1
}

// tookLost tells whether emit has returned with an error, and all events of such calls were taken later. The
// caller holds mu.
func (x *reading) tookLost() bool {
	for _, id := range x.lost {
		if x.taken[id] == 0 {
			return false
		}
	}
	return len(x.lost) > 0
}

// called tells whether emit was called that often. The caller holds mu.
func (x *reading) called(times int) func() bool { return func() bool { return x.calls >= times } }

// until waits for something that calls of emit bring about, or for the end of Read. It tells whether it came.
func (x *reading) until(f func() bool) bool {
	deadline := time.After(x.patience)
	for {
		came, over := x.looks(f)
		if came || over {
			return came
		}
		select {
		case <-x.moved:
		case <-x.ended:
		case <-time.After(10 * time.Millisecond): // a call that has begun
		case <-deadline:
			return false
		}
	}
}

// looks asks f, and whether Read had returned before.
func (x *reading) looks(f func() bool) (came, over bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return f(), x.returned
}

// end waits for the end of Read and looks at what is left of it. It tells whether the end came soon.
func (x *reading) end(why string) bool {
	x.t.Helper()
	select {
	case <-x.ended:
	case <-time.After(x.patience):
		x.t.Errorf("Read did not return within %v of %s", x.patience, why)
		return false
	}
	if err := unhurried.Leak(x.patience, x.leaks); err != nil {
		x.t.Errorf("after Read: %v", err)
	}
	return true
}

// endWell is end, and the error of Read must be nil.
func (x *reading) endWell(why string) {
	x.t.Helper()
	if x.end(why) && x.err != nil {
		x.t.Errorf("Read: %v, want no error after %s", x.err, why)
	}
}
