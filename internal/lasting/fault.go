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
// is ready. Where the Log is one of Together, the fault is one with those of the others.
type Fault struct {
	Log   *slog.Logger
	Level slog.Level // of the lines while it lasts
	Began string     // the line when it begins, and while it lasts
	Ended string     // the line when it ends

	mu     sync.Mutex
	met    bool      // it is there
	last   time.Time // when it happened
	course *course   // nil until it happens
}

// Happened takes note that the fault is there. args are for the log line, if there is one.
func (f *Fault) Happened(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.course == nil {
		f.course = courseOf(f)
	}
	f.last = time.Now()
	f.course.happened(f, !f.met, args)
	f.met = true
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
	if f.met {
		f.met = false
		f.course.ended(f, at)
	}
}

// course is how a fault goes on in the log, from when the first meets it until the last does not.
type course struct {
	log *slog.Logger

	mu    sync.Mutex
	met   int // by so many Faults
	since time.Time
	said  time.Time
	times int
}

func (c *course) happened(f *Fault, begins bool, args []any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if begins {
		c.met++
	}
	c.times++
	switch now := f.last; {
	case begins && c.met == 1:
		c.since, c.said = now, now
		c.log.Log(context.Background(), f.Level, f.Began, args...)
	case now.Sub(c.said) >= every:
		c.said = now
		args = append(slices.Clip(args), "for", now.Sub(c.since).Round(time.Second), "times", c.times)
		c.log.Log(context.Background(), f.Level, f.Began, args...)
	}
}

func (c *course) ended(f *Fault, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.met--; c.met == 0 {
		c.log.Info(f.Ended, "after", at.Sub(c.since).Round(time.Millisecond), "times", c.times)
		c.times = 0
	}
}
