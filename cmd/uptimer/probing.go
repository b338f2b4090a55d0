package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/metrics"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// probing is the reader that checks the targets of a list and follows the list.
type probing struct {
	scheduler *probes.Scheduler
	probes    probes.Set
	source    *targets.Source
	first     []probes.Entry
	log       *slog.Logger
	hups      <-chan struct{}
}

// openProbing opens the probes and reads the list for the first time. Mistakes of settings and of the list come
// back at once.
func (a *app) openProbing(ctx context.Context, protocols []string, host plugin.Host, counters *metrics.Metrics) (*probing, error) {
	var list targets.Config
	var schedule probes.SchedulerConfig
	wrongList, wrongSchedule := plugin.Load(a.env, &list), plugin.Load(a.env, &schedule)
	set, wrongProbes := a.openProbes(protocols, host)
	p := &probing{probes: set, source: targets.NewSource(list, protocols, interruptible(ctx, a.stdin)), log: host.Log, hups: a.hups}
	first, wrongTargets := p.source.Load()
	if blames(wrongList, "PROBE_URLS", "PROBE_TARGETS_FILE") {
		wrongTargets = nil // without what could not be read, the list is not the user's
	}
	if err := together(wrongList, wrongSchedule, wrongProbes, wrongTargets); err != nil {
		return nil, errors.Join(err, set.Close())
	}
	var err error
	if p.first, err = p.prepare(first); err != nil {
		return nil, errors.Join(err, set.Close())
	}
	p.scheduler = probes.NewScheduler(schedule, probes.SchedulerOptions{
		Catalog: host.Catalog, Observer: counters.Scheduler(), Log: host.Log, OnePass: list.Interval < 0,
	})
	return p, nil
}

// openProbes opens a probe for each protocol.
func (a *app) openProbes(protocols []string, host plugin.Host) (probes.Set, error) {
	var errs []error
	set := probes.Set{}
	for _, name := range protocols {
		probe, err := openPlugin(probePlugins, name, a.env, host)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		set[name] = probe
	}
	return set, together(errs...)
}

// prepare makes a list ready to be checked.
func (p *probing) prepare(list *targets.List) ([]probes.Entry, error) {
	for _, note := range list.Notes {
		p.log.Info(note)
	}
	entries, err := p.probes.Prepare(list.Targets)
	if err != nil {
		return nil, err
	}
	return entries, p.probes.Start(entries)
}

// Read checks the targets until ctx is cancelled or all is done, and follows the list meanwhile.
func (p *probing) Read(ctx context.Context, emit events.Emit) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var following sync.WaitGroup
	following.Go(func() { p.follow(ctx) })
	err := p.scheduler.Read(ctx, emit)
	cancel()
	following.Wait()
	return err
}

// follow puts the first list in force, and then every new version that is good.
func (p *probing) follow(ctx context.Context) {
	p.scheduler.Replace(ctx, p.first)
	p.first = nil
	p.source.Watch(ctx, p.hups, func(list *targets.List) {
		entries, err := p.prepare(list)
		if err != nil {
			p.refuse(err)
			return
		}
		began := time.Now()
		p.scheduler.Replace(ctx, entries)
		p.log.Info("a new list of targets is in force", "targets", len(entries), "took", time.Since(began).Round(time.Millisecond))
	}, p.refuse)
}

// mostRefusals is how many lines a list that is refused may give in the log.
const mostRefusals = 50

// refuse says why a new version of the list is not taken, a line for each mistake.
func (p *probing) refuse(err error) {
	const refused = "the new list of targets is refused, the old one stays"
	var ms setting.Mistakes
	if !errors.As(err, &ms) {
		p.log.Error(refused, "error", err)
		return
	}
	for _, m := range ms[:min(len(ms), mostRefusals)] {
		p.log.Error(refused, "error", m)
	}
	if len(ms) > mostRefusals {
		p.log.Error(refused + "; the first mistakes are above, `uptimer targets validate` tells all")
	}
}
