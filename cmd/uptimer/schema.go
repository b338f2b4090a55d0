package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Print the names of the event schemas, or one of them",
		Long: `Without NAME: the names of the JSON Schemas (draft 2020-12) that events follow, one a line. With NAME: that schema,
with everything that it refers to inside, so that any validator can use it alone.`,
		Example: `  uptimer schema
  uptimer schema HTTPProbeEvent > HTTPProbeEvent.json`,
		Args: atMostOne,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			c, err := catalog()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return c.Titles(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.printSchema(args) },
	}
}

func (a *app) printSchema(args []string) error {
	c, err := catalog()
	if err != nil {
		return err
	}
	if len(args) == 0 {
		_, err := fmt.Fprintln(a.stdout, strings.Join(c.Titles(), "\n"))
		return err
	}
	bundle, err := c.Bundle(args[0])
	if err != nil {
		return wrongCall(err)
	}
	_, err = fmt.Fprintf(a.stdout, "%s\n", bundle)
	return err
}

// atMostOne refuses a second argument.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return wrongCall(fmt.Errorf("%s takes at most one argument, got %d: %q", cmd.CommandPath(), len(args), args))
	}
	return nil
}
