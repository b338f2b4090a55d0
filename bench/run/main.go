//go:build linux

// Run measures uptimer against a farm of targets on loopback, beside a bare client that is paced the same in the same
// minute: what a check costs, what rate is reached, how late checks start, how far the reported time is from what the
// target itself saw, and whether a target that is up is ever called down. It needs Linux.
//
//	go run ./bench/run                                         all of it
//	go run ./bench/run -scenario million,delay50 -duration 30s
//
// It ends with 1 if a bound of a scenario was not kept.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() { os.Exit(run()) }

// options are the flags.
type options struct {
	scenarios []scenario
	all       bool          // as many as can be measured here
	duration  time.Duration // 0: what the scenario says
	rate      int           // 0: what the scenario says
	rounds    int
	binary    string
	out       string
	workers   int // WORKERS of consumers
	servers   servers
}

// run returns the exit code: 0 all bounds were kept, 1 they were not or could not be measured, 2 wrong flags.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		if err := roles[os.Args[1]](ctx, os.Args[2:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
			return 1
		}
		return 0
	}
	o, err := readFlags(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		return 2
	}
	if err := measureAll(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		return 1
	}
	return 0
}

// roles are what the program also is, as a process of its own: its CPU time is measured by itself.
var roles = map[string]func(context.Context, []string) error{"farm": beFarm, "bare": beBare, "busy": beBusy}

func readFlags(arguments []string) (o options, err error) {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	names := flags.String("scenario", everything, "which, a comma list of "+strings.Join(namesOf(scenarios), ", ")+", or "+everything)
	flags.DurationVar(&o.duration, "duration", 0, "how long each run takes (default: as the scenario says)")
	flags.IntVar(&o.rate, "rate", 0, "checks a second (default: as the scenario says)")
	flags.IntVar(&o.rounds, "rounds", 3, "how often each scenario is run; medians are shown")
	flags.StringVar(&o.binary, "uptimer", "", "the program to measure (default: built from this tree)")
	flags.StringVar(&o.out, "out", "bench/out", "folder for the table, the charts and the logs")
	flags.IntVar(&o.workers, "workers", 2, "WORKERS of consumers")
	flags.StringVar(&o.servers.kafka, "kafka", "", "a broker, host:port, plain text (default: that of make services)")
	flags.StringVar(&o.servers.database, "database", "", "a PostgreSQL server, as DATABASE_URL, whose user may create databases (default: that of make services)")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q: want flags only", flags.Arg(0))
	}
	for flag, n := range map[string]int{"rounds": o.rounds, "workers": o.workers} {
		if n < 1 {
			return o, fmt.Errorf("-%s=%d: want at least 1", flag, n)
		}
	}
	if o.rate < 0 {
		return o, fmt.Errorf("-rate=%d: want at least 1", o.rate)
	}
	return o, o.choose(*names)
}

// everything is the name of all scenarios together, but for those with other probers: these take an hour.
const everything = "all"

// choose sets the scenarios.
func (o *options) choose(names string) error {
	if o.all = names == everything; o.all {
		alone := slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return s.peers })
		names = strings.Join(namesOf(alone), ",")
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return fmt.Errorf("-scenario=%q: no such scenario; want one of %s", name, strings.Join(namesOf(scenarios), ", "))
		}
		s := scenarios[i]
		if o.duration > 0 {
			s.duration = o.duration
		}
		if o.rate > 0 {
			s.rate = o.rate
		}
		if least := s.shortest(); s.duration < least {
			if !o.all {
				return fmt.Errorf("-duration=%v: scenario %s needs at least %v", s.duration, name, least)
			}
			s.duration = least
		}
		o.scenarios = append(o.scenarios, s)
	}
	return nil
}
