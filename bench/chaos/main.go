//go:build linux

// Chaos shows whether an event that is acknowledged can be lost or doubled. It starts a PostgreSQL and an Apache Kafka
// of its own, three producers that probe and write to a topic of six partitions, and three consumers that store what
// is there; then it kills, stops and restarts all of them at random and mixes poison into the topic. At the end it
// counts what lies on the topic, among the dead letters, in the database and in the producers' logs.
//
// The faults are drawn from -seed: the same seed draws the same faults at the same times. It ends with 1 if anything is
// lost, doubled or out of order, and then keeps its folder; with -control it runs consumers that commit before they
// store, and must end with 1.
//
//	go run ./bench/chaos -duration 5m
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	duration time.Duration
	seed     uint64
	targets  int
	control  string
	keep     bool
}

func main() { os.Exit(run()) }

// run returns the exit code: 0 nothing is lost or doubled, 1 something is, 2 wrong flags, 3 it could not be tried.
func run() int {
	var o options
	flag.DurationVar(&o.duration, "duration", 5*time.Minute, "how long faults happen")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "what the faults are drawn from (default: the time)")
	flag.IntVar(&o.targets, "targets", 300, "how many targets are checked each second")
	flag.StringVar(&o.control, "control", "", commitBeforeStore+": run a consumer with this fault, to see that it is found")
	flag.BoolVar(&o.keep, "keep", false, "keep the folder with logs and data")
	flag.Parse()
	if err := o.check(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := inFolder(ctx, o)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		err = errors.New("interrupted; everything is stopped")
	}
	fmt.Fprintln(os.Stderr, "chaos:", err)
	if errors.Is(err, errBroken) {
		return 1
	}
	return 3
}

// shortest is a duration that has room for all kinds of faults.
const shortest = 3 * time.Minute

func (o options) check(arguments []string) error {
	var errs []error
	if len(arguments) > 0 {
		errs = append(errs, fmt.Errorf("chaos: %q: want flags only", arguments[0]))
	}
	if o.duration < shortest {
		errs = append(errs, fmt.Errorf("chaos: -duration=%v: want at least %v", o.duration, shortest))
	}
	if o.targets < producers || o.targets > 2000 {
		errs = append(errs, fmt.Errorf("chaos: -targets=%d: want %d to 2000", o.targets, producers))
	}
	if o.control != "" && o.control != commitBeforeStore {
		errs = append(errs, fmt.Errorf("chaos: -control=%q: want %s", o.control, commitBeforeStore))
	}
	return errors.Join(errs...)
}

// inFolder makes a folder, does everything there, and removes it unless somebody may want to look.
func inFolder(ctx context.Context, o options) (err error) {
	folder, err := os.MkdirTemp("", "uptimer-chaos-")
	if err != nil {
		return err
	}
	defer func() {
		if o.keep || (err != nil && ctx.Err() == nil && o.control == "") {
			fmt.Println("logs and data are kept in", folder)
			return
		}
		err = errors.Join(err, os.RemoveAll(folder))
	}()
	return whole(ctx, o, folder)
}

// whole is a run from the start of the servers to the verdict.
func whole(ctx context.Context, o options, folder string) error {
	say := newSay(os.Stdout)
	say.line("seed %d", o.seed)
	s, err := startServers(ctx, folder)
	if err != nil {
		return err
	}
	defer s.stop()
	binary, err := build(ctx, s.repository, folder, o.control)
	if err != nil {
		return err
	}
	e := newExperiment(s, binary, "chaos", folder, o.targets, say)
	defer e.close()
	if err := e.start(ctx); err != nil {
		return err
	}
	plan := draw(o.seed, o.duration)
	say.line("%d faults", len(plan))
	t, err := e.run(ctx, func(ctx context.Context) error { return e.suffer(ctx, plan) }, o.seed, every(o.duration))
	if err != nil {
		return err
	}
	fmt.Print(t.table())
	return t.verdict()
}
