package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

func (a *app) checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check URL…",
		Short: "Check each URL once and show what happened",
		Long: `Checks each URL once and shows whether it is up, where the time went, and when its certificate expires.

A URL is http://…, https://…, tcp://host:port or icmp://host; a bare host means https. The PROBE_* variables are in
force ("uptimer config" lists them); what they say of lists and schedules is not. Several URLs are checked at the same
time and shown in the order given. Times are UTC (Z).

Exit codes: 0 all are up, 1 at least one is down, 2 the call or a setting is wrong, 3 at least one could not be checked,
for a reason of this machine's own (also when others are down: the answer is not complete), 130 interrupted.`,
		Example: `  uptimer check example.com
  uptimer check https://example.com/health tcp://db.example.com:5432 icmp://192.0.2.7
  PROBE_TIMEOUT=2 PROBE_EXPECTED_STATUS=401 uptimer check https://example.com/private
  PROBE_REGEXES='All Systems' uptimer check --json https://example.com/status | jq .timings_ms`,
		Args:              atLeastOneURL,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, urls []string) error {
			return a.checkURLs(cmd.Context(), urls, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the events instead, a line each")
	return cmd
}

func atLeastOneURL(cmd *cobra.Command, urls []string) error {
	if len(urls) == 0 {
		return wrongCall(fmt.Errorf("no URL; want at least one, for example: %s https://example.com", cmd.CommandPath()))
	}
	return nil
}

// checkURLs checks and prints. Its error holds the exit code.
func (a *app) checkURLs(ctx context.Context, urls []string, asJSON bool) error {
	settings, wrong := a.settings()
	l := a.look()
	progress := newProgress(a.stderr, l.spinner)
	log := a.quietLogger(settings, progress)
	host, err := a.host(log, func() {})
	if err != nil {
		return err
	}
	c, err := a.prepareChecks(urls, host)
	if err := together(wrong, err); err != nil {
		return errors.Join(err, c.close())
	}
	a.warnNearMisses(log)
	for _, note := range c.notes {
		fmt.Fprintln(a.stderr, "uptimer:", note)
	}
	p := printer{out: a.stdout, errs: a.stderr, look: l, asJSON: asJSON}
	return errors.Join(c.answer(ctx, &p, progress), c.close())
}

// quietLogger logs warnings and worse, and keeps them apart from the line that shows the progress.
func (a *app) quietLogger(s runSettings, stderr io.Writer) *slog.Logger {
	s.LogLevel = max(s.LogLevel, logLevel(slog.LevelWarn))
	if s.LogFormat == "" && isTerminal(a.stderr) {
		s.LogFormat = logText
	}
	quiet := *a
	quiet.stderr = stderr
	return quiet.logger(s)
}

// prepareChecks reads the settings and the URLs and makes them ready. All mistakes come back at once; what is open
// is to be closed also then.
func (a *app) prepareChecks(urls []string, host plugin.Host) (*checking, error) {
	var config targets.Config
	var schedule probes.SchedulerConfig
	wrongList, wrongSchedule := plugin.Load(a.env, &config), plugin.Load(a.env, &schedule)
	protocols := pluginsOf(probePlugins)
	set, wrongProbes := a.openProbes(protocols, host)
	c := &checking{probes: set, catalog: host.Catalog, where: schedule.Where(), atOnce: schedule.Concurrency.Limit(maxAtOnce)}
	list, wrongURLs := targets.OfURLs(onceConfig(config, host.Log), protocols, "URL", urls)
	if err := together(wrongList, wrongSchedule, wrongProbes, wrongURLs); err != nil {
		return c, err
	}
	c.notes = list.Notes
	entries, err := set.Prepare(list.Targets)
	if err != nil {
		return c, err
	}
	c.entries = entries
	return c, c.start()
}

// onceConfig leaves out what concerns lists and schedules: each URL is checked, with the whole timeout, whatever
// the interval and whoever else checks it.
func onceConfig(c targets.Config, log *slog.Logger) targets.Config {
	c.Interval, c.Distributed = -1, false
	if isPositional(c) {
		log.Warn("PROBE_REGEXES is a list that goes with PROBE_URLS: it is not in force here; set it to one regular expression")
		c.Regexes = ""
	}
	return c
}

// isPositional tells whether PROBE_REGEXES holds an expression for each of several URLs: then it depends on how
// many URLs there are whether it is right.
func isPositional(c targets.Config) bool {
	said := func(urls ...string) string {
		_, err := targets.OfURLs(c, nil, "URL", urls)
		return fmt.Sprint(err)
	}
	return said("https://a.invalid") != said("https://a.invalid", "https://b.invalid")
}

// start starts the probes. What this machine does not let one do is kept for the targets of its protocol: others
// can be checked nevertheless.
func (c *checking) start() error {
	c.unable = map[string]error{}
	for _, e := range c.entries {
		protocol := e.Target.Protocol()
		if _, started := c.unable[protocol]; started {
			continue
		}
		same := slices.DeleteFunc(slices.Clone(c.entries), func(o probes.Entry) bool { return o.Target.Protocol() != protocol })
		err := c.probes.Start(same)
		if isMistake(err) {
			return err
		}
		c.unable[protocol] = err
	}
	return nil
}

// oneLine is an error's text on one line, without a stack.
func oneLine(err error) string {
	text, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return setting.Redact(text)
}
