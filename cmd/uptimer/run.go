package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/pipeline"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/metrics"
	"github.com/uptimer/uptimer/internal/version"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run what the environment describes, until SIGTERM (the same as no command)",
		Long: `Reads events from READER_PLUGIN and writes them to WRITER_PLUGIN, until SIGTERM or SIGINT, or until the source is
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
	host, err := a.host(log)
	if err != nil {
		return err
	}
	counters := metrics.New()
	flow, err := a.open(ctx, settings, host, counters)
	switch err := together(wrong, err); {
	case err != nil && ctx.Err() != nil: // SIGTERM while the list was read
		return nil
	case err != nil:
		return err
	}
	if settings.Metrics != "" {
		stop, err := metrics.Serve(string(settings.Metrics), counters.Handler(flow.healthy, flow.ready), log)
		if err != nil {
			return errors.Join(err, flow.close())
		}
		defer stop()
	}
	log.Info("uptimer starts", "version", version.Short(), "reader", settings.Reader.String(), "writer", flow.writerName)
	err = pipeline.Run(ctx, flow.reader, flow.writer, pipeline.Config{
		Grace: settings.grace(), Log: log, Name: flow.writerName, Observer: counters.Writer(flow.writerName),
	})
	return errors.Join(err, flow.close())
}

// settings reads what belongs to no plugin.
func (a *app) settings() (s runSettings, err error) {
	err = plugin.Load(a.env, &s)
	return s, err
}

// host is what plugins work with.
func (a *app) host(log *slog.Logger) (plugin.Host, error) {
	catalog, err := catalog()
	return plugin.Host{Catalog: catalog, Log: log, Stdout: a.stdout}, err
}

// flow is a reader, a writer and what is behind them.
type flow struct {
	reader     events.Reader
	writer     events.Writer
	writerName string
	healthy    metrics.Health
	ready      metrics.Health
	close      func() error
}

// open makes the reader and the writer that the settings ask for. All mistakes come back at once.
func (a *app) open(ctx context.Context, s runSettings, host plugin.Host, counters *metrics.Metrics) (*flow, error) {
	f := &flow{healthy: alwaysHealthy, ready: alwaysHealthy, close: func() error { return nil }}
	return f, together(a.openReader(ctx, f, s, host, counters), a.openWriter(f, s, host))
}

// alwaysHealthy is the health of what cannot fail.
func alwaysHealthy() error { return nil }

func (a *app) openWriter(f *flow, s runSettings, host plugin.Host) (err error) {
	if f.writerName, err = s.sink(); err != nil {
		return err
	}
	writer, err := openPlugin(writerPlugins, f.writerName, a.env, host)
	if err == nil {
		sink := &watched{Writer: writer}
		f.writer, f.ready = sink, both(f.ready, sink.ready)
	}
	return err
}

func (a *app) openReader(ctx context.Context, f *flow, s runSettings, host plugin.Host, counters *metrics.Metrics) error {
	source, err := s.source()
	if err != nil {
		return err
	}
	if source.reader != "" {
		f.reader, err = openPlugin(readerPlugins, source.reader, a.env, host)
		return err
	}
	p, err := a.openProbing(ctx, source.protocols, host, counters)
	if err == nil {
		f.reader, f.healthy, f.ready, f.close = p, p.scheduler.Healthy, p.scheduler.Ready, p.probes.Close
	}
	return err
}

// openPlugin opens one of the plugins, which is there.
func openPlugin[T any](plugins []plugin.Plugin[T], name string, env *plugin.Environment, host plugin.Host) (T, error) {
	i := slices.IndexFunc(plugins, func(p plugin.Plugin[T]) bool { return p.Name == name })
	return plugins[i].Open(env, host)
}
