// Package lasting says a fault that lasts in the log: one line when it begins, at most one a minute while it
// lasts, one when it ends.
package lasting

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// every is how often a fault that lasts is said again.
const every = time.Minute

// Fault is one thing that can go wrong for a while. It may be used from many goroutines. The zero value with a Log
// is ready.
type Fault struct {
	Log   *slog.Logger
	Level slog.Level // of the lines while it lasts
	Began string     // the line when it begins, and while it lasts
	Ended string     // the line when it ends

	mu    sync.Mutex
	since time.Time // zero: it is not there
	said  time.Time
	last  time.Time
	times int
}

// Happened takes note that the fault is there. args are for the log line, if there is one.
func (f *Fault) Happened(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.last = now
	f.times++
	switch {
	case f.since.IsZero():
		f.since, f.said = now, now
		f.Log.Log(context.Background(), f.Level, f.Began, args...)
	case now.Sub(f.said) >= every:
		f.said = now
		args = append(slices.Clip(args), "for", now.Sub(f.since).Round(time.Second), "times", f.times)
		f.Log.Log(context.Background(), f.Level, f.Began, args...)
	}
}

// Over takes note that the fault is not there.
func (f *Fault) Over() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end(time.Now())
}

// Quiet ends the fault if it did not happen for that long.
func (f *Fault) Quiet(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.last) >= d {
		f.end(f.last)
	}
}

func (f *Fault) end(at time.Time) {
	if f.since.IsZero() {
		return
	}
	f.Log.Info(f.Ended, "after", at.Sub(f.since).Round(time.Millisecond), "times", f.times)
	f.since, f.times = time.Time{}, 0
}
