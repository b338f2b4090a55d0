package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/migrations"
)

func (a *app) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate [up|down|status]",
		Short: "Make the tables in the database at DATABASE_URL",
		Long: `Makes, or changes, the tables in the database at DATABASE_URL. The migrations are inside the program; the program dbmate
may be used on the same database.

  up      applies what the database does not have yet (the default); it may run again, and from several places at once
  down    takes back the newest migration, with all that is in its tables; nothing if none is left
  status  prints a line a migration: version, name, applied or pending; it changes nothing

Exit codes: 0 done, 1 failed, 2 wrong call or configuration.`,
		Example: `  DATABASE_URL=postgres://uptimer@db.example.com/uptimer uptimer migrate
  uptimer migrate status`,
		Args:      migrateArguments,
		ValidArgs: []string{"up", "down", "status"},
		RunE: func(cmd *cobra.Command, args []string) error {
			what := "up"
			if len(args) == 1 {
				what = args[0]
			}
			return a.migrate(cmd.Context(), what)
		},
	}
}

// migrateArguments refuses what is none of up, down and status.
func migrateArguments(cmd *cobra.Command, args []string) error {
	if err := atMostOne(cmd, args); err != nil {
		return err
	}
	if err := cobra.OnlyValidArgs(cmd, args); err != nil {
		return wrongCall(fmt.Errorf("unknown argument %q for %s; want up, down or status", args[0], cmd.CommandPath()))
	}
	return nil
}

func (a *app) migrate(ctx context.Context, what string) error {
	var config database.Config
	if err := plugin.Load(a.env, &config); err != nil {
		return err
	}
	conn, err := config.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // every change is committed by now
	var list []migrations.Migration
	switch what {
	case "up":
		list, err = migrations.Up(ctx, conn)
	case "down":
		var taken *migrations.Migration
		if taken, err = migrations.Down(ctx, conn); taken != nil {
			list = append(list, *taken)
		}
	default:
		list, err = migrations.Status(ctx, conn)
	}
	for _, m := range list {
		fmt.Fprintln(a.stdout, m)
	}
	return err
}
