//go:build linux

// Schedule measures how well uptimer keeps its slots: it runs the program against many targets on loopback and works
// out, from the events alone, what was missed, how starts are spread and how exact each target's interval is. It
// needs Linux, where all of 127.0.0.0/8 is loopback.
//
// It ends with 1 if a slot was missed, if a target was called down, if intervals are off by more than 20 ms at p99, or
// if a moment of the interval holds 3 % of the checks and three times its even share. A moment is 100 ms, or a tenth of
// an interval below 1 s; with fewer than ten targets for each, chance decides, and that is not judged.
//
//	go run ./bench/schedule -targets 10000 -interval 10s -duration 2m
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/uptimer/uptimer/bench/farm"
)

// plan is what is measured.
type plan struct {
	binary    string
	targets   int
	interval  time.Duration
	duration  time.Duration
	addresses int
}

func main() { os.Exit(run()) }

// run returns the exit code: 0 all slots were kept, 1 they were not or could not be measured, 2 wrong flags.
func run() int {
	var p plan
	flag.StringVar(&p.binary, "uptimer", "", "the program to measure (default: built from this tree)")
	flag.IntVar(&p.targets, "targets", 10_000, "how many targets")
	flag.DurationVar(&p.interval, "interval", 10*time.Second, "from one check of a target to the next")
	flag.DurationVar(&p.duration, "duration", 2*time.Minute, "how long")
	flag.IntVar(&p.addresses, "addresses", 64, "over how many loopback addresses the targets are spread")
	flag.Parse()
	if err := errors.Join(p.check(), noMore(flag.Args())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if err := measure(context.Background(), p); err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		return 1
	}
	return 0
}

// What can be measured.
const (
	shortest = 10 * time.Millisecond // as PROBE_INTERVAL
	fewest   = 3                     // intervals: the first and the last say little
)

// check is an error, a line for each flag, if that cannot be measured.
func (p plan) check() error {
	var errs []error
	wrong := func(flag string, value any, want string) {
		errs = append(errs, fmt.Errorf("schedule: -%s=%v: want %s", flag, value, want))
	}
	if p.targets < 1 {
		wrong("targets", p.targets, "at least 1")
	}
	if p.interval < shortest {
		wrong("interval", p.interval, fmt.Sprintf("at least %v", shortest))
	} else if least := max(fewest*p.interval, aside+p.interval); p.duration < least {
		wrong("duration", p.duration, fmt.Sprintf("at least %v with an interval of %v", least, p.interval))
	}
	if p.addresses < 1 || p.addresses > farm.MostAddresses {
		wrong("addresses", p.addresses, fmt.Sprintf("1 to %d", farm.MostAddresses))
	}
	return errors.Join(errs...)
}

// noMore is an error if something stands behind the flags.
func noMore(arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	return fmt.Errorf("schedule: %q: want flags only", arguments[0])
}

// measure runs the program twice, with one target and with all, and prints what it saw.
func measure(ctx context.Context, p plan) error {
	answer := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "All Systems Operational") }
	targets, err := farm.New(p.addresses, http.HandlerFunc(answer))
	if err != nil {
		return err
	}
	defer targets.Close()
	folder, err := os.MkdirTemp("", "uptimer-schedule-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if p.binary == "" {
		if p.binary, err = build(ctx, folder); err != nil {
			return err
		}
	}
	alone := p
	alone.targets, alone.duration = 1, 3*time.Second
	small, err := runUptimer(ctx, alone, targets, folder)
	if err != nil {
		return err
	}
	full, err := runUptimer(ctx, p, targets, folder)
	if err != nil {
		return err
	}
	return report(os.Stdout, p, full, small)
}
