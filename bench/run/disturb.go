//go:build linux

package main

import (
	"context"
	"os"
	"syscall"
	"time"
)

// disturbance is what happens while uptimer runs. It returns the time from which the run is judged, or the zero time
// for the usual. It is over when it returns.
type disturbance func(ctx context.Context, b *bench, s scenario, p *process, events *reading) (time.Time, error)

// stopped stops the process for 5 s.
func stopped(ctx context.Context, _ *bench, s scenario, p *process, _ *reading) (time.Time, error) {
	if err := sleep(ctx, s.interval+5*time.Second); err != nil {
		return time.Time{}, err
	}
	if err := p.Process.Signal(syscall.SIGSTOP); err != nil {
		return time.Time{}, err
	}
	err := sleep(ctx, 5*time.Second)
	_ = p.Process.Signal(syscall.SIGCONT)
	return time.Time{}, err
}

// busy keeps two threads busy for 15 s.
func busy(ctx context.Context, b *bench, s scenario, _ *process, _ *reading) (time.Time, error) {
	if err := sleep(ctx, s.interval+5*time.Second); err != nil {
		return time.Time{}, err
	}
	p, err := startProcess(ctx, "busy", os.DevNull, nil, b.self, "busy")
	if err != nil {
		return time.Time{}, err
	}
	err = sleep(ctx, 15*time.Second)
	_ = p.Process.Kill()
	_ = p.Wait()
	return time.Time{}, err
}

// beBusy computes nothing, on two threads, until it is killed.
func beBusy(context.Context, []string) error {
	for range 2 {
		go func() {
			for {
				_ = len(os.Args)
			}
		}()
	}
	select {}
}

// paused reads no events for 10 s.
func paused(ctx context.Context, _ *bench, s scenario, _ *process, events *reading) (time.Time, error) {
	if err := sleep(ctx, s.interval+5*time.Second); err != nil {
		return time.Time{}, err
	}
	events.pause.Lock()
	defer events.pause.Unlock()
	return time.Time{}, sleep(ctx, 10*time.Second)
}

// relieved begins with four times as many targets, and judges the run from the third interval after the change.
func relieved(ctx context.Context, b *bench, s scenario, p *process, _ *reading) (time.Time, error) {
	if err := sleep(ctx, 15*time.Second); err != nil {
		return time.Time{}, err
	}
	if err := os.WriteFile(b.path("targets.csv"), s.list(s.targets()), 0o600); err != nil {
		return time.Time{}, err
	}
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(2 * s.interval), nil
}
