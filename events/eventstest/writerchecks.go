package eventstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// limitsAreSane: the pipeline can make pages of these limits that hold something, soon, and fit in memory.
func limitsAreSane(t testing.TB, w WriterTest) {
	o := w.open(t)
	defer o.close()
	n, bytes, age := o.writer.Limits()
	if n < 1 || n > 1e6 {
		t.Errorf("Limits: %d events, want 1 to 1,000,000", n)
	}
	if bytes < 1 || bytes > 256<<20 {
		t.Errorf("Limits: %d bytes, want 1 to 256 MiB", bytes)
	}
	if age < 0 || age > time.Hour {
		t.Errorf("Limits: an event waits %v, want 0 to 1h", age)
	}
}

// acknowledgedIsStored: when Write has returned, the events are in the destination, not in the writer.
func acknowledgedIsStored(t testing.TB, w WriterTest) {
	o := w.open(t)
	var all []events.Event
	for _, n := range []int{1, 10, 250} {
		batch := append(Dummies(t, n), Checks(t, n)...)
		batch = append(batch, Example(t, "HTTPProbeEvent"), Example(t, "ICMPProbeEvent"))
		o.writeAll(batch)
		all = append(all, batch...)
		o.holds("after Write", true, all...)
	}
	o.close()
	o.holds("after Close", true, all...)
}

// eventsOfAnySize: an event may be as large as events are, whatever the limits are.
func eventsOfAnySize(t testing.TB, w WriterTest) {
	o := w.open(t)
	defer o.close()
	for _, size := range []int{1 << 10, 100 << 10, events.MaxBytes} {
		e := Large(t, size)
		o.writeAll([]events.Event{e})
		o.holds("after Write", true, e)
	}
}

// theSliceIsReused: the writer keeps nothing of the slice that it was given.
func theSliceIsReused(t testing.TB, w WriterTest) {
	o := w.open(t)
	first, second := Dummies(t, 20), Dummies(t, 20)
	page := slices.Clone(first)
	o.writeAll(page)
	copy(page, second)
	o.writeAll(page)
	clear(page)
	o.close()
	o.holds("after two pages in one slice", true, append(first, second...)...)
}

// storedTwiceIsThereOnce: a page that is written again, in whole or in part, makes no second copy.
func storedTwiceIsThereOnce(t testing.TB, w WriterTest) {
	if !w.Once {
		return
	}
	o := w.open(t)
	defer o.close()
	batch := append(Dummies(t, 20), Checks(t, 20)...)
	o.writeAll(batch)
	o.writeAll(batch)
	o.writeAll(batch[10:30])
	o.holds("after three times", true, batch...)
	twice := Dummies(t, 1)
	o.writeAll([]events.Event{twice[0], batch[0], twice[0]})
	o.holds("twice in one page", true, append(twice, batch...)...)
}

// rejectionsAreHonest: what can never be stored is rejected by its place, and nothing else is.
func rejectionsAreHonest(t testing.TB, w WriterTest) {
	o := w.open(t)
	defer o.close()
	good := append(Dummies(t, 5), Checks(t, 5)...)
	if o.Refused == nil {
		o.writeAll(good)
		o.holds("after Write", true, good...)
		return
	}
	var batch []events.Event
	var want []int
	for i, e := range o.Refused(t) {
		batch = append(batch, good[i%len(good)])
		want = append(want, len(batch))
		batch = append(batch, e)
	}
	kept := min(len(want), len(good))
	batch = append(batch, good[kept:]...)
	for range 2 { // also when the page is tried again
		if rejected := o.write(batch); !slices.Equal(rejected, want) {
			t.Errorf("Write: rejected %v, want %v", rejected, want)
		}
	}
	o.holds("beside rejected events", w.Once, good...)
	stored := o.Stored(t)
	for _, i := range want {
		if slices.Contains(stored, batch[i].ID()) {
			t.Errorf("event %d was rejected, but is stored", i)
		}
	}
}

// writeObeysItsContext: Write returns when its context ends, also when the destination takes nothing. What it did
// not acknowledge can be written again and is there once afterwards.
func writeObeysItsContext(t testing.TB, w WriterTest) {
	o := w.open(t)
	defer o.close()
	early := Dummies(t, 10)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if o.attempt(over, "Write with an ended context", early) == nil {
		o.holds("after Write with an ended context", true, early...)
	}
	o.writeAll(early)
	batch := Dummies(t, 1000)
	if o.Stall != nil {
		release := o.Stall(t)
		o.stalledWrite(batch)
		o.stalledWrite(batch)
		release()
	}
	o.writeAll(batch)
	o.holds("after the destination takes again", true, append(batch, early...)...)
}

// errNoReturn is the error of an attempt that did not return.
var errNoReturn = errors.New("did not return")

// attempt is a Write that may fail because its context ends, but not because the destination would be gone.
func (o *opened) attempt(ctx context.Context, what string, batch []events.Event) (err error) {
	o.t.Helper()
	answer := make(chan error, 1)
	if !o.soon(what, func() {
		_, err := o.writer.Write(ctx, batch)
		answer <- err
	}) {
		return errNoReturn
	}
	if err = <-answer; errors.Is(err, events.ErrWriterGone) {
		o.t.Errorf("%s: %v, but the destination is there", what, err)
	}
	return err
}

// stalledWrite is a Write to a destination that takes nothing.
func (o *opened) stalledWrite(batch []events.Event) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if o.attempt(ctx, "Write to a stalled destination", batch) == nil {
		o.t.Errorf("Write has acknowledged what the destination did not take")
	}
}

// closeObeysItsContext: Close gives up what is not taken when its context ends, and returns.
func closeObeysItsContext(t testing.TB, w WriterTest) {
	o := w.open(t)
	release := func() {}
	if o.Stall != nil {
		release = o.Stall(t)
		o.stalledWrite(Dummies(t, 1000))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	o.soon("Close", func() {
		if err := o.writer.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
	})
	release()
	if err := unhurried.Leak(o.patience, o.leaks); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

// noGoroutineIsLeft: what the writer started is gone when Close has returned.
func noGoroutineIsLeft(t testing.TB, w WriterTest) {
	o := w.open(t)
	for range 3 {
		o.writeAll(Dummies(t, 50))
	}
	o.close()
	if err := unhurried.Leak(o.patience, o.leaks); err != nil {
		t.Errorf("after Close: %v", err)
	}
}
