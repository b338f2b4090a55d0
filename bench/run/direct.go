//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// bareTime is how long a bare client is run at most: what it takes does not change.
const bareTime = 20 * time.Second

// bareSettles is when it has its workers.
const bareSettles = 3 * time.Second

// bare runs a bare client of a kind.
func (b *bench) bare(ctx context.Context, s scenario, kind string) (c cost, err error) {
	f, err := b.farm(ctx, s)
	if err != nil {
		return c, err
	}
	p, err := startProcess(ctx, "bare", filepath.Join(b.out, kind+"-bare.log"), nil, b.self, "bare", "-kind", kind,
		"-rate", fmt.Sprint(s.rate), "-targets", b.path("targets.txt"), "-roots", b.path("cert.pem"))
	if err != nil {
		return c, err
	}
	counts := make(chan string, 1) // the newest
	go func() {
		defer close(counts)
		for lines := bufio.NewScanner(p.stdout); lines.Scan(); {
			select {
			case <-counts:
			default:
			}
			counts <- lines.Text()
		}
	}()
	w := window{time.Now().Add(bareSettles), time.Now().Add(min(s.duration, bareTime))}
	c, err = watch(ctx, p, w, func() (done, failed int, err error) {
		_, err = fmt.Sscan(<-counts, new(int64), &done, &failed)
		return done, failed, err
	})
	_, failed := f.close()
	return c, errors.Join(err, p.stop(), failed)
}

// watch measures what a process takes over a window.
func watch(ctx context.Context, p *process, w window, count func() (done, failed int, err error)) (c cost, err error) {
	if err := sleep(ctx, time.Until(w.from)); err != nil {
		return c, err
	}
	done, failed, uncounted := count()
	before, err := p.usage()
	if err := errors.Join(err, uncounted, sleep(ctx, time.Until(w.to))); err != nil {
		return c, err
	}
	doneAfter, failedAfter, uncounted := count()
	after, err := p.usage()
	return cost{
		checks: doneAfter - done, failed: failedAfter - failed,
		cpu: after.cpu - before.cpu, window: after.at.Sub(before.at), usage: after,
	}, errors.Join(err, uncounted)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// direct runs uptimer with its events to standard output. It is judged from when it has found its rhythm, if no
// disturbance says otherwise.
func (b *bench) direct(ctx context.Context, s scenario, r *result) (err error) {
	targets := s.targets()
	if s.name == "relief" {
		targets *= 4
	}
	if err := os.WriteFile(b.path("targets.csv"), s.list(targets), 0o600); err != nil {
		return err
	}
	f, err := b.farm(ctx, s)
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := startProcess(ctx, "uptimer", filepath.Join(b.out, s.name+".log"), b.environment(s), b.binary)
	if err != nil {
		return err
	}
	events := readEvents(p.stdout)
	w := window{began.Add(s.settles()), began.Add(s.duration)}
	disturbed := make(chan error, 1)
	var from time.Time
	go func() {
		var err error
		if s.disturb != nil {
			from, err = s.disturb(ctx, b, s, p, events)
		}
		disturbed <- err
	}()
	r.uptimer, err = watch(ctx, p, w, func() (int, int, error) { return int(events.count.Load()), 0, nil })
	var uncounted error
	r.counters, uncounted = scrape(ctx, metricsAddress)
	err = errors.Join(err, uncounted, <-disturbed, p.stopAfter(events))
	records, failed := f.close()
	list, unread := events.wait()
	if err := errors.Join(err, failed, unread); err != nil {
		return err
	}
	if !from.IsZero() {
		w.from = from
	}
	w.to = w.to.Add(-aside)
	r.first = events.first.Sub(began)
	r.judge(s, list, records, w)
	return nil
}

// environment is what uptimer is told.
func (b *bench) environment(s scenario) []string {
	env := []string{"PROBE_TARGETS_FILE=" + b.path("targets.csv"), "PROBE_INTERVAL=" + s.interval.String(), "LOG_FORMAT=json", "METRICS_ADDR=" + metricsAddress}
	switch s.kind {
	case "https":
		env = append(env, "PROBE_TLS_VERIFY="+b.path("cert.pem"))
	case "keepalive":
		env = append(env, "PROBE_KEEPALIVE=true")
	}
	return env
}
