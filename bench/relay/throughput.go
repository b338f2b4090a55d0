//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// throughput puts events on a topic and lets a consumer store them.
func throughput(ctx context.Context, p plan, folder string) (err error) {
	binary, err := build(ctx, folder, p.profile != "")
	if err != nil {
		return err
	}
	at, err := newPlace(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.remove()) }()
	began := time.Now()
	bytes, err := at.fill(ctx, folder)
	if err != nil {
		return err
	}
	fmt.Printf("on the topic          %d events of %d targets, %d bytes each, %d partitions (made in %v)\n",
		p.events, min(kinds, p.events), bytes/p.events, p.partitions, time.Since(began).Round(time.Second))
	migrate := exec.CommandContext(ctx, binary, "migrate")
	migrate.Env = at.environment()
	if out, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("uptimer migrate: %w\n%s", err, out)
	}
	// What the servers still do with what was just written should not be counted.
	time.Sleep(3 * time.Second)
	return at.consume(ctx, binary)
}

// spent is CPU time, of whom.
type spent struct {
	broker, postgres int // pids
	before           [2]time.Duration
}

func (at *place) spent() *spent {
	s := &spent{}
	if _, port, err := net.SplitHostPort(at.kafka); err == nil {
		s.broker = listener(port)
	}
	if u, err := url.Parse(at.admin); err == nil {
		s.postgres = listener(u.Port())
	}
	s.before = [2]time.Duration{usage(s.broker), usage(s.postgres)}
	return s
}

func (s *spent) since() (broker, postgres time.Duration) {
	return usage(s.broker) - s.before[0], usage(s.postgres) - s.before[1]
}

// stored is what a consumer did.
type stored struct {
	last                       time.Time // when the last event was seen to be stored
	memory                     float64   // the most that was resident
	writes                     float64
	consumer, broker, postgres time.Duration
}

// consume runs a consumer until all is stored, and prints how fast that was.
func (at *place) consume(ctx context.Context, binary string) error {
	cpu := at.spent()
	environment := at.consumer()
	if at.profile != "" {
		path, err := filepath.Abs(at.profile)
		if err != nil {
			return err
		}
		environment = append(environment, "UPTIMER_CPU_PROFILE="+path)
	}
	p, err := start(ctx, binary, environment)
	if err != nil {
		return err
	}
	defer p.kill()
	at.mark(p)
	var s stored
	err = until(ctx, 20*time.Millisecond, func() (bool, error) {
		written, err := p.metric(ctx, "uptimer_events_written_total")
		s.last = time.Now()
		return written >= float64(at.events), err
	})
	at.mark(p)
	s.consumer = usage(p.cmd.Process.Pid)
	s.broker, s.postgres = cpu.since()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.log.String())
	}
	s.writes, _ = p.metric(ctx, "uptimer_batch_events_count")
	s.memory = peak(p.cmd.Process.Pid)
	if err := p.stop(); err != nil {
		return err
	}
	return at.report(ctx, s)
}

// mark begins or ends the profile, if there is one.
func (at *place) mark(p *process) {
	if at.profile != "" {
		_ = p.cmd.Process.Signal(syscall.SIGUSR1)
	}
}

// report prints the figures. The time begins with the transaction that stored the first row.
func (at *place) report(ctx context.Context, s stored) error {
	var rows int
	var first time.Time
	if err := at.one(ctx, "SELECT count(DISTINCT uuid), min(stored_at) FROM probe_events", &rows, &first); err != nil {
		return err
	}
	took := s.last.Sub(first)
	load, _ := os.ReadFile("/proc/loadavg")
	each := func(d time.Duration) string {
		return fmt.Sprintf("%.2f s, %.1f µs an event", d.Seconds(), float64(d.Microseconds())/float64(at.events))
	}
	fmt.Printf("stored                %d rows in %v: %.0f events/s\n", rows, took.Round(time.Millisecond), float64(rows)/took.Seconds())
	fmt.Printf("pages                 %.0f of %.0f events on average\n", s.writes, float64(at.events)/s.writes)
	fmt.Printf("CPU of the consumer   %s; %.0f MiB resident at most\n", each(s.consumer), s.memory/(1<<20))
	fmt.Printf("CPU of the broker     %s\n", each(s.broker))
	fmt.Printf("CPU of PostgreSQL     %s\n", each(s.postgres))
	fmt.Printf("load average          %s", load)
	if rows != at.events {
		return fmt.Errorf("%d rows, want %d", rows, at.events)
	}
	return nil
}
