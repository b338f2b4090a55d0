//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/uptimer/uptimer/bench/field"
)

// detour is what became of events on their way through Kafka.
type detour struct {
	// These must be the same: checks that were made, events that Kafka acknowledged, messages on the topic by its
	// offsets, and events that can be read at the end of the way.
	checks, acknowledged, onTopic, stored int

	behind []int           // events on the topic that were not stored yet, each second of the window
	took   []time.Duration // from the begin of a check to its row, sorted
	shares shares          // over the window
	events int             // that were checked, or stored, in it
	rate   float64         // of these, a second
	bytes  float64         // on the database's disk, a row
}

// lost is how many events are missing somewhere, or too much; 0 without a detour.
func (d *detour) lost() int {
	if d == nil {
		return 0
	}
	all := []int{d.checks, d.acknowledged, d.onTopic, d.stored}
	return slices.Max(all) - slices.Min(all)
}

// relay is a producer, and a consumer if the way goes on, while they run.
type relay struct {
	*place
	b        *bench
	scenario scenario
	farm     *farm
	producer *process
	consumer *process // nil: the way ends on the topic
	window   window
	began    time.Time
}

// overKafka runs uptimer with its events to a topic and, as the scenario says, from there into a database.
func (b *bench) overKafka(ctx context.Context, s scenario, r *result) (err error) {
	at, err := b.newPlace(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.remove()) }()
	way := &relay{place: at, b: b, scenario: s}
	if err := way.start(ctx); err != nil {
		return err
	}
	r.detour = &detour{}
	if err := way.watch(ctx, r); err != nil {
		return err
	}
	if err := way.rest(ctx, r); err != nil {
		return err
	}
	records, err := way.stop()
	if err != nil {
		return err
	}
	way.window.to = way.window.to.Add(-aside)
	list, err := way.read(ctx, r.detour)
	if err != nil {
		return err
	}
	r.detour.stored = len(list)
	if len(list) > 0 {
		r.first = time.Unix(0, slices.MinFunc(list, func(a, b seen) int { return int(a.began - b.began) }).began).Sub(way.began)
	}
	r.judge(s, list, records, way.window)
	return nil
}

// start starts farm, producer and consumer.
func (w *relay) start(ctx context.Context) (err error) {
	if err := os.WriteFile(w.b.path("targets.csv"), w.scenario.list(w.scenario.targets()), 0o600); err != nil {
		return err
	}
	if w.farm, err = w.b.farm(ctx, w.scenario); err != nil {
		return err
	}
	if w.scenario.sink == toPostgres {
		if w.consumer, err = w.b.consumer(ctx, w.scenario, w.place); err != nil {
			return err
		}
	}
	w.began = time.Now()
	w.window = window{w.began.Add(w.scenario.settles()), w.began.Add(w.scenario.duration)}
	env := append(append(w.environment(), w.b.environment(w.scenario)...), "WRITER_PLUGIN=kafka")
	w.producer, err = startProcess(ctx, "producer", filepath.Join(w.b.out, w.scenario.name+".log"), env, w.b.binary)
	return err
}

// consumer starts one that stores what is on the topic.
func (b *bench) consumer(ctx context.Context, s scenario, at *place) (*process, error) {
	env := append(at.storing(b.workers), "METRICS_ADDR="+consumerAddress, "LOG_FORMAT=json")
	return startProcess(ctx, "consumer", filepath.Join(b.out, s.name+"-consumer.log"), env, b.binary)
}

// watch measures over the window.
func (w *relay) watch(ctx context.Context, r *result) error {
	if err := sleep(ctx, time.Until(w.window.from)); err != nil {
		return err
	}
	m, err := newMeter()
	if err != nil {
		return err
	}
	m.add("producer", w.producer.Process.Pid)
	m.add("broker", w.broker)
	if w.consumer != nil {
		m.add("consumer", w.consumer.Process.Pid)
		m.add("PostgreSQL", w.postgres)
	}
	m.add("farm", w.farm.Process.Pid)
	looking, end := context.WithDeadline(ctx, w.window.to)
	defer end()
	looked := make(chan error, 1)
	go func() { looked <- w.look(looking, r.detour) }()
	r.uptimer, err = watch(ctx, w.producer, w.window, func() (int, int, error) {
		made, err := count(ctx, metricsAddress, checksMade)
		return made, 0, err
	})
	shares, unknown := m.read()
	r.detour.shares, r.detour.events, r.detour.rate = shares, r.uptimer.checks, r.uptimer.rate()
	return errors.Join(err, unknown, <-looked)
}

// look notes each second how far the consumer is behind, until ctx ends.
func (w *relay) look(ctx context.Context, d *detour) error {
	for w.consumer != nil && sleep(ctx, time.Second) == nil {
		stored, err := count(ctx, consumerAddress, eventsWritten)
		var there int
		if err == nil {
			there, err = w.onTopic(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err == nil {
			d.behind = append(d.behind, max(there-stored, 0))
		}
	}
	return nil
}

// still is how long counts must stay the same to be the last.
const still = 3 * time.Second

// rest ends the checks, but not yet the processes, and notes the counts once they have come to rest.
func (w *relay) rest(ctx context.Context, r *result) (err error) {
	// One target that is none of the scenario's, is checked once and then not for long.
	list := "url,interval\n" + w.scenario.url(w.scenario.targets()) + ",24h\n"
	if err := os.WriteFile(w.b.path("targets.csv"), []byte(list), 0o600); err != nil {
		return err
	}
	if err := w.producer.Process.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	d := r.detour
	for since := time.Now(); time.Since(since) < still; {
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		if r.counters, err = scrape(ctx, metricsAddress); err != nil {
			return err
		}
		now := []int{int(r.counters[checksMade]), int(r.counters[eventsWritten]), 0, 0}
		if now[2], err = w.onTopic(ctx); err != nil {
			return err
		}
		if w.consumer != nil {
			if now[3], err = count(ctx, consumerAddress, eventsWritten); err != nil {
				return err
			}
		}
		if !slices.Equal(now, []int{d.checks, d.acknowledged, d.onTopic, d.stored}) {
			since = time.Now()
		}
		d.checks, d.acknowledged, d.onTopic, d.stored = now[0], now[1], now[2], now[3]
	}
	return nil
}

// stop ends all processes.
func (w *relay) stop() ([]field.Record, error) {
	err := w.producer.stop()
	if w.consumer != nil {
		err = errors.Join(err, w.consumer.stop())
	}
	records, failed := w.farm.close()
	return records, errors.Join(err, failed)
}

// read reads all events where the way ends.
func (w *relay) read(ctx context.Context, d *detour) ([]seen, error) {
	if w.consumer == nil {
		return w.fromTopic(ctx)
	}
	r, err := w.fromDatabase(ctx, w.window)
	slices.Sort(r.took)
	d.took, d.bytes = r.took, float64(r.bytes)/float64(max(len(r.list), 1))
	return r.list, err
}

// count is one counter of a process.
func count(ctx context.Context, address, name string) (int, error) {
	counters, err := scrape(ctx, address)
	return int(counters[name]), err
}
