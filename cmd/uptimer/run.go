package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/pipeline"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/lasting"
	"github.com/uptimer/uptimer/internal/memory"
	"github.com/uptimer/uptimer/internal/metrics"
	"github.com/uptimer/uptimer/internal/version"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run what the environment describes, until SIGTERM (the same as no command)",
		Long: `Reads events from READER_PLUGIN and writes them to WRITER_PLUGIN (one, or a comma list: to all of them), until SIGTERM or SIGINT, or until the source is
exhausted. Events go to standard output only with the stdout writer; the log goes to standard error.

Exit codes: 0 done, also when targets are down; 1 failed; 2 the configuration is wrong (a line for each mistake).`,
		Example: `  PROBE_URLS=https://example.com uptimer run
  PROBE_TARGETS_FILE=targets.yaml PROBE_INTERVAL=10 METRICS_ADDR=:9090 uptimer run`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runPipeline(cmd.Context()) },
	}
}

// runPipeline does what the environment says.
func (a *app) runPipeline(ctx context.Context) error {
	settings, wrong := a.settings()
	log := a.logger(settings)
	a.warnNearMisses(log)
	garbage := memory.Tune(a.variable)
	defer garbage.Stop()
	counters := metrics.New()
	host, err := a.host(log, counters.Misjudged)
	if err != nil {
		return err
	}
	host.Observer = counters.Plugins()
	flow, err := a.open(ctx, settings, host, counters)
	switch err := together(wrong, err); {
	case err != nil && ctx.Err() != nil: // SIGTERM while the list was read
		return nil
	case err != nil:
		return err
	}
	if settings.Metrics != "" {
		stop, err := metrics.Serve(string(settings.Metrics), counters.Handler(flow.healthy, allReady(flow.ready)), log)
		if err != nil {
			return errors.Join(err, flow.close())
		}
		defer stop()
		defer keepLooking(flow.looks)()
	}
	flow.whenLoaded(garbage.Loaded)
	log.Info("garbage collection", garbage.Settings()...)
	log.Info("uptimer starts", "version", version.Short(), "reader", settings.Reader.String(), "writer", flow.sinkNames(),
		"workers", settings.Workers.String())
	err = pipeline.Run(ctx, flow.readers, flow.sinks, pipeline.Config{Grace: settings.grace(), Log: log})
	return errors.Join(err, flow.close())
}

// settings reads what belongs to no plugin.
func (a *app) settings() (s runSettings, err error) {
	err = plugin.Load(a.env, &s)
	return s, err
}

// host is what plugins work with. count is called for each event that is misjudged.
func (a *app) host(log *slog.Logger, count func()) (plugin.Host, error) {
	catalog, err := catalog(events.WithSecondOpinion(secondOpinions, misjudged(log, count)))
	return plugin.Host{Catalog: catalog, Log: log, Stdout: a.stdout}, err
}

// secondOpinions is how many of our own events there are for one that the library judges after the fast path took it.
const secondOpinions = 1000

// misjudged says in the log that the fast path and the library differ, and counts it: it is a defect of ours.
func misjudged(log *slog.Logger, count func()) func([]byte, error) {
	fault := &lasting.Fault{Log: log, Level: slog.LevelError, Began: "the fast path took an event that the library does not take as it is; please report this"}
	return func(text []byte, err error) {
		count()
		fault.Happened("event", string(text[:min(len(text), 4096)]), "error", err)
	}
}

// flow is the readers, the writers and what is behind them.
type flow struct {
	readers []events.Reader
	sinks   []pipeline.Sink
	healthy metrics.Health
	ready   []metrics.Health // of the source and of each writer
	looks   []func(context.Context)
	probing *probing // nil: the source is no list of targets
	close   func() error
}

// whenLoaded has it called when what is kept for long is in memory.
func (f *flow) whenLoaded(call func()) {
	if f.probing != nil {
		f.probing.loaded = call
		return
	}
	call()
}

// open makes the readers and the writers that the settings ask for. All mistakes come back at once.
func (a *app) open(ctx context.Context, s runSettings, host plugin.Host, counters *metrics.Metrics) (*flow, error) {
	f := &flow{healthy: alwaysHealthy, close: func() error { return nil }}
	return f, together(a.openReaders(ctx, f, s, host, counters), a.openWriters(f, s, host, counters), s.checkTopics(a.env))
}

// alwaysHealthy is the health of what cannot fail.
func alwaysHealthy() error { return nil }

// openReaders opens the one scheduler of the probes, or as many readers as there are workers.
func (a *app) openReaders(ctx context.Context, f *flow, s runSettings, host plugin.Host, counters *metrics.Metrics) error {
	source, err := s.source()
	if err != nil {
		return err
	}
	if source.reader != "" {
		f.readers, err = openPlugins(readerPlugins, source.reader, s.readersOf(source.reader), a.env, host)
		if err == nil {
			f.watchSource(source.reader)
		}
		return err
	}
	p, err := a.openProbing(ctx, source.protocols, host, counters)
	if err == nil {
		f.readers, f.probing, f.healthy, f.close = []events.Reader{p}, p, p.scheduler.Healthy, p.probes.Close
		f.ready = append(f.ready, p.ready)
	}
	return err
}

// watchSource sees to it that it is known whether the readers' source is there. They have the same.
func (f *flow) watchSource(name string) {
	if looker, ok := f.readers[0].(events.Looker); ok {
		source := newWatchedSource(looker, name)
		f.ready, f.looks = append(f.ready, source.ready), append(f.looks, source.look)
	}
}

// openWriters opens the writers of each sink.
func (a *app) openWriters(f *flow, s runSettings, host plugin.Host, counters *metrics.Metrics) error {
	names, err := s.sinks()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		writers, err := openPlugins(writerPlugins, name, s.writersOf(name), a.env, host)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for i, w := range writers {
			sink := newWatched(w, name)
			writers[i], f.ready = sink, append(f.ready, sink.ready)
			if i == 0 { // the others would see the same
				f.looks = append(f.looks, sink.look)
			}
		}
		f.sinks = append(f.sinks, pipeline.Sink{Name: name, Writers: writers, Observer: counters.Writer(name)})
	}
	return together(errs...)
}

// sinkNames are the names of all sinks.
func (f *flow) sinkNames() string {
	var names []string
	for _, s := range f.sinks {
		names = append(names, s.Name)
	}
	return strings.Join(names, ",")
}

// openPlugins opens one of the plugins so many times. Each says in the log which one it is, but what all of them meet is
// said once.
func openPlugins[T any](plugins []plugin.Plugin[T], name string, count int, env *plugin.Environment, host plugin.Host) (all []T, err error) {
	host.Workers = count
	for _, log := range lasting.Together(host.Log, count) {
		host.Log = log
		opened, err := openPlugin(plugins, name, env, host)
		if err != nil {
			return nil, err // the next one would say the same
		}
		all = append(all, opened)
	}
	return all, nil
}

// openPlugin opens one of the plugins, which is there.
func openPlugin[T any](plugins []plugin.Plugin[T], name string, env *plugin.Environment, host plugin.Host) (T, error) {
	i := slices.IndexFunc(plugins, func(p plugin.Plugin[T]) bool { return p.Name == name })
	return plugins[i].Open(env, host)
}
