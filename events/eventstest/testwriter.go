package eventstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// Patience is how long may take what should happen soon.
const Patience = unhurried.Patience

// Destination is where a writer stores, made anew for each test.
type Destination struct {
	// Open makes a writer to the destination. It is called once, and Close of the writer is called.
	Open func(t testing.TB) events.Writer
	// Stored lists the ids of the events that the destination holds, in any order, one as often as it is there.
	Stored func(t testing.TB) []uuid.UUID
	// Stall makes the destination take nothing until release is called. Nil if that cannot be had.
	Stall func(t testing.TB) (release func())
	// Refused are two events or more that the destination can never hold. Nil if it holds everything.
	Refused func(t testing.TB) []events.Event
}

// WriterTest is what TestWriter must know.
type WriterTest struct {
	// New makes an empty destination. What it starts is ended by t.Cleanup.
	New func(t testing.TB) Destination
	// Once says that an event stored twice is there once. A destination without identity, such as a terminal,
	// repeats what is written again after it was acknowledged.
	Once bool
	// Patience stands in for the constant if it is set.
	Patience time.Duration
}

// TestWriter holds a writer to the contract of events.Writer. It must not run beside tests that start goroutines.
func TestWriter(t *testing.T, w WriterTest) {
	for _, c := range writerChecks {
		t.Run(c.name, func(t *testing.T) { c.check(t, w) })
	}
}

var writerChecks = []struct {
	name  string
	check func(testing.TB, WriterTest)
}{
	{"limits are sane", limitsAreSane},
	{"acknowledged is stored", acknowledgedIsStored},
	{"events of any size", eventsOfAnySize},
	{"the slice is reused", theSliceIsReused},
	{"stored twice is there once", storedTwiceIsThereOnce},
	{"rejections are honest", rejectionsAreHonest},
	{"Write obeys its context", writeObeysItsContext},
	{"Close obeys its context", closeObeysItsContext},
	{"no goroutine is left", noGoroutineIsLeft},
}

// opened is a writer under test with its destination.
type opened struct {
	Destination
	t        testing.TB
	writer   events.Writer
	patience time.Duration
	leaks    goleak.Option
}

func (w WriterTest) open(t testing.TB) *opened {
	t.Helper()
	o := &opened{Destination: w.New(t), t: t, patience: w.Patience}
	if o.patience == 0 {
		o.patience = Patience
	}
	o.leaks = goleak.IgnoreCurrent()
	o.writer = o.Open(t)
	return o
}

// soon runs f and fails the test if it does not return soon. It tells whether it returned.
func (o *opened) soon(what string, f func()) bool {
	o.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return true
	case <-time.After(o.patience):
		o.t.Errorf("%s did not return within %v", what, o.patience)
		return false
	}
}

// write writes a batch that must be acknowledged, and returns the indices that were rejected.
func (o *opened) write(batch []events.Event) (rejected []int) {
	o.t.Helper()
	returned := o.soon("Write", func() {
		before := slices.Clone(batch)
		list, err := o.writer.Write(context.Background(), batch)
		if err != nil {
			o.t.Errorf("Write of %d events: %v", len(batch), err)
		}
		if !slices.EqualFunc(before, batch, func(a, b events.Event) bool { return a.ID() == b.ID() }) {
			o.t.Errorf("Write has changed the batch")
		}
		for _, r := range list {
			if r.Index < 0 || r.Index >= len(batch) || slices.Contains(rejected, r.Index) {
				o.t.Errorf("Write of %d events: rejected index %d, want each once and from 0 to %d", len(batch), r.Index, len(batch)-1)
			}
			if r.Reason == nil {
				o.t.Errorf("Write: event %d is rejected without a reason", r.Index)
			}
			rejected = append(rejected, r.Index)
		}
	})
	if !returned {
		return nil
	}
	slices.Sort(rejected)
	return rejected
}

// writeAll writes a batch of which nothing may be rejected.
func (o *opened) writeAll(batch []events.Event) {
	o.t.Helper()
	if rejected := o.write(batch); len(rejected) > 0 {
		o.t.Errorf("Write of %d good events: rejected %v", len(batch), rejected)
	}
}

// close closes the writer.
func (o *opened) close() {
	o.t.Helper()
	o.soon("Close", func() {
		if err := o.writer.Close(context.Background()); err != nil {
			o.t.Errorf("Close: %v", err)
		}
	})
}

// holds fails the test unless the destination holds the events; with exactly, each once.
func (o *opened) holds(when string, exactly bool, batch ...events.Event) {
	o.t.Helper()
	times := map[uuid.UUID]int{}
	for _, id := range o.Stored(o.t) {
		times[id]++
	}
	for i, e := range batch {
		switch n := times[e.ID()]; {
		case n == 0:
			o.t.Errorf("%s: event %d of %d is not stored", when, i, len(batch))
			return
		case n > 1 && exactly:
			o.t.Errorf("%s: event %d of %d is stored %d times", when, i, len(batch), n)
			return
		}
	}
}
