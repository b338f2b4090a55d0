package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// exitInterrupted is the exit code after a second signal, as of a shell's Ctrl-C.
const exitInterrupted = 130

// sameSignal is how long further signals are taken for the first one: timeout(1) and some supervisors signal the process
// and then its whole group, which would end it at once, with what is in hand.
const sameSignal = 250 * time.Millisecond

// untilSignal returns a context that the first SIGTERM or SIGINT cancels. A second one, not at once but later, ends the
// process.
func untilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
			return
		}
		for first := time.Now(); time.Since(first) < sameSignal; {
			<-signals
		}
		os.Exit(exitInterrupted)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// reloads has a value for each SIGHUP, until stop. It is taken for the whole life of the process, because its default
// is to end it. Where the system has no such signal there is none.
func reloads() (hups <-chan struct{}, stop func()) {
	signals, out := make(chan os.Signal, 1), make(chan struct{}, 1)
	done := make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-signals:
			}
			select {
			case out <- struct{}{}:
			default:
			}
		}
	}()
	return out, func() { signal.Stop(signals); close(done) }
}
