package probes

import (
	"context"
	"slices"
	"sync"
	"time"
)

// checkContext is the context of one check. It does what context.WithTimeout would give, but has no timer until
// somebody asks for Done, and no place in a list that all checks share and lock: those took a twentieth of a check.
// Who made it calls end, also when its parent ends.
type checkContext struct {
	context.Context // the scheduler's
	deadline        time.Time

	mu    sync.Mutex
	err   error
	done  chan struct{}
	timer *time.Timer
	after []*func()
}

func newCheckContext(parent context.Context, timeout time.Duration) *checkContext {
	return &checkContext{Context: parent, deadline: time.Now().Add(timeout)}
}

// Deadline is the end of the check.
func (c *checkContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Err is why it has ended, nil if it has not.
func (c *checkContext) Err() error {
	if !time.Now().Before(c.deadline) {
		c.end(context.DeadlineExceeded)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Done is closed at the end.
func (c *checkContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		} else {
			c.timer = time.AfterFunc(time.Until(c.deadline), func() { c.end(context.DeadlineExceeded) })
		}
	}
	return c.done
}

// AfterFunc is what package context asks for, having asked for Done before. Without that, f is not called when the
// deadline comes, unless somebody else looks: who needs no timer calls it directly.
func (c *checkContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	entry := &f
	c.after = append(c.after, entry)
	return func() bool { return c.forget(entry) }
}

// forget tells whether a function was still to be called.
func (c *checkContext) forget(entry *func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.after, entry)
	if i >= 0 {
		c.after = slices.Delete(c.after, i, i+1)
	}
	return i >= 0
}

// end ends it, unless it has ended.
func (c *checkContext) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = why
	if c.done != nil {
		close(c.done)
		c.timer.Stop()
	}
	for _, f := range c.after {
		go (*f)()
	}
	c.after = nil
}

// afterCancel calls f when ctx is cancelled, and maybe when its deadline comes. It is context.AfterFunc for those who
// keep to the deadline by themselves.
func afterCancel(ctx context.Context, f func()) (stop func() bool) {
	if c, ok := ctx.(*checkContext); ok {
		return c.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}
