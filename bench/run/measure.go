//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/uptimer/uptimer/bench/field"
)

// aside is how long before its end a run is judged no more: what is broken off then says nothing.
const aside = time.Second

// bench is where a run finds its things.
type bench struct {
	options
	self   string // this program
	folder string // for what is not kept
}

// measureAll runs all scenarios and prints what came out.
func measureAll(ctx context.Context, o options) error {
	b := &bench{options: o}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.folder, err = os.MkdirTemp("", "uptimer-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if b.binary == "" {
		b.binary = filepath.Join(b.folder, "uptimer")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.binary, "github.com/uptimer/uptimer/cmd/uptimer")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("building uptimer: %w", err)
		}
	}
	var broken error
	var rows []row
	for _, s := range b.scenarios {
		fmt.Printf("%s: %s, %v, %d rounds\n", s.name, s.says, s.duration, b.rounds)
		if s.peers {
			if err := b.compare(ctx, s); err != nil {
				return fmt.Errorf("scenario %s: %w", s.name, err)
			}
			continue
		}
		results, err := b.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("scenario %s: %w", s.name, err)
		}
		broken = errors.Join(broken, report(os.Stdout, s, results))
		rows = append(rows, row{s, results})
	}
	return errors.Join(summarise(b.out, rows), broken)
}

// result is one round.
type result struct {
	bare     cost
	uptimer  cost
	findings findings
	first    time.Duration      // from the start to the first event
	counters map[string]float64 // uptimer's own, at the end
}

// cost is what a client took for its checks.
type cost struct {
	checks int
	failed int
	cpu    time.Duration
	window time.Duration
	usage  usage // at the end
}

// each is the CPU time of a check.
func (c cost) each() time.Duration { return c.cpu / time.Duration(max(c.checks, 1)) }

// rate is checks a second.
func (c cost) rate() float64 { return float64(c.checks) / c.window.Seconds() }

// measure runs a scenario so often as asked, the bare client and uptimer in turn.
func (b *bench) measure(ctx context.Context, s scenario) (results []result, err error) {
	if err := b.prepare(s); err != nil {
		return nil, err
	}
	for range b.rounds {
		var r result
		if !s.alone {
			if r.bare, err = b.bare(ctx, s); err != nil {
				return nil, err
			}
		}
		if err := b.uptimer(ctx, s, &r); err != nil {
			return nil, err
		}
		results = append(results, r)
		fmt.Println(" ", r)
	}
	return results, nil
}

// prepare writes the lists.
func (b *bench) prepare(s scenario) error {
	var addresses strings.Builder
	for i := range s.targets() {
		_, address, _ := strings.Cut(s.url(i), "://")
		address, _, _ = strings.Cut(address, "/")
		addresses.WriteString(address + "\n")
	}
	return errors.Join(
		b.certify(),
		os.WriteFile(b.path("targets.txt"), []byte(addresses.String()), 0o600),
	)
}

func (b *bench) path(name string) string { return filepath.Join(b.folder, name) }

// farm starts the farm. stop ends it and returns its records.
func (b *bench) farm(ctx context.Context, s scenario) (stop func() ([]field.Record, error), err error) {
	arguments := []string{"farm", "-records", b.path("records"), "-cert", b.path("cert.pem"), "-key", b.path("key.pem")}
	for _, f := range s.fields() {
		arguments = append(arguments, f.String())
	}
	p, err := startProcess(ctx, "farm", filepath.Join(b.out, "farm.log"), nil, b.self, arguments...)
	if err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(p.stdout).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("the farm did not open: %w", err), p.stop())
	}
	return func() ([]field.Record, error) {
		if err := p.stop(); err != nil {
			return nil, err
		}
		file, err := os.Open(b.path("records"))
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return field.ReadRecords(file)
	}, nil
}

// bareTime is how long the bare client is run at most: what it takes does not change.
const bareTime = 20 * time.Second

// bare runs the bare client.
func (b *bench) bare(ctx context.Context, s scenario) (c cost, err error) {
	stopFarm, err := b.farm(ctx, s)
	if err != nil {
		return c, err
	}
	p, err := startProcess(ctx, "bare", filepath.Join(b.out, "bare.log"), nil, b.self, "bare", "-kind", s.kind,
		"-rate", fmt.Sprint(s.rate), "-targets", b.path("targets.txt"), "-roots", b.path("cert.pem"))
	if err != nil {
		return c, err
	}
	counts := make(chan string, 1) // the newest
	go func() {
		for lines := bufio.NewScanner(p.stdout); lines.Scan(); {
			select {
			case <-counts:
			default:
			}
			counts <- lines.Text()
		}
	}()
	c, err = watch(ctx, p, window{time.Now().Add(3 * time.Second), time.Now().Add(min(s.duration, bareTime))}, func() (done, failed int) {
		_, _ = fmt.Sscan(<-counts, new(int64), &done, &failed)
		return done, failed
	})
	_, failed := stopFarm()
	return c, errors.Join(err, p.stop(), failed)
}

// watch measures what a process takes over a window.
func watch(ctx context.Context, p *process, w window, count func() (done, failed int)) (c cost, err error) {
	if err := sleep(ctx, time.Until(w.from)); err != nil {
		return c, err
	}
	done, failed := count()
	before, err := p.usage()
	if err != nil {
		return c, err
	}
	if err := sleep(ctx, time.Until(w.to)); err != nil {
		return c, err
	}
	doneAfter, failedAfter := count()
	after, err := p.usage()
	return cost{
		checks: doneAfter - done, failed: failedAfter - failed,
		cpu: after.cpu - before.cpu, window: after.at.Sub(before.at), usage: after,
	}, err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// uptimer runs the program. It is judged once it has found its rhythm, if no disturbance says otherwise.
func (b *bench) uptimer(ctx context.Context, s scenario, r *result) (err error) {
	targets := s.targets()
	if s.name == "relief" {
		targets *= 4
	}
	if err := os.WriteFile(b.path("targets.csv"), s.list(targets), 0o600); err != nil {
		return err
	}
	stopFarm, err := b.farm(ctx, s)
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
	r.uptimer, err = watch(ctx, p, w, func() (int, int) { return int(events.count.Load()), 0 })
	var uncounted error
	r.counters, uncounted = scrape(ctx)
	err = errors.Join(err, uncounted, <-disturbed, p.stopAfter(events))
	records, failed := stopFarm()
	list, unread := events.wait()
	if err := errors.Join(err, failed, unread); err != nil {
		return err
	}
	if !from.IsZero() {
		w.from = from
	}
	w.to = w.to.Add(-aside)
	if s.kind == "icmp" || s.kind == "tcp" { // the kernel answers, before the field knows
		records = nil
	}
	r.first = events.first.Sub(began)
	r.findings = look(s, list, records, w)
	r.uptimer.failed = r.findings.outages
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

// median of what the rounds gave.
func median[T int | int64 | float64 | time.Duration](results []result, of func(result) T) T {
	var all []T
	for _, r := range results {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}
