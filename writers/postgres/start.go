package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/database"
)

// startPause is the time from one look at a database that is not ready to the next.
const startPause = time.Second

// Start waits until the database can be reached and is migrated, makes the partitions of these days, and begins
// their upkeep. Its error says why the database refuses us for good.
func (w *Writer) Start(ctx context.Context) error {
	for {
		err := w.look(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			w.away.Over()
			w.bare.Over()
			w.keeper = keep(w.config, w.log)
			return nil
		case database.Refused(err):
			return fmt.Errorf("the database refuses us: %w", err)
		case database.NotMigrated(err):
			w.away.Over()
			w.bare.Happened("error", err)
		default:
			w.away.Happened("error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(startPause):
		}
	}
}

// look finds out whether events can be stored.
func (w *Writer) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	conn, err := w.session(ctx)
	if err != nil {
		return err
	}
	if err = may(ctx, conn); err == nil {
		err = makePartitions(ctx, conn, ahead(w.now()))
	}
	if err != nil {
		w.disconnect(ctx)
	}
	return err
}

// may finds out whether the tables are there and may be used.
func may(ctx context.Context, conn *pgx.Conn) error {
	const need = `SELECT n.name, n.privilege FROM (VALUES
		('targets', 'SELECT'), ('targets', 'INSERT'), ('probe_events', 'INSERT'), ('events', 'INSERT'),
		('target_state', 'SELECT'), ('target_state', 'INSERT'), ('target_state', 'UPDATE')) AS n (name, privilege)
		WHERE NOT has_table_privilege(n.name, n.privilege)`
	rows, _ := conn.Query(ctx, need) // CollectRows has the error
	type lack struct{ Name, Privilege string }
	missing, err := pgx.CollectRows(rows, pgx.RowToStructByPos[lack])
	if err != nil {
		return fmt.Errorf("looking for the tables: %w", err)
	}
	for _, m := range missing {
		return fmt.Errorf("%w to %s table %s; want it granted to the user of DATABASE_URL", database.ErrNoPrivilege, m.Privilege, m.Name)
	}
	return nil
}
