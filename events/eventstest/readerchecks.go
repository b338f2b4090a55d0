package eventstest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
)

// takeAll is a writer that stores everything.
func takeAll(context.Context, int, []events.Event) ([]events.Rejection, error) { return nil, nil }

// away is a writer that fails at the calls from first to last and stores everything else.
func away(first, last int) takes {
	return func(_ context.Context, call int, _ []events.Event) ([]events.Rejection, error) {
		if call >= first && call <= last {
			return nil, errAway
		}
		return nil, nil
	}
}

// hang is a writer that does not answer from one call on. As in the pipeline, a call that waits ends with its own
// context, or when the grace is over.
func hang(first int, grace <-chan struct{}) takes {
	return func(ctx context.Context, call int, _ []events.Event) ([]events.Rejection, error) {
		if call < first {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-grace:
			return nil, errAway
		}
	}
}

// stop tells a reader to stop, whose emit hangs, and ends the grace a little later.
func (x *reading) stop(grace chan<- struct{}) {
	x.cancel()
	time.AfterFunc(min(x.patience/4, time.Second), func() { close(grace) })
}

// all lets the reader emit all there is, or two batches if there is no end, and ends it.
func (r ReaderTest) all(x *reading) {
	x.t.Helper()
	if r.Endless {
		x.until(x.called(2))
		x.cancel()
	}
	x.endWell("the end of the source")
	if came, _ := x.looks(x.called(2)); !came {
		x.t.Errorf("emit was called less than twice; the source has two batches or more")
	}
}

// batchesAreEvents: each batch holds valid events and is no empty call, what was taken is not emitted again, and
// Read ends without an error when the source is exhausted.
func batchesAreEvents(t testing.TB, r ReaderTest) {
	x := r.read(context.Background(), t, r.New(t), takeAll)
	r.all(x)
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, n := range x.emitted {
		if n > 1 {
			t.Errorf("event %v was emitted %d times although it was taken", id, n)
		}
	}
}

// anEndedContextEndsRead: Read with a context that has ended returns soon, and that is no error.
func anEndedContextEndsRead(t testing.TB, r ReaderTest) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.read(ctx, t, r.New(t), takeAll).endWell("the end of its context")
}

// aCancelledContextEndsRead: Read returns soon after its context is cancelled, without an error, whether emit takes
// everything or hangs.
func aCancelledContextEndsRead(t testing.TB, r ReaderTest) {
	x := r.read(context.Background(), t, r.New(t), takeAll)
	x.until(x.called(1))
	x.cancel()
	x.endWell("the end of its context")

	grace := make(chan struct{})
	x = r.read(context.Background(), t, r.New(t), hang(0, grace))
	if !x.until(x.called(1)) {
		t.Errorf("emit was not called within %v", x.patience)
	}
	x.stop(grace)
	x.endWell("the end of its context")
}

// anErrorSkipsNothing: when emit fails, Read ends with an error or emits the same events again. It never goes on as
// if they were stored.
func anErrorSkipsNothing(t testing.TB, r ReaderTest) {
	if r.Fleeting {
		return
	}
	for at := range 2 {
		x := r.read(context.Background(), t, r.New(t), away(at, at))
		cameAgain := x.until(x.tookLost)
		x.cancel()
		if x.end("the end of its context") && !cameAgain && x.err == nil {
			t.Errorf("emit failed at call %d; Read ended without an error, but the %d events did not come again", at+1, len(x.lost))
		}
	}
}

// whatWasNotTakenComesAgain: what emit has not taken is not acknowledged to the source, so the next reader of the
// source emits it. So it is when emit failed, and when the process was told to stop while emit hung.
func whatWasNotTakenComesAgain(t testing.TB, r ReaderTest) {
	if !r.Redelivers {
		return
	}
	source := r.New(t)
	x := r.read(context.Background(), t, source, away(1, 1e9))
	x.until(x.called(2))
	x.cancel()
	r.comesAgain(x, source, "emit failed")

	source = r.New(t)
	grace := make(chan struct{})
	x = r.read(context.Background(), t, source, hang(1, grace))
	x.until(x.called(2))
	x.stop(grace)
	r.comesAgain(x, source, "emit hung until the end")
}

// comesAgain ends x and reads what it has lost with another reader.
func (r ReaderTest) comesAgain(x *reading, s Source, when string) {
	x.t.Helper()
	if !x.end("the end of its context") {
		return
	}
	next := r.read(context.Background(), x.t, s, takeAll)
	next.lost = x.lost
	if !next.until(next.tookLost) {
		x.t.Errorf("%s: the next reader does not emit the %d events that were not taken: they were acknowledged", when, len(x.lost))
	}
	next.cancel()
	next.endWell("the end of its context")
}

// rejectedEventsStopNothing: a rejected event is the reader's to answer for, and does not stop the others.
func rejectedEventsStopNothing(t testing.TB, r ReaderTest) {
	r.all(r.read(context.Background(), t, r.New(t), func(_ context.Context, call int, batch []events.Event) (all []events.Rejection, err error) {
		for i := range batch {
			all = append(all, events.Rejection{Index: i, Reason: fmt.Errorf("eventstest: refused at call %d", call)})
		}
		return all, nil
	}))
}

// noWriterEndsRead: when nothing will ever be stored again, Read ends; its error, if it has one, says why.
func noWriterEndsRead(t testing.TB, r ReaderTest) {
	if r.Fleeting {
		return // the pipeline cancels its context
	}
	x := r.read(context.Background(), t, r.New(t), func(context.Context, int, []events.Event) ([]events.Rejection, error) {
		return nil, events.ErrWriterGone
	})
	if x.end("the end of the writer") && x.err != nil && !errors.Is(x.err, events.ErrWriterGone) {
		t.Errorf("Read: %v, want an error that Is events.ErrWriterGone, or none", x.err)
	}
}
