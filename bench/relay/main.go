//go:build linux

// Relay measures the detour over Kafka, with the program itself, real Kafka and real PostgreSQL (`make services`, or
// any others):
//
//	go run ./bench/relay counts       a producer and a consumer, and whether all they count is the same
//	go run ./bench/relay throughput   how fast a consumer stores what waits on a topic
//
// Each run has a topic and a database of its own and removes them. It ends with 1 if an event is missing or too much.
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

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/testservices"
)

// plan is what is measured, and with which servers.
type plan struct {
	kafka, database string
	keep            bool

	// counts
	targets  int
	interval time.Duration
	duration time.Duration

	// throughput
	events     int
	partitions int
	workers    int
	buffer     string
	profile    string
}

func main() { os.Exit(run(os.Args[1:])) }

// run returns the exit code: 0 measured and all there, 1 not, 2 wrong call.
func run(args []string) int {
	parts := map[string]func(context.Context, plan, string) error{"counts": counts, "throughput": throughput}
	if len(args) == 0 || parts[args[0]] == nil {
		fmt.Fprintln(os.Stderr, "relay: want one of counts, throughput")
		return 2
	}
	p, err := flags(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, p, parts[args[0]]); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", setting.Redact(err.Error()))
		return 1
	}
	return 0
}

func flags(args []string) (p plan, err error) {
	f := flag.NewFlagSet("relay "+args[0], flag.ContinueOnError)
	f.StringVar(&p.kafka, "kafka", "", "a broker, host:port, plain text (default: that of `make services`)")
	f.StringVar(&p.database, "database", "", "a PostgreSQL server, as DATABASE_URL, whose user may create databases (default: that of `make services`)")
	f.BoolVar(&p.keep, "keep", false, "leave topic and database there, to look at")
	switch args[0] {
	case "counts":
		f.IntVar(&p.targets, "targets", 1000, "how many targets")
		f.DurationVar(&p.interval, "interval", time.Second, "from one check of a target to the next")
		f.DurationVar(&p.duration, "duration", time.Minute, "how long")
		f.IntVar(&p.workers, "workers", 1, "WORKERS of the consumer")
	case "throughput":
		f.IntVar(&p.events, "events", 200_000, "how many events wait on the topic")
		f.IntVar(&p.partitions, "partitions", 6, "partitions of the topic")
		f.IntVar(&p.workers, "workers", 2, "WORKERS of the consumer")
		f.StringVar(&p.buffer, "buffer", "", "BUFFER_BYTES of the consumer (default: its own)")
		f.StringVar(&p.profile, "profile", "", "write a CPU profile of the consumer to this file")
	}
	if err := f.Parse(args[1:]); err != nil {
		return p, err
	}
	if f.NArg() > 0 {
		return p, fmt.Errorf("%q: want flags only", f.Arg(0))
	}
	return p, nil
}

// measure finds the servers, builds the program and measures.
func measure(ctx context.Context, p plan, part func(context.Context, plan, string) error) error {
	if p.kafka == "" || p.database == "" {
		services, err := testservices.Running()
		if err != nil {
			return fmt.Errorf("no servers to measure with, run `make services`: %w", err)
		}
		if p.kafka == "" {
			p.kafka = services.KafkaPlaintext
		}
		if p.database == "" {
			p.database = services.DatabaseURL
		}
	}
	folder, err := os.MkdirTemp("", "uptimer-relay-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	return part(ctx, p, folder)
}
