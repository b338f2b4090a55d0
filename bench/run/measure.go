//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// aside is how long before its end a run is judged no more: what is broken off then says nothing.
const aside = time.Second

// bench is where a run finds its things.
type bench struct {
	options
	self   string // this program
	folder string // for what is not kept
}

// newBench makes a folder and builds uptimer. Remove the folder.
func newBench(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.folder, err = os.MkdirTemp("", "uptimer-bench-"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return b, err
	}
	if b.binary == "" {
		b.binary = b.path("uptimer")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.binary, "github.com/uptimer/uptimer/cmd/uptimer")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return b, fmt.Errorf("building uptimer: %w", err)
		}
	}
	return b, nil
}

func (b *bench) path(name string) string { return filepath.Join(b.folder, name) }

// measureAll runs all scenarios and prints what came out. The tables hold what was measured before a scenario failed.
func measureAll(ctx context.Context, o options) error {
	b, err := newBench(ctx, o)
	if b != nil {
		defer os.RemoveAll(b.folder)
	}
	if err != nil {
		return err
	}
	if b.all {
		fmt.Printf("%d scenarios, about %v\n", len(b.scenarios), b.length().Round(time.Minute))
	}
	var broken error
	var rows []row
	for _, s := range b.scenarios {
		if s.needsServers() {
			if err := b.findServers(ctx); err != nil {
				fmt.Printf("%s: not measured: %v\n", s.name, err)
				if !b.all {
					broken = errors.Join(broken, err)
				}
				continue
			}
		}
		fmt.Printf("%s: %s; %d a second, %v, %d rounds\n", s.name, s.says, s.rate, s.duration, b.rounds)
		measured, err := b.measure(ctx, s)
		broken = errors.Join(broken, err)
		if measured != nil {
			rows = append(rows, *measured)
			broken = errors.Join(broken, measured.report(os.Stdout))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(summarise(b.out, rows), broken)
}

// roundTakes is how long starting, stopping and reading take in a round, beside its duration.
const roundTakes = 10 * time.Second

// length is about how long all takes.
func (b *bench) length() (d time.Duration) {
	for _, s := range b.scenarios {
		each := s.duration + roundTakes
		if !s.alone {
			each += min(s.duration, bareTime)
		}
		if s.dialed != "" {
			each += min(s.duration, bareTime)
		}
		if s.bounds.further > 0 {
			each += time.Duration(2*len(furtherKinds)) * (furtherTime + roundTakes)
		}
		d += time.Duration(b.rounds) * each
		if s.climb > 0 && b.rate == 0 {
			d += triesUsual * (min(s.duration, tryTime) + roundTakes)
		}
	}
	return d
}

// measure runs a scenario so often as asked. There is no row for what is compared with other probers.
func (b *bench) measure(ctx context.Context, s scenario) (*row, error) {
	var r row
	err := b.prepare(s)
	switch {
	case err != nil:
	case s.peers:
		if err = b.compare(ctx, s); err == nil {
			return nil, nil //nolint:nilnil // it has a table of its own
		}
	case s.climb > 0 && b.rate == 0:
		r, err = b.climb(ctx, s)
	default:
		r, err = b.repeat(ctx, s)
	}
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.name, err)
	}
	return &r, nil
}

// result is one round.
type result struct {
	bare     cost
	dialed   cost // of a second bare client, if there is one
	uptimer  cost
	findings findings
	first    time.Duration      // from the start to the first event
	further  []int64            // bytes that each further target takes, by kind
	counters map[string]float64 // uptimer's own, at the end
	detour   *detour            // what came of the way through Kafka, if it was gone
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
func (c cost) rate() float64 {
	if c.window == 0 {
		return 0
	}
	return float64(c.checks) / c.window.Seconds()
}

// repeat runs all rounds of a scenario.
func (b *bench) repeat(ctx context.Context, s scenario) (row, error) {
	measured := row{scenario: s}
	for i := range b.rounds {
		r, err := b.round(ctx, s, i)
		if err != nil {
			return measured, err
		}
		measured.results = append(measured.results, r)
		fmt.Printf("  round %d: %v\n", i+1, r)
	}
	return measured, nil
}

// round runs uptimer and the bare clients one directly after the other, in the opposite order in every second round:
// a machine that becomes slower favours neither.
func (b *bench) round(ctx context.Context, s scenario, number int) (r result, err error) {
	// What a step that failed has left running ends with it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	steps := []func() error{func() error { return b.uptimer(ctx, s, &r) }}
	if !s.alone {
		steps = slices.Insert(steps, 0, func() (err error) { r.bare, err = b.bare(ctx, s, s.kind); return err })
	}
	if s.dialed != "" {
		steps = append(steps, func() (err error) { r.dialed, err = b.bare(ctx, s, s.dialed); return err })
	}
	if s.bounds.further > 0 {
		steps = append(steps, func() (err error) { r.further, err = b.further(ctx, s); return err })
	}
	if number%2 == 1 {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// uptimer runs it as the scenario wants it.
func (b *bench) uptimer(ctx context.Context, s scenario, r *result) error {
	switch s.sink {
	case toStdout:
		return b.direct(ctx, s, r)
	case fromFullTopic:
		return b.drain(ctx, s, r)
	}
	return b.overKafka(ctx, s, r)
}

// median of what the rounds gave.
func median[T int | int64 | float64 | time.Duration](results []result, of func(result) T) T {
	all := every(results, of)
	slices.Sort(all)
	return all[len(all)/2]
}

// worst is the largest that a round gave: what must never be is not to be seen in any.
func worst[T int | int64 | float64 | time.Duration](results []result, of func(result) T) T {
	return slices.Max(every(results, of))
}

func every[T any](results []result, of func(result) T) (all []T) {
	for _, r := range results {
		all = append(all, of(r))
	}
	return all
}
