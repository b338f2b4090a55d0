package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/metrics"
)

// remote is a destination, and a source, that may be away.
type remote struct {
	away  atomic.Bool
	looks atomic.Int32
}

func (r *remote) Look(ctx context.Context) error {
	r.looks.Add(1)
	if r.away.Load() { // without a word, as what is behind a broken line
		<-ctx.Done()
		return errors.New("no answer")
	}
	return nil
}

func (r *remote) Start(ctx context.Context) error { return r.Look(ctx) }

func (r *remote) Write(ctx context.Context, _ []events.Event) ([]events.Rejection, error) {
	return nil, r.Look(ctx)
}

func (*remote) Limits() (events, bytes int, age time.Duration) { return 1, 1, 0 }
func (*remote) Close(context.Context) error                    { return nil }

// If this failed, a load balancer or an alarm would not learn that database or broker are away, or back, while there is
// nothing to write; or would be told that all is well before the first connection. (Seen with no look at all: ready for
// ever, and with the writes alone: ready until the first event.)
func TestReadyFollowsWhatIsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &remote{}
		sink, origin := newWatched(r, "postgres"), newWatchedSource(r, "kafka")
		if sink.ready() == nil || origin.ready() == nil {
			t.Error("ready before anything was reached")
		}
		if err := sink.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		stop := keepLooking([]func(context.Context){sink.look, origin.look})
		defer stop()
		ready := allReady([]metrics.Health{sink.ready, origin.ready})
		synctest.Wait()
		for range 3 {
			if err := ready(); err != nil {
				t.Errorf("everything is there, but: %v", err)
			}
			r.away.Store(true)
			time.Sleep(10 * time.Second)
			if err := ready(); err == nil || !strings.Contains(err.Error(), "writer postgres: events cannot be written") ||
				!strings.Contains(err.Error(), "reader kafka: events cannot be read") {
				t.Errorf("both are away for 10 s, but ready says: %v", err)
			}
			r.away.Store(false)
			time.Sleep(10 * time.Second)
		}
	})
}

// A destination that is written to all the time should not be bothered with looks, and what a write says counts.
func TestWritesSayWhetherADestinationIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &remote{}
		sink := newWatched(r, "postgres")
		_ = sink.Start(t.Context())
		defer keepLooking([]func(context.Context){sink.look})()
		for range 20 {
			time.Sleep(time.Second)
			if _, err := sink.Write(t.Context(), nil); err != nil || sink.ready() != nil {
				t.Fatal(err, sink.ready())
			}
		}
		if n := r.looks.Load(); n != 21 {
			t.Errorf("%d looks, want those of the start and of 20 writes", n)
		}
		r.away.Store(true)
		writing, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() { _, _ = sink.Write(writing, nil) }()
		time.Sleep(hangs + time.Second)
		if err := sink.ready(); err == nil || !strings.Contains(err.Error(), "a write has taken 6s so far") {
			t.Errorf("a write hangs, but ready says: %v", err)
		}
	})
}
