//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// drain fills a topic with events of real checks, and then measures how fast a consumer stores them.
func (b *bench) drain(ctx context.Context, s scenario, r *result) (err error) {
	at, err := b.newPlace(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.remove()) }()
	if err := b.fill(ctx, s, at); err != nil {
		return err
	}
	d := &detour{}
	r.detour = d
	if d.onTopic, err = at.onTopic(ctx); err != nil {
		return err
	}
	d.checks, d.acknowledged = d.onTopic, d.onTopic // as the topic says: who has checked has ended
	// What the servers still do with what was just written should not be counted.
	if err := sleep(ctx, drainRests); err != nil {
		return err
	}
	return b.store(ctx, s, at, r)
}

const drainRests = 3 * time.Second

// fill lets uptimer check each target so often as there are intervals in the scenario's duration.
func (b *bench) fill(ctx context.Context, s scenario, at *place) error {
	if err := os.WriteFile(b.path("targets.csv"), s.list(s.targets()), 0o600); err != nil {
		return err
	}
	f, err := b.farm(ctx, s)
	if err != nil {
		return err
	}
	env := append(append(at.environment(), b.environment(s)...), "WRITER_PLUGIN=kafka", fmt.Sprintf("PROBE_COUNT=%d", s.duration/s.interval))
	p, err := startProcess(ctx, "producer", filepath.Join(b.out, s.name+"-producer.log"), env, b.binary)
	if err != nil {
		return err
	}
	return errors.Join(p.wait(), f.stop())
}

// store runs a consumer until it has stored all. The time begins with the transaction that stored the first row.
func (b *bench) store(ctx context.Context, s scenario, at *place, r *result) error {
	d := r.detour
	m, err := newMeter()
	if err != nil {
		return err
	}
	m.add("broker", at.broker)
	m.add("PostgreSQL", at.postgres)
	p, err := b.consumer(ctx, s, at)
	if err != nil {
		return err
	}
	m.add("consumer", p.Process.Pid)
	last, err := b.stores(ctx, r)
	if err != nil {
		return err
	}
	d.shares, err = m.read()
	used, unknown := p.usage()
	if err := errors.Join(err, unknown, p.stop()); err != nil {
		return err
	}
	rows, err := at.fromDatabase(ctx, window{})
	if err != nil {
		return err
	}
	d.stored, d.events, d.bytes = len(rows.list), len(rows.list), float64(rows.bytes)/float64(max(len(rows.list), 1))
	d.rate = float64(d.stored) / last.Sub(rows.first).Seconds()
	r.uptimer = cost{checks: d.stored, cpu: used.cpu, window: last.Sub(rows.first), usage: used}
	return nil
}

// stuck is how long a consumer may store nothing at all.
const stuck = 30 * time.Second

// stores waits until all is stored, and says when that was.
func (b *bench) stores(ctx context.Context, r *result) (last time.Time, err error) {
	written := 0
	for last = time.Now(); written < r.detour.onTopic; {
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return last, err
		}
		at := time.Now()
		counters, unread := scrape(ctx, consumerAddress) // it may not show them yet
		if now := int(counters[eventsWritten]); now > written {
			written, last, r.counters = now, at, counters
		}
		if at.Sub(last) > stuck {
			return last, errors.Join(fmt.Errorf("%d of %d events are stored, and for %v no more", written, r.detour.onTopic, stuck), unread)
		}
	}
	return last, nil
}
