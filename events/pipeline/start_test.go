package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// startWriter is a writer that looks at its destination first.
type startWriter struct {
	*fakeWriter
	start func(ctx context.Context) error
}

func (w startWriter) Start(ctx context.Context) error { return w.start(ctx) }

var errPassword = errors.New("wrong password")

// run is Run in the background, of a reader that emits for as long as it may.
func runWith(t *testing.T, ctx context.Context, r events.Reader, w events.Writer) chan error { //nolint:revive // t comes first in tests
	t.Helper()
	result := make(chan error, 1)
	go func() {
		result <- Run(ctx, readers(r), sinks(w, "w", nil), Config{Grace: 8 * time.Second, Log: slog.New(slog.DiscardHandler)})
	}()
	return result
}

// If this fails, a wrong password at the start does not end the program, or is said twice, or not at all.
func TestARefusedStartEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, idle := range []bool{true, false} {
			w := startWriter{newWriter(t, 3, far), func(context.Context) error {
				time.Sleep(time.Second)
				return errPassword
			}}
			r := &emitting{batch: some(t, 0, 2), idle: idle}
			err := <-runWith(t, t.Context(), r, w)
			if !errors.Is(err, errPassword) || strings.Count(err.Error(), "wrong password") != 1 || strings.Contains(err.Error(), "reading") {
				t.Errorf("idle %v: Run: %v, want the error of Start, once", idle, err)
			}
			if len(w.all()) > 0 || w.closes != 1 {
				t.Errorf("idle %v: %d writes, %d closes", idle, len(w.all()), w.closes)
			}
		}
	})
}

// If this fails, events are written before the destination was looked at, or those that came before are lost.
func TestEventsWaitForTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ready := false
		w := startWriter{newWriter(t, 3, 0), func(context.Context) error {
			time.Sleep(time.Hour)
			ready = true
			return nil
		}}
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			if !ready {
				t.Error("Write before Start has returned")
			}
			return nil, nil
		}
		r := &emitting{batch: some(t, 0, 2)}
		if err := <-runWith(t, t.Context(), r, w); err != nil || r.err != nil || len(w.all()) != 1 {
			t.Errorf("Run: %v, emit: %v, %d writes", err, r.err, len(w.all()))
		}
	})
}

// If this fails, SIGTERM takes the whole grace while a destination is away and there is nothing to write to it.
func TestAStartThatWaitsIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := startWriter{newWriter(t, 3, far), func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		result := runWith(t, ctx, &emitting{idle: true}, w)
		time.Sleep(time.Hour)
		cancel()
		began := time.Now()
		if err := <-result; err != nil || time.Since(began) > time.Second {
			t.Errorf("Run: %v after %v, want no error at once", err, time.Since(began))
		}
	})
}

// If this fails, a writer that may not write, and never could, is asked again for ever.
func TestARefusedWriteEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 3, 0)
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			return nil, errors.Join(events.ErrRefused, errPassword)
		}
		err := <-runWith(t, t.Context(), &emitting{batch: some(t, 0, 2)}, w)
		if !errors.Is(err, errPassword) || len(w.all()) != 1 {
			t.Errorf("Run: %v after %d writes, want the error after one", err, len(w.all()))
		}
	})
}

// If this fails, a consumer of Kafka that is told to stop while the database is away ends with an error and a number
// of lost events, although none is lost.
func TestWhatComesAgainIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, redelivers := range []bool{true, false} {
			ctx, cancel := context.WithCancel(t.Context())
			w := newWriter(t, 3, far)
			w.do = away
			r := &emitting{batch: some(t, 0, 2), redelivers: redelivers}
			result := runWith(t, ctx, r, w)
			time.Sleep(time.Second)
			cancel()
			err := <-result
			if redelivers && err != nil {
				t.Errorf("Run: %v, want no error", err)
			}
			if !redelivers {
				wantGivenUp(t, err, 2)
			}
			if r.err == nil {
				t.Error("emit has acknowledged what was not written")
			}
		}
	})
}

// If this fails, a source with several batches under way cannot keep their order.
func TestABatchSaysWhenItIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, in := soleQueue(10, large, far)
		queued := 0
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = in.emit(events.OnQueued(ctx, func() { queued = q.events }), some(t, 0, 2)) }()
		synctest.Wait()
		if queued != 2 {
			t.Errorf("%d events had their place, want 2", queued)
		}
		cancel()
	})
}

// emitting is a reader that emits one batch, until it is taken, and then waits if it is idle.
type emitting struct {
	batch      []events.Event
	idle       bool
	redelivers bool
	err        error
}

func (r *emitting) Redelivers() bool { return r.redelivers }

func (r *emitting) Read(ctx context.Context, emit events.Emit) error {
	if r.idle {
		<-ctx.Done()
		return nil
	}
	_, r.err = emit(context.WithoutCancel(ctx), r.batch)
	return r.err
}
