package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/setting"
)

// hangs is how long a write may take before the destination counts as not to be reached.
const hangs = 5 * time.Second

// watched is a writer that knows whether its destination can be reached.
type watched struct {
	events.Writer
	mu     sync.Mutex
	began  time.Time // of the write under way; zero: there is none
	failed error     // of the last write
}

// Start lets a writer look at its destination, if it is one that does, and takes note.
func (w *watched) Start(ctx context.Context) error {
	starter, ok := w.Writer.(events.Starter)
	if !ok {
		return nil
	}
	w.note(time.Now(), nil, false)
	err := starter.Start(ctx)
	w.note(time.Time{}, err, true)
	return err
}

// Write writes and takes note.
func (w *watched) Write(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	w.note(time.Now(), nil, false)
	rejected, err := w.Writer.Write(ctx, batch)
	w.note(time.Time{}, err, true)
	return rejected, err
}

func (w *watched) note(began time.Time, err error, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began = began
	if over {
		w.failed = err
	}
}

// ready is an error while events cannot be written.
func (w *watched) ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.failed != nil:
		return fmt.Errorf("events cannot be written: %s", setting.Redact(w.failed.Error()))
	case !w.began.IsZero() && time.Since(w.began) > hangs:
		return fmt.Errorf("events cannot be written: a write has taken %s so far", time.Since(w.began).Round(time.Second))
	}
	return nil
}

// both is ready when source and sink are.
func both(source, sink func() error) func() error {
	return func() error { return errors.Join(source(), sink()) }
}
