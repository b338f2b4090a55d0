package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

func (a *app) targetsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "targets",
		Short: "Work with lists of targets",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.validateCommand(), a.importCommand(), a.exportCommand())
	return cmd
}

func (a *app) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check a list of targets without probing anything",
		Long: `Checks a list: FILE (.csv, .yaml or .yml, or - for CSV on standard input), or without FILE what the environment
names. Prints how many targets there are, or every mistake with its file, line and field.

Exit codes: 0 the list is good, 2 it is not.`,
		Example: `  uptimer targets validate targets.yaml
  generate-list | uptimer targets validate -`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error { return a.validateTargets(cmd.Context(), args) },
	}
}

func (a *app) validateTargets(ctx context.Context, args []string) error {
	config, set, protocols, err := a.openList(args)
	defer func() { _ = set.Close() }() // no probe was started, so there is nothing to lose
	if err != nil {
		return err
	}
	source := targets.NewSource(config, protocols, interruptible(ctx, a.stdin))
	if err := a.addTable(source, config, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	return failed(ctx, a.validateList(ctx, source, set.Prepare))
}

// openList opens what is needed to read and check a list: the file that the arguments name, or what the environment does.
func (a *app) openList(args []string) (config targets.Config, set probes.Set, protocols []string, err error) {
	settings, wrong := a.settings()
	host, err := a.host(slog.New(slog.DiscardHandler), func() {})
	if err != nil {
		return config, nil, nil, err
	}
	source, err := settings.source()
	if err != nil || source.reader != "" {
		source.protocols = pluginsOf(probePlugins)
	}
	wrongList := plugin.Load(a.env, &config)
	set, wrongProbes := a.openProbes(source.protocols, host)
	if len(args) == 1 {
		config.File, config.URLs, config.Regexes, config.Table = args[0], "", "", ""
	}
	return config, set, source.protocols, together(wrong, err, wrongList, wrongProbes)
}

// validateList reads a list and says what is in it.
func (a *app) validateList(ctx context.Context, source *targets.Source, prepare func([]targets.Target) ([]probes.Entry, error)) error {
	list, err := source.LoadAll(ctx)
	if err != nil {
		return err
	}
	entries, err := prepare(list.Targets)
	if err != nil {
		return err
	}
	for _, note := range list.Notes {
		fmt.Fprintln(a.stderr, "uptimer:", note)
	}
	counts := map[string]int{}
	for _, e := range entries {
		counts[e.Target.Scheme()]++
	}
	line := fmt.Sprintf("%d targets are good:", len(entries))
	switch len(entries) {
	case 0: // all belong to other instances
		line = "the list is good; no target of it belongs to this instance"
	case 1:
		line = "1 target is good:"
	}
	for _, scheme := range slices.Sorted(maps.Keys(counts)) {
		line += fmt.Sprintf(" %d %s", counts[scheme], scheme)
	}
	_, err = fmt.Fprintln(a.stdout, line)
	return err
}
