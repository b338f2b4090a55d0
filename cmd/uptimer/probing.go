package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/internal/metrics"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
	"github.com/uptimer/uptimer/targets/share"
)

// probing is the reader that checks the targets of a list and follows the list.
type probing struct {
	scheduler *probes.Scheduler
	probes    probes.Set
	source    *targets.Source
	first     []probes.Entry // nil: it is read with the table
	sharing   *sharing       // nil: the whole list is ours
	loaded    func()         // called when the first list is in force, or known where it is shared
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
	source := targets.NewSource(list, protocols, interruptible(ctx, a.stdin))
	wrongTable := a.addTable(source, list, host.Log)
	sharing, wrongSharing := a.openSharing(list, schedule, host.Log)
	p := &probing{probes: set, sharing: sharing, source: source, log: host.Log, hups: a.hups}
	first, wrongTargets := source.Load()
	if blames(wrongList, "PROBE_URLS", "PROBE_TARGETS_FILE") {
		wrongTargets = nil // without what could not be read, the list is not the user's
	}
	if err := together(wrongList, wrongTable, wrongSchedule, wrongSharing, wrongProbes, wrongTargets); err != nil {
		return nil, errors.Join(err, set.Close())
	}
	if !source.HasTable() { // which may have to be waited for: then it is known already what else is wrong
		if err := p.begin(first); err != nil {
			return nil, errors.Join(err, set.Close())
		}
	}
	p.scheduler = probes.NewScheduler(schedule, probes.SchedulerOptions{
		Catalog: host.Catalog, Observer: counters.Scheduler(), Log: host.Log, OnePass: list.Interval < 0,
	})
	return p, nil
}

// addTable adds the table that the settings name to the source of targets.
func (a *app) addTable(source *targets.Source, list targets.Config, log *slog.Logger) error {
	if list.Table == "" {
		return nil
	}
	var config database.Config
	if err := plugin.Load(a.env, &config); err != nil {
		return err
	}
	source.WithTable(targets.NewTable(config, log))
	return nil
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

// Read checks the targets until ctx is cancelled or all is done, and follows the list meanwhile. A table that cannot be
// read yet is waited for. Its error is that of the first list.
func (p *probing) Read(ctx context.Context, emit events.Emit) error {
	if p.source.HasTable() {
		if err := p.await(ctx); err != nil || ctx.Err() != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var following sync.WaitGroup
	following.Go(func() { p.follow(ctx) })
	var refused error
	if s := p.sharing; s != nil {
		following.Go(func() {
			refused = s.member.Run(ctx, func(mine share.Slices) { p.assigned(ctx, mine) })
			cancel()
		})
	}
	err := p.scheduler.Read(ctx, emit)
	cancel()
	following.Wait()
	return errors.Join(err, refused)
}

// ready is an error until there is something to check.
func (p *probing) ready() error {
	if p.sharing != nil {
		if err := p.sharing.ready(); err != nil {
			return err
		}
	}
	return p.scheduler.Ready()
}

// begin makes the first list ready.
func (p *probing) begin(list *targets.List) (err error) {
	p.first, err = p.prepare(list)
	if p.sharing != nil { // the rest was only looked at
		p.sharing.whole, p.first = list.Targets, nil
	}
	return err
}

// await reads the first list that has the table in it.
func (p *probing) await(ctx context.Context) error {
	list, err := p.source.Await(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	case len(list.Targets) == 0:
		p.log.Warn("there is nothing to probe yet: no row of the table targets is enabled; `uptimer targets import FILE` loads a list")
	}
	return p.begin(list)
}

// follow puts the first list in force, and then every new version that is good.
func (p *probing) follow(ctx context.Context) {
	if p.sharing == nil {
		p.scheduler.Begin(ctx, p.first)
	}
	p.first = nil
	p.loaded()
	p.source.Watch(ctx, p.hups, func(list *targets.List) error {
		began := time.Now()
		entries, err := p.prepare(list)
		if err != nil {
			return err
		}
		n := p.put(ctx, list, entries)
		p.log.Info("a new list of targets is in force", "targets", n, "took", time.Since(began).Round(time.Millisecond))
		return nil
	}, p.refuse)
}

// mostRefusals is how many lines a list that is refused may give in the log.
const mostRefusals = 50

// refuse says why a new version of the list is not taken, a line for each mistake.
func (p *probing) refuse(err error) {
	p.say("the new list of targets is refused, the old one stays", err)
}

// say says what is wrong with targets, a line for each mistake.
func (p *probing) say(what string, err error) {
	var ms setting.Mistakes
	if !errors.As(err, &ms) {
		p.log.Error(what, "error", err)
		return
	}
	for _, m := range ms[:min(len(ms), mostRefusals)] {
		p.log.Error(what, "error", m)
	}
	if len(ms) > mostRefusals {
		p.log.Error(what + "; the first mistakes are above, `uptimer targets validate` tells all")
	}
}
