//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// experiment is one run of three producers and three consumers on a topic and in a database of its own.
type experiment struct {
	name    string // of topic, group and database
	binary  string
	folder  string
	targets int
	say     *say

	servers     *servers
	cluster     *cluster
	meter       *meter
	web         *web
	databaseURL string
	producers   []*process
	consumers   []*process
	broker      struct{ fault sync.Mutex } // held by the fault that it suffers
	database    struct{ fault sync.Mutex }

	mu       sync.Mutex
	happened map[*kind]int
	failures []string
}

// newExperiment makes one; it is started by start and closed by close in any case.
func newExperiment(s *servers, binary, name, folder string, targets int, say *say) *experiment {
	return &experiment{
		name: name, binary: binary, folder: folder, targets: targets, say: say,
		servers: s, cluster: newCluster(s.broker), happened: map[*kind]int{},
	}
}

// start makes the database, the topic and what is probed, and starts the processes.
func (e *experiment) start(ctx context.Context) (err error) {
	if e.databaseURL, err = e.createDatabase(ctx); err != nil {
		return err
	}
	if err := command(time.Minute, []string{"DATABASE_URL=" + e.databaseURL}, e.binary, "migrate"); err != nil {
		return err
	}
	if err := e.cluster.create(ctx, e.name, partitions); err != nil {
		return fmt.Errorf("creating the topic %q: %w", e.name, err)
	}
	if e.web, err = startWeb(); err != nil {
		return err
	}
	if e.meter, err = newMeter(consumers); err != nil {
		return err
	}
	list := filepath.Join(e.folder, e.name+".csv")
	if err := os.WriteFile(list, e.web.list(e.targets), 0o600); err != nil {
		return err
	}
	for i := range producers {
		e.producers = append(e.producers, e.process("producer", i,
			"READER_PLUGIN=probes", "WRITER_PLUGIN=kafka", "KAFKA_WRITER_TOPIC="+e.name, "PROBE_TARGETS_FILE="+list, "LOG_LEVEL=debug",
			"DISTRIBUTED_WORKERS_ENABLED=true", "DISTRIBUTED_WORKERS_TOTAL="+strconv.Itoa(producers), "DISTRIBUTED_WORKERS_INDEX="+strconv.Itoa(i)))
	}
	for i := range consumers {
		e.consumers = append(e.consumers, e.process("consumer", i,
			"READER_PLUGIN=kafka", "WRITER_PLUGIN=postgres", "KAFKA_READER_TOPIC="+e.name, "KAFKA_GROUP_ID="+e.name, "DATABASE_URL="+e.databaseURL,
			"LOG_LEVEL=debug", "METRICS_ADDR="+e.meter.address(i)))
	}
	for _, p := range e.processes() {
		if err := p.start(); err != nil {
			return err
		}
	}
	return nil
}

func (e *experiment) process(role string, i int, environ ...string) *process {
	name := fmt.Sprintf("%s-%d", role, i)
	return &process{
		name: name, binary: e.binary, log: filepath.Join(e.folder, e.name+"-"+name+".log"), died: e.failed,
		environ: append(environ, "PATH="+os.Getenv("PATH"), "LOG_FORMAT=json", "KAFKA_BOOTSTRAP_SERVER="+e.servers.broker),
	}
}

func (e *experiment) processes() []*process {
	return append(append([]*process{}, e.producers...), e.consumers...)
}

func (e *experiment) createDatabase(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, e.servers.database)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is under way
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{e.name}.Sanitize()); err != nil {
		return "", fmt.Errorf("creating a database: %w", err)
	}
	u, err := url.Parse(e.servers.database)
	if err != nil {
		return "", err
	}
	u.Path = "/" + e.name
	return u.String(), nil
}

// close ends all processes, whatever state they are in.
func (e *experiment) close() {
	for _, p := range e.processes() {
		p.kill()
	}
	if e.web != nil {
		e.web.close()
	}
	e.cluster.close()
}

// failed notes what may not happen, beside what is counted at the end.
func (e *experiment) failed(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failures = append(e.failures, what)
	e.say.line("FAILURE: %s", what)
}

func (e *experiment) count(k *kind) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.happened[k]++
}

// run lets the faults happen, waits until all is stored, and counts.
func (e *experiment) run(ctx context.Context, faults func(context.Context) error, seed uint64, poisonEvery time.Duration) (*tally, error) {
	asking, stopAsking := context.WithCancel(ctx)
	defer stopAsking()
	written := make(chan int, 1)
	go func() { written <- e.meter.run(asking) }()
	err := e.live(ctx, faults, seed, poisonEvery)
	stopAsking()
	again := <-written
	if err != nil {
		return nil, err
	}
	e.say.line("counting")
	t, err := e.tally(ctx)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t.faults, t.failures = maps.Clone(e.happened), append(t.failures, e.failures...)
	t.repeats = max(0, again-len(t.rows))
	return t, nil
}

// live lets the faults happen while poison is sent, and waits until all is stored.
func (e *experiment) live(ctx context.Context, faults func(context.Context) error, seed uint64, poisonEvery time.Duration) error {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- e.poison(sending, seed, poisonEvery) }()
	err := faults(ctx)
	stop()
	if err := errors.Join(err, <-sent); err != nil {
		return err
	}
	return e.drain(ctx)
}

// poison sends specimens, one after the other, until ctx ends.
func (e *experiment) poison(ctx context.Context, seed uint64, every time.Duration) error {
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // to be repeated, not to be secret
	for {
		for _, i := range r.Perm(len(specimens)) {
			if rest(ctx, every) != nil {
				return nil
			}
			s, partition := specimens[i], r.IntN(partitions)
			value := s.value()
			for range max(1, s.times) {
				if err := e.cluster.send(ctx, e.name, partition, s.name, value); err != nil && ctx.Err() == nil {
					return err
				}
			}
		}
	}
}

// every is how often a specimen is sent, so that each is sent a few times.
func every(duration time.Duration) time.Duration {
	return min(time.Second, duration/time.Duration(4*len(specimens)))
}
