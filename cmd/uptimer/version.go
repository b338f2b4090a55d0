package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/internal/version"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and Go version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "uptimer %s\ncommit %s\n%s %s/%s\n",
				version.Short(), version.Commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
