package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// daily is the partition of a table for a UTC day.
type daily struct {
	table string
	day   time.Time // its begin
}

// partitioned are the tables that have a partition a day.
var partitioned = []string{"probe_events", "events"}

const dayLayout = "20060102"

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func (d daily) name() string { return d.table + "_" + d.day.Format(dayLayout) }

// dailyNamed is the partition of that name.
func dailyNamed(table, name string) (d daily, ok bool) {
	text, ok := strings.CutPrefix(name, table+"_")
	day, err := time.Parse(dayLayout, text)
	return daily{table, day}, ok && err == nil
}

// ahead are the partitions of today and the next two days.
func ahead(now time.Time) (list []daily) {
	for _, table := range partitioned {
		for n := range 3 {
			list = append(list, daily{table, dayOf(now).AddDate(0, 0, n)})
		}
	}
	return list
}

// needPartitions makes the partitions that rows need and that are not known to be there.
func (w *Writer) needPartitions(ctx context.Context, conn *pgx.Conn, rows []*row) error {
	var missing []daily
	for _, r := range rows {
		d := daily{"events", dayOf(r.event.Time())}
		if r.probe != nil {
			d.table = "probe_events"
		}
		if !w.days[d] && !slices.Contains(missing, d) {
			missing = append(missing, d)
		}
	}
	if err := makePartitions(ctx, conn, missing); err != nil {
		return err
	}
	for _, d := range missing {
		w.days[d] = true
	}
	return nil
}

// partitionLock is the advisory lock of those who make partitions: "partit" as a number.
const partitionLock = 0x706172746974

// makePartitions makes those that are not there. Whoever reads or writes meanwhile goes on: a table that is made by
// itself and attached needs no lock that they hold, which CREATE TABLE … PARTITION OF does.
func makePartitions(ctx context.Context, conn *pgx.Conn, list []daily) error {
	for _, d := range list {
		there, err := attached(ctx, conn, d)
		if err == nil && !there {
			err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return attach(ctx, tx, d) })
		}
		if err != nil {
			return fmt.Errorf("making partition %s: %w", d.name(), err)
		}
	}
	return nil
}

// querier is a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// attached tells whether a partition is there.
func attached(ctx context.Context, q querier, d daily) (there bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = $1::text::regclass AND c.relname = $2 AND NOT i.inhdetachpending)`, d.table, d.name()).Scan(&there)
	return there, err
}

// attach makes a partition, unless another writer was quicker.
func attach(ctx context.Context, tx pgx.Tx, d daily) error {
	// Whoever holds a lock that we need for longer has a reason; the page is tried again.
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '10s'"); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(partitionLock)); err != nil {
		return err
	}
	if there, err := attached(ctx, tx, d); there || err != nil {
		return err
	}
	var schema string // the table's: not always the first one of search_path, where new tables are made
	err := tx.QueryRow(ctx, `SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = $1::text::regclass`, d.table).Scan(&schema)
	if err != nil {
		return err
	}
	name := pgx.Identifier{schema, d.name()}.Sanitize()
	_, err = tx.Exec(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (LIKE %s INCLUDING ALL)", name, d.table))
	if err != nil {
		return err
	}
	const bound = "2006-01-02 15:04:05+00" // with its zone, or the server's would be meant
	_, err = tx.Exec(ctx, fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')",
		d.table, name, d.day.Format(bound), d.day.AddDate(0, 0, 1).Format(bound)))
	return err
}
