package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/schemas"
)

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1 // at run time; of check: a target is down
	exitWrong   = 2 // the configuration or the call is wrong
	exitNoCheck = 3 // of check: it could not be checked
)

// app is one call of the program and what it has to do with the world.
type app struct {
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	hups    <-chan struct{} // a value for each SIGHUP; nil: none come

	env *plugin.Environment
}

// exitCode is an error that ends the program with a code and, if it has no text, without a word.
type exitCode struct {
	code int
	text string
}

func (e exitCode) Error() string { return e.text }

// execute runs the command that the arguments name and returns the exit code.
func (a *app) execute(ctx context.Context, args []string) int {
	a.env = plugin.NewEnvironment(a.environ)
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	return a.explain(root.ExecuteContext(ctx))
}

// explain says an error to the user and finds its exit code.
func (a *app) explain(err error) int {
	var code exitCode
	var mistakes setting.Mistakes
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &mistakes):
		for line := range strings.SplitSeq(mistakes.Error(), "\n") {
			fmt.Fprintln(a.stderr, "uptimer:", line)
		}
		return exitWrong
	case errors.As(err, &code):
		if code.text != "" {
			fmt.Fprintln(a.stderr, "uptimer:", code.text)
		}
		return code.code
	default:
		for line := range strings.SplitSeq(setting.Redact(err.Error()), "\n") {
			fmt.Fprintln(a.stderr, "uptimer:", line)
		}
		return exitFailed
	}
}

// wrongCall is the error of an unknown command, flag or argument.
func wrongCall(err error) error { return exitCode{exitWrong, err.Error()} }

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "uptimer",
		Short: "Checks whether network endpoints are up",
		Long: `Uptimer checks whether network endpoints are up, by HTTP, TCP and ICMP, and writes an event for each check.

Everything is set by environment variables; "uptimer config" lists them. To begin:

  uptimer check https://example.com                    one check, one answer
  PROBE_URLS=https://example.com uptimer               a check every 30 seconds, an event each on standard output
  PROBE_TARGETS_FILE=targets.csv uptimer               a list of targets, followed while running`,
		Example: `  PROBE_URLS='["https://example.com", "tcp://db.example.com:5432", "icmp://192.0.2.7"]' PROBE_INTERVAL=10 uptimer`,
		Args:    noArguments, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runPipeline(cmd.Context()) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return wrongCall(fmt.Errorf("%s; see %s --help", printable(err.Error()), cmd.CommandPath()))
	})
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(a.runCommand(), a.checkCommand(), a.configCommand(), a.migrateCommand(), a.schemaCommand(), a.targetsCommand(),
		a.deadLettersCommand(), a.healthCommand(), a.versionCommand())
	return root
}

// noArguments refuses arguments, and names the command that may have been meant.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 && !cmd.HasParent() {
		hint = fmt.Sprintf("; did you mean %s?", strings.Join(near, ", "))
	}
	return wrongCall(fmt.Errorf("unknown command or argument %q for %s%s", args[0], cmd.CommandPath(), hint))
}

// catalog is the event types of this build.
func catalog(options ...events.Option) (*events.Catalog, error) {
	return events.NewCatalog(schemas.FS, options...)
}

// isTerminal tells whether a person looks at what is written there.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// logger writes to stderr in the form that the settings say.
func (a *app) logger(s runSettings) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.Level(s.LogLevel), ReplaceAttr: spelledOut}
	if s.LogFormat == logText || s.LogFormat == "" && isTerminal(a.stderr) {
		return slog.New(slog.NewTextHandler(a.stderr, options))
	}
	return slog.New(slog.NewJSONHandler(a.stderr, options))
}

// spelledOut writes time spans with their unit; in JSON they would be bare nanoseconds.
func spelledOut(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	return a
}

// printable writes what a terminal could take for a command, or cannot show at all, as an escape.
func printable(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return text
	}
	return strings.Trim(strconv.QuoteToGraphic(text), `"`)
}
