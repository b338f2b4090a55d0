package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/targets"
)

func (a *app) importCommand() *cobra.Command {
	var disableMissing bool
	cmd := &cobra.Command{
		Use:   "import [FILE]",
		Short: "Load a list of targets into the table targets of the database",
		Long: `Loads a list into the table targets of the database at DATABASE_URL: FILE (.csv, .yaml or .yml, or - for CSV on standard
input), or without FILE what PROBE_URLS and PROBE_TARGETS_FILE name. The list is checked first, as by "validate"; with a
mistake in it nothing is written. Then targets that are not in the table are added, those that are there get all their
fields from the list, and all are enabled, in one transaction: after a failure nothing has changed, and it may be run again.

Rows that are not in the list stay as they are; with --disable-missing they are not probed any more.

Prints how many targets are new, changed and as before.

Exit codes: 0 done, 1 failed, 2 wrong call, configuration or list, 130 interrupted.`,
		Example: `  uptimer targets import targets.yaml
  generate-list | uptimer targets import --disable-missing -`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importTargets(cmd.Context(), args, disableMissing)
		},
	}
	cmd.Flags().BoolVar(&disableMissing, "disable-missing", false, "disable the rows that are not in the list")
	return cmd
}

func (a *app) exportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write the enabled targets of the table out as a list",
		Long: `Writes the enabled rows of the table targets in the database at DATABASE_URL as a list, sorted by URL: to FILE (.csv, .yaml
or .yml), or as CSV to standard output. "import" and PROBE_TARGETS_FILE read it back as the same list. A few texts are for
YAML alone, as CSV does not keep them: a body that begins with white space, say.

The list holds everything that the table does, also passwords in URLs and headers. FILE is for its owner alone.

Exit codes: 0 done, 1 failed, 2 wrong call or configuration, or a row that the list cannot hold, 130 interrupted.`,
		Example: `  uptimer targets export targets.yaml
  uptimer targets export | grep -c ^https`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error { return a.exportTargets(cmd.Context(), args) },
	}
}

// openTable is the table at DATABASE_URL.
func (a *app) openTable() (*targets.Table, error) {
	var config database.Config
	if err := plugin.Load(a.env, &config); err != nil {
		return nil, err
	}
	return targets.NewTable(config, slog.New(slog.DiscardHandler)), nil
}

func (a *app) importTargets(ctx context.Context, args []string, disableMissing bool) error {
	table, wrongTable := a.openTable()
	list, err := a.listToStore(ctx, args)
	if err := together(wrongTable, err); err != nil {
		return err
	}
	bar := a.newWorkBar("targets written")
	sum, err := table.Import(ctx, list, disableMissing, func(n int) { bar.show(n, len(list.Targets)) })
	bar.erase()
	switch {
	case err != nil && ctx.Err() != nil:
		return exitCode{exitInterrupted, "interrupted; nothing is changed, unless that was at the very end: it may be run again"}
	case err != nil:
		return failed(ctx, err)
	}
	for _, note := range list.Notes {
		fmt.Fprintln(a.stderr, "uptimer:", note)
	}
	line := fmt.Sprintf("%d new, %d changed, %d as before", sum.New, sum.Changed, sum.Same)
	if disableMissing {
		line += fmt.Sprintf(", %d disabled", sum.Disabled)
	}
	_, err = fmt.Fprintln(a.stdout, line)
	return err
}

// listToStore reads and checks the list that the arguments name.
func (a *app) listToStore(ctx context.Context, args []string) (*targets.List, error) {
	config, set, protocols, err := a.openList(args)
	defer func() { _ = set.Close() }() // no probe was started, so there is nothing to lose
	if err != nil {
		return nil, err
	}
	config.Table = "" // it is written to
	list, err := targets.NewSource(config, protocols, interruptible(ctx, a.stdin)).LoadToStore()
	if err == nil {
		_, err = set.Prepare(list.Targets)
	}
	return list, err
}

// failed is how a command ends that could not do its work.
func failed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return exitCode{exitInterrupted, ""}
	case database.NotMigrated(err):
		return errors.New("the database is not migrated: run `uptimer migrate`")
	}
	return err
}

func (a *app) exportTargets(ctx context.Context, args []string) error {
	table, wrong := a.openTable()
	file := targets.Stdin
	if len(args) == 1 {
		file = args[0]
	}
	form, wrongForm := targets.FormOf(file)
	if err := together(wrong, wrongForm); err != nil {
		return err
	}
	bar := a.newWorkBar("targets written")
	defer bar.erase()
	var n int
	write := func(to io.Writer) (err error) {
		n, err = table.Export(ctx, to, form, bar.show)
		return err
	}
	if file == targets.Stdin {
		if err := write(a.stdout); err != nil && !isGone(err) {
			return failed(ctx, err)
		}
		return nil
	}
	if err := replaceFile(file, write); err != nil {
		return failed(ctx, err)
	}
	bar.erase()
	_, err := fmt.Fprintf(a.stdout, "%d targets written\n", n)
	return err
}

// replaceFile writes a file anew: it is the old one until all is written.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".targets-*") // for its owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name()) // it may be what failed
		}
	}()
	if err := errors.Join(write(temporary), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
