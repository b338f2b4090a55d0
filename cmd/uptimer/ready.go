package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/metrics"
	"github.com/uptimer/uptimer/internal/setting"
)

// What makes /readyz turn within 10 s, either way.
const (
	// hangs is how long a write may take before the destination counts as not to be reached.
	hangs = 5 * time.Second
	// lookAgain is the time from one look at a source, or at a destination that nothing is written to, to the next.
	lookAgain = 3 * time.Second
	// lookTime is how long a look may take.
	lookTime = 4 * time.Second
)

// errNotFound is why a source or a destination is not ready in the beginning.
var errNotFound = errors.New("not found ready yet; the log says why if that lasts")

// watched is a writer that knows whether its destination can be reached.
type watched struct {
	events.Writer
	name   string // of its plugin
	mu     sync.Mutex
	began  time.Time // of the write under way; zero: there is none
	ended  time.Time // of the last one
	failed error     // of the last write, or of a look since
}

func newWatched(w events.Writer, name string) *watched {
	watched := &watched{Writer: w, name: name}
	if _, starts := w.(events.Starter); starts {
		watched.failed = errNotFound
	}
	return watched
}

// Start lets a writer look at its destination, if it is one that does, and takes note.
func (w *watched) Start(ctx context.Context) error {
	starter, ok := w.Writer.(events.Starter)
	if !ok {
		return nil
	}
	err := starter.Start(ctx)
	w.note(err)
	return err
}

// Write writes and takes note.
func (w *watched) Write(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	w.mu.Lock()
	w.began = time.Now()
	w.mu.Unlock()
	rejected, err := w.Writer.Write(ctx, batch)
	w.note(err)
	return rejected, err
}

// note takes note of how a start or a write has ended.
func (w *watched) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began, w.ended, w.failed = time.Time{}, time.Now(), err
}

// idle tells whether nothing was written lately, so that nobody knows whether that would work.
func (w *watched) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.began.IsZero() && !w.ended.IsZero() && time.Since(w.ended) >= lookAgain
}

// look asks an idle destination whether it is there.
func (w *watched) look(ctx context.Context) {
	looker, ok := w.Writer.(events.Looker)
	if !ok || !w.idle() {
		return
	}
	if err := looker.Look(ctx); w.idle() && ctx.Err() != context.Canceled {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failed = err
	}
}

// ready is an error while events cannot be written. A destination that was closed is not missed: either the others go
// on without it, or the process ends.
func (w *watched) ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case errors.Is(w.failed, events.ErrWriterGone):
		return nil
	case w.failed != nil:
		return fmt.Errorf("writer %s: events cannot be written: %s", w.name, setting.Redact(w.failed.Error()))
	case !w.began.IsZero() && time.Since(w.began) > hangs:
		return fmt.Errorf("writer %s: events cannot be written: a write has taken %s so far", w.name, time.Since(w.began).Round(time.Second))
	}
	return nil
}

// watchedSource knows whether what a reader reads from can be reached.
type watchedSource struct {
	looker events.Looker
	name   string // of its plugin
	mu     sync.Mutex
	failed error // of the last look
}

func newWatchedSource(looker events.Looker, name string) *watchedSource {
	return &watchedSource{looker: looker, name: name, failed: errNotFound}
}

// look asks the source whether it is there.
func (s *watchedSource) look(ctx context.Context) {
	err := s.looker.Look(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
}

// ready is an error while events cannot be read.
func (s *watchedSource) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		return nil
	}
	return fmt.Errorf("reader %s: events cannot be read: %s", s.name, setting.Redact(s.failed.Error()))
}

// keepLooking calls each function again and again until stop is called, which waits for those under way.
func keepLooking(looks []func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, look := range looks {
		all.Go(func() {
			for ctx.Err() == nil {
				once, done := context.WithTimeout(ctx, lookTime)
				look(once)
				done()
				select {
				case <-ctx.Done():
				case <-time.After(lookAgain):
				}
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// allReady is ready when all are. It says what is missing, a line each, also where several workers miss the same.
func allReady(all []metrics.Health) metrics.Health {
	return func() error {
		var missing []error
		seen := map[string]bool{}
		for _, ready := range all {
			if err := ready(); err != nil && !seen[err.Error()] {
				seen[err.Error()] = true
				missing = append(missing, err)
			}
		}
		return errors.Join(missing...)
	}
}
