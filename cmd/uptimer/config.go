package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
)

func (a *app) configCommand() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print every variable: its value in force, its default and what it means",
		Long: `Prints every variable: its name, the value in force, its default and what it means. Secrets are hidden.

A variable set to nothing is unset. Each is also read from the file that NAME_FILE names.`,
		Example: `  PROBE_INTERVAL=10 uptimer config
  uptimer config --markdown > configuration.md`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				return writeReference(a.stdout)
			}
			return a.printConfig()
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the reference for the docs, without values")
	return cmd
}

// printConfig prints all variables as they are; mistakes of NAME_FILE are said afterwards.
func (a *app) printConfig() error {
	var ms setting.Mistakes
	table := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "VARIABLE\tVALUE\tDEFAULT\tMEANING")
	for _, v := range variables() {
		value, set, err := a.env.Lookup(v.Name)
		ms.Join(v.Name, err)
		if !set {
			value = v.Default
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", v.Name, shownValue(v, value), orDash(v.Default), v.Desc)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return ms.Err()
}

// widestValue keeps one long list from making every line of the table as long.
const widestValue = 200

// shownValue is a value on one line, without secrets.
func shownValue(v plugin.Variable, value string) string {
	if v.Secret && value != "" {
		return setting.Hidden
	}
	value = printable(setting.Redact(value))
	if runes := []rune(value); len(runes) > widestValue {
		value = string(runes[:widestValue]) + "…"
	}
	return orDash(value)
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// writeReference writes all variables as the docs show them, a table a section.
func writeReference(w io.Writer) error {
	var b strings.Builder
	for i, s := range sections() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "## %s\n\n%s", s.title, markdownTable(s.vars))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownTable is a table of variables.
func markdownTable(vars []plugin.Variable) string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, v := range vars {
		def := "–"
		if v.Default != "" {
			def = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, def, cell.Replace(v.Desc))
	}
	return b.String()
}
