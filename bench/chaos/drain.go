//go:build linux

package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	drainWithin = 4 * time.Minute
	lookAgain   = 250 * time.Millisecond
)

// drain ends the producers, waits until the consumers have committed all that lies on the topic, and ends them.
func (e *experiment) drain(ctx context.Context) error {
	for _, p := range e.processes() { // some may have died
		if err := p.start(); err != nil {
			return err
		}
	}
	if err := rest(ctx, lookAgain); err != nil {
		return err
	}
	e.say.line("the producers are ended")
	e.endAll(e.producers)
	if err := e.keepUp(ctx, 0, drainWithin); err != nil {
		return err
	}
	e.say.line("the consumers have committed everything")
	e.endAll(e.consumers)
	return ctx.Err()
}

// endAll ends processes that have nothing in their way: their exit code is 0.
func (e *experiment) endAll(list []*process) {
	var all sync.WaitGroup
	for _, p := range list {
		all.Go(func() {
			if err := p.terminate(0); err != nil {
				e.failed(err.Error())
			}
		})
	}
	all.Wait()
}

// keepUp waits until the consumers are not further behind than so many messages.
func (e *experiment) keepUp(ctx context.Context, behind int64, within time.Duration) error {
	return wait(ctx, within, func(ctx context.Context) error {
		lag, err := e.lag(ctx)
		if err == nil && lag > behind {
			err = fmt.Errorf("the consumers are %d messages behind", lag)
		}
		return err
	})
}

// shareOut waits until each consumer has partitions.
func (e *experiment) shareOut(ctx context.Context, within time.Duration) error {
	return wait(ctx, within, func(ctx context.Context) error {
		n, err := e.cluster.owners(ctx, e.name)
		if err == nil && n != consumers {
			err = fmt.Errorf("%d consumers have partitions, want %d", n, consumers)
		}
		return err
	})
}

// wait calls until there is no error, at most for a while.
func wait(ctx context.Context, within time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if rest(ctx, lookAgain) != nil {
			return fmt.Errorf("waited for %v: %w", within, err)
		}
	}
}

func (e *experiment) lag(ctx context.Context) (behind int64, err error) {
	ends, err := e.cluster.ends(ctx, e.name, partitions)
	if err != nil {
		return 0, err
	}
	committed, err := e.cluster.committed(ctx, e.name, e.name, partitions)
	if err != nil {
		return 0, err
	}
	for p := range ends {
		behind += ends[p] - committed[p]
	}
	return behind, nil
}
