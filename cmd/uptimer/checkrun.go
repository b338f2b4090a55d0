package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/probes"
)

// maxAtOnce bounds the checks in flight: more would measure this machine and not the targets.
const maxAtOnce = 32

// checking is URLs that are ready to be checked once.
type checking struct {
	probes  probes.Set
	entries []probes.Entry
	unable  map[string]error // why a protocol cannot be checked here; nil: it can
	notes   []string
	catalog *events.Catalog
	where   probes.Where
	atOnce  int
}

// outcome is what became of a check: an event, or why there is none.
type outcome struct {
	event events.Event
	err   error
}

// answer checks everything and prints each answer as soon as it and those before it are there. Its error holds the
// exit code. All goroutines are gone when it returns.
func (c *checking) answer(ctx context.Context, p *printer, progress *progress) error {
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pulse := probes.NewPulse()
	running.Go(func() { pulse.Run(ctx) })
	progress.begin(len(c.entries))
	running.Go(func() { progress.run(ctx) })
	outcomes := make([]chan outcome, len(c.entries))
	for i := range outcomes {
		outcomes[i] = make(chan outcome, 1)
	}
	running.Go(func() { c.checkAll(ctx, pulse, outcomes, progress) })

	worst := exitDone
	for i, e := range c.entries {
		o := <-outcomes[i]
		if ctx.Err() != nil || errors.Is(o.err, context.Canceled) {
			return exitCode{exitInterrupted, ""}
		}
		var code int
		var err error
		progress.aside(func() { code, err = p.print(*e.Target, o) })
		if err != nil {
			return exitCode{exitNoCheck, "printing the answer: " + oneLine(err)}
		}
		worst = max(worst, code)
	}
	if worst == exitDone {
		return nil
	}
	return exitCode{worst, ""}
}

// checkAll makes all checks, some at the same time, and gives each its outcome.
func (c *checking) checkAll(ctx context.Context, pulse *probes.Pulse, outcomes []chan outcome, progress *progress) {
	var running sync.WaitGroup
	defer running.Wait()
	places := make(chan struct{}, c.atOnce)
	for i, e := range c.entries {
		places <- struct{}{}
		running.Go(func() {
			outcomes[i] <- c.check(ctx, pulse, e)
			progress.finished()
			<-places
		})
	}
}

// check makes one check and its event.
func (c *checking) check(ctx context.Context, pulse *probes.Pulse, e probes.Entry) (o outcome) {
	if o.err = c.unable[e.Target.Protocol()]; o.err != nil {
		return o
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, e.Target.Timeout)
	defer cancel()
	result, err := probes.Guarded(ctx, pulse, began, e.Check)
	if err != nil {
		return outcome{err: err}
	}
	o.event, err = probes.NewEvent(c.catalog, c.where, *e.Target, began, result)
	if err != nil {
		o.err = &probes.OwnFault{Cause: probes.CauseInternal, Err: err}
	}
	return o
}

// close ends what the checks and probes hold open.
func (c *checking) close() error {
	var errs []error
	for _, e := range c.entries {
		if closer, ok := e.Check.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	return errors.Join(append(errs, c.probes.Close())...)
}
