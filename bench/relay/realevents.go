//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/uptimer/uptimer/bench/farm"
	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/probes"
	httpprobe "github.com/uptimer/uptimer/probes/http"
	"github.com/uptimer/uptimer/schemas"
	"github.com/uptimer/uptimer/targets"
	kafkawriter "github.com/uptimer/uptimer/writers/kafka"
)

const (
	addresses    = 64     // of the farm
	kinds        = 10_000 // targets that the events are about
	eventsOver   = time.Hour
	pageToKafka  = 5000
	checkTimeout = 10 * time.Second
)

// answer answers most checks as they like it.
func answer(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "49"):
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
	case strings.HasSuffix(path, "99"):
		fmt.Fprintln(w, "Some Systems Degraded")
	default:
		fmt.Fprintln(w, "All Systems Operational")
	}
}

// writeList writes a list of targets as people have it.
func writeList(path string, f *farm.Farm, n int) error {
	var b strings.Builder
	b.WriteString("url,name,regex,labels\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,service-%d,Operational,team=team-%d;tier=%d\n", f.URL(i), i, i%37, i%3)
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// maker makes events by checking for real: only when a check began is made up.
type maker struct {
	catalog *events.Catalog
	entries []probes.Entry
	begin   time.Time
	step    time.Duration // from one event to the next
}

// newMaker prepares the checks of n events.
func newMaker(f *farm.Farm, folder string, n int) (*maker, error) {
	catalog, err := events.NewCatalog(schemas.FS)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "targets.csv")
	if err := writeList(path, f, min(kinds, n)); err != nil {
		return nil, err
	}
	var c targets.Config
	if err := plugin.Load(plugin.NewEnvironment([]string{"PROBE_TARGETS_FILE=" + path}), &c); err != nil {
		return nil, err
	}
	list, err := targets.NewSource(c, []string{targets.HTTP}, nil).Load()
	if err != nil {
		return nil, err
	}
	probe, err := httpprobe.Plugin.Open(plugin.NewEnvironment([]string{"PROBE_PROXY=off"}), plugin.Host{Catalog: catalog, Log: slog.Default()})
	if err != nil {
		return nil, err
	}
	entries, err := probes.Set{targets.HTTP: probe}.Prepare(list.Targets)
	return &maker{catalog: catalog, entries: entries, begin: time.Now().Add(-eventsOver), step: eventsOver / time.Duration(n)}, err
}

// make checks and makes event number i. Those of a target are not made at the same time.
func (m *maker) make(ctx context.Context, i int) (events.Event, error) {
	entry := m.entries[i%len(m.entries)]
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	due := m.begin.Add(time.Duration(i) * m.step)
	really := time.Now()
	result, err := entry.Check.Run(ctx)
	if err != nil {
		return events.Event{}, err
	}
	result.Began = due.Add(result.Began.Sub(really))
	return probes.NewEvent(m.catalog, probes.Where{Location: "eu-central", Instance: "prober-1"}, entry.Target, due, result)
}

// some makes the events from number first on, several at a time, in their order.
func (m *maker) some(ctx context.Context, first, n int) ([]events.Event, error) {
	made, errs := make([]events.Event, n), make([]error, runtime.NumCPU())
	var all sync.WaitGroup
	for w := range errs {
		all.Go(func() {
			for i := w; i < n && errs[w] == nil; i += len(errs) {
				made[i], errs[w] = m.make(ctx, first+i)
			}
		})
	}
	all.Wait()
	return made, errors.Join(errs...)
}

// fill makes events and puts them on the topic, by the writer that the program has. bytes are those of the values.
func (at *place) fill(ctx context.Context, folder string) (bytes int, err error) {
	f, err := farm.New(addresses, http.HandlerFunc(answer))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	m, err := newMaker(f, folder, at.events)
	if err != nil {
		return 0, err
	}
	environment := append(at.environment(), fmt.Sprintf("KAFKA_TOPIC_PARTITIONS=%d", at.partitions))
	writer, err := kafkawriter.Plugin.Open(plugin.NewEnvironment(environment), plugin.Host{Catalog: m.catalog, Log: slog.Default()})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, writer.Close(ctx)) }()
	if err := writer.(events.Starter).Start(ctx); err != nil {
		return 0, err
	}
	for first := 0; first < at.events; first += pageToKafka {
		page, err := m.some(ctx, first, min(pageToKafka, at.events-first))
		if err != nil {
			return 0, err
		}
		for _, e := range page {
			bytes += len(e.JSON())
		}
		if rejected, err := writer.Write(ctx, page); err != nil || len(rejected) > 0 {
			return 0, fmt.Errorf("writing to the topic: %w, %d rejected", err, len(rejected))
		}
	}
	return bytes, nil
}
