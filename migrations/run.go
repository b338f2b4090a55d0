package migrations

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Migration is a migration and whether the database has it.
type Migration struct {
	Version string
	Name    string
	Applied bool
}

// lock is the advisory lock that keeps those apart who migrate at the same time: "uptimer" as a number.
const lock = 0x757074696d6572

// Up applies what the database does not have yet, oldest first, each in a transaction of its own, and returns what
// it has applied. It may run again, and from several places at once: one applies, the others wait for it. After an
// error, what was applied before stays.
func Up(ctx context.Context, conn *pgx.Conn) (applied []Migration, err error) {
	list, err := load(files)
	if err != nil {
		return nil, err
	}
	have, err := versions(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if have[m.version] {
			continue // with nothing to apply, no permission is needed and nobody is waited for
		}
		done, err := step(ctx, conn, m, m.up, "INSERT INTO schema_migrations (version) VALUES ($1) ON CONFLICT DO NOTHING")
		if err != nil {
			return applied, fmt.Errorf("applying migration %s_%s: %w", m.version, m.name, err)
		}
		if done {
			applied = append(applied, Migration{m.version, m.name, true})
		}
	}
	return applied, nil
}

// Down takes back the newest migration that the database has, and returns it; nil if there is none.
func Down(ctx context.Context, conn *pgx.Conn) (*Migration, error) {
	for {
		newest, err := newestApplied(ctx, conn)
		if newest == nil || err != nil {
			return nil, err
		}
		done, err := step(ctx, conn, *newest, newest.down, "DELETE FROM schema_migrations WHERE version = $1")
		if err != nil {
			return nil, fmt.Errorf("taking back migration %s_%s: %w", newest.version, newest.name, err)
		}
		if done { // else somebody else was quicker, and took back that one
			return &Migration{newest.version, newest.name, false}, nil
		}
	}
}

// Status lists all migrations, oldest first, those that the database has and this program does not know included.
// It changes nothing.
func Status(ctx context.Context, conn *pgx.Conn) ([]Migration, error) {
	known, err := load(files)
	if err != nil {
		return nil, err
	}
	have, err := versions(ctx, conn)
	if err != nil {
		return nil, err
	}
	list := make([]Migration, 0, len(known))
	for _, m := range known {
		list = append(list, Migration{m.version, m.name, have[m.version]})
		delete(have, m.version)
	}
	for version := range have {
		list = append(list, Migration{version, unknown, true})
	}
	slices.SortFunc(list, func(a, b Migration) int { return strings.Compare(a.Version, b.Version) })
	return list, nil
}

// unknown stands for the name of a migration of a newer program.
const unknown = "unknown-to-this-program"

// step runs one migration's SQL and notes that, in one transaction. It tells false if the note was there, or was
// gone, already: then nothing is done.
func step(ctx context.Context, conn *pgx.Conn, m migration, sql, note string) (done bool, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lock)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar PRIMARY KEY)"); err != nil {
			return err
		}
		noted, err := tx.Exec(ctx, note, m.version)
		if err != nil || noted.RowsAffected() == 0 {
			return err
		}
		done = true
		// The simple protocol: several statements in one text.
		_, err = tx.Conn().PgConn().Exec(ctx, sql).ReadAll()
		return err
	})
	return done && err == nil, err
}

// newestApplied is the newest migration that the database has, nil if none.
func newestApplied(ctx context.Context, conn *pgx.Conn) (*migration, error) {
	known, err := load(files)
	if err != nil {
		return nil, err
	}
	have, err := versions(ctx, conn)
	if len(have) == 0 || err != nil {
		return nil, err
	}
	newest := slices.Max(slices.Collect(maps.Keys(have)))
	i := slices.IndexFunc(known, func(m migration) bool { return m.version == newest })
	if i < 0 {
		return nil, fmt.Errorf("the database has migration %s, which this program does not know; want it taken back by the newer program that has applied it", newest)
	}
	return &known[i], nil
}

// undefinedTable is PostgreSQL's code for a table that is not there.
const undefinedTable = "42P01"

// versions is what the database has. Without the table that is nothing.
func versions(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	rows, _ := conn.Query(ctx, "SELECT version FROM schema_migrations") // CollectRows has the error
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == undefinedTable {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading which migrations the database has: %w", err)
	}
	have := make(map[string]bool, len(list))
	for _, version := range list {
		have[version] = true
	}
	return have, nil
}

// String is a line for people: version, name, applied or pending.
func (m Migration) String() string {
	state := "pending"
	if m.Applied {
		state = "applied"
	}
	return m.Version + " " + m.Name + " " + state
}
