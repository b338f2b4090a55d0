//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/uptimer/uptimer/bench/farm"
)

// settle is how long a count must stay the same to be the last.
const settle = 2 * time.Second

// counted is what must be the same.
type counted struct{ checks, written, offsets, rows float64 }

// counts lets a producer probe and a consumer store for a while, and compares what each has counted.
func counts(ctx context.Context, p plan, folder string) (err error) {
	binary, err := build(ctx, folder, false)
	if err != nil {
		return err
	}
	f, err := farm.New(addresses, http.HandlerFunc(answer))
	if err != nil {
		return err
	}
	defer f.Close()
	at, err := newPlace(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.remove()) }()
	migrate := exec.CommandContext(ctx, binary, "migrate")
	migrate.Env = at.environment()
	if out, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("uptimer migrate: %w\n%s", err, out)
	}
	list := filepath.Join(folder, "targets.csv")
	if err := writeList(list, f, p.targets); err != nil {
		return err
	}
	producer, err := start(ctx, binary, append(at.environment(),
		"WRITER_PLUGIN=kafka", "PROBE_TARGETS_FILE="+list, "PROBE_INTERVAL="+p.interval.String(), "PROBE_PROXY=off"))
	if err != nil {
		return err
	}
	defer producer.kill()
	consumer, err := start(ctx, binary, at.consumer())
	if err != nil {
		return err
	}
	defer consumer.kill()
	if err := pause(ctx, p.duration); err != nil {
		return err
	}
	c, err := at.count(ctx, producer, list, f)
	if err := errors.Join(err, producer.stop(), consumer.stop()); err != nil {
		return err
	}
	return at.compare(ctx, c)
}

// count ends the checks, but not yet the processes, and asks for all counts once they are at rest.
func (at *place) count(ctx context.Context, producer *process, list string, f *farm.Farm) (c counted, err error) {
	rest := "url,name,interval\n" + f.URL(0) + ",service-0,24h\n" // of all targets one, which is not due for long
	if err := os.WriteFile(list, []byte(rest), 0o600); err != nil {
		return c, err
	}
	if err := producer.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		return c, err
	}
	var since time.Time
	err = until(ctx, 100*time.Millisecond, func() (bool, error) {
		before := c
		for name, to := range map[string]*float64{"uptimer_checks_total": &c.checks, "uptimer_events_written_total": &c.written} {
			if *to, err = producer.metric(ctx, name); err != nil {
				return false, err
			}
		}
		var rows int64
		if err := at.one(ctx, "SELECT count(*) FROM probe_events", &rows); err != nil {
			return false, err
		}
		if c.rows = float64(rows); c != before || since.IsZero() {
			since = time.Now()
		}
		return time.Since(since) > settle, nil
	})
	if err != nil {
		return c, err
	}
	offsets, err := at.onTopic(ctx)
	c.offsets = float64(offsets)
	return c, err
}

// compare prints the counts and is an error if they are not the same.
func (at *place) compare(ctx context.Context, c counted) error {
	var p50, p99 float64
	if err := at.one(ctx, `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY e), percentile_cont(0.99) WITHIN GROUP (ORDER BY e)
		FROM (SELECT extract(epoch FROM stored_at - event_time)::float8 AS e FROM probe_events) AS e`, &p50, &p99); err != nil {
		return err
	}
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("checks made                   %.0f (uptimer_checks_total of the producer; %d targets at %v for %v)\n", c.checks, at.targets, at.interval, at.duration)
	fmt.Printf("events acknowledged by Kafka  %.0f (uptimer_events_written_total), %.0f by the topic's offsets\n", c.written, c.offsets)
	fmt.Printf("rows in PostgreSQL            %.0f\n", c.rows)
	fmt.Printf("from check to its storing     p50 %.2f s, p99 %.2f s\n", p50, p99)
	fmt.Printf("load average                  %s", load)
	if c.checks == 0 || c.checks != c.written || c.checks != c.offsets || c.checks != c.rows {
		return errors.New("these are not the same")
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
