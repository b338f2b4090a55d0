package postgres

import (
	"context"
	"errors"
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
			w.letIn = true
			w.keeper = keep(func(ctx context.Context) error { return w.config.upkeep(ctx, w.log) }, w.log)
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
	if err = writable(ctx, conn); err == nil {
		err = may(ctx, conn)
	}
	if err == nil {
		err = makePartitions(ctx, conn, ahead(w.now()))
	}
	if err != nil {
		w.disconnect(ctx)
	}
	return err
}

// writable finds out whether the server takes any changes at all.
func writable(ctx context.Context, conn *pgx.Conn) error {
	var readOnly bool
	if err := conn.QueryRow(ctx, "SELECT current_setting('transaction_read_only')::boolean").Scan(&readOnly); err != nil {
		return fmt.Errorf("asking whether the server is read-only: %w", err)
	}
	if readOnly {
		return errors.New("the server is read-only, as a standby is; want one that can be written to (with several hosts in DATABASE_URL: target_session_attrs=read-write)")
	}
	return nil
}

// Look asks whether the database can be reached and has its tables. See events.Looker.
func (w *Writer) Look(ctx context.Context) error {
	conn, err := w.config.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() {
		_ = conn.Close(ctx) // nothing was written
		<-conn.PgConn().CleanupDone()
	}()
	if err := writable(ctx, conn); err != nil {
		return err
	}
	return may(ctx, conn)
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
