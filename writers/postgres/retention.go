package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// retention is how long events are kept. Zero is for ever.
type retention time.Duration

// minRetention leaves room for clocks, and for what is on its way; maxRetention is what a Go duration can hold, in days.
const (
	minRetention = 48 * time.Hour
	maxRetention = math.MaxInt64 / (24 * time.Hour)
)

// Decode reads days ("30d") or a Go duration.
func (r *retention) Decode(text string) error {
	text = strings.TrimSpace(text)
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 64)
		if n > uint64(maxRetention) { // also where it is out of ParseUint's range
			return fmt.Errorf("too long; want at most %dd, or nothing to keep all", maxRetention)
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	switch {
	case err != nil:
		return fmt.Errorf("not a time span; want days such as 30d, or a duration such as 720h, of at most %dd", maxRetention)
	case d < minRetention:
		return errors.New("too short; want at least 2d")
	}
	*r = retention(d)
	return nil
}

// since is the age limit: what is older is not kept.
func (r retention) since(now time.Time) time.Time {
	if r == 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(r))
}

// dropLock is the advisory lock of whoever drops partitions: "drop" as a number.
const dropLock = 0x64726f70

// dropOld drops the partitions that end before the age limit, each named in the log before. One writer does it, the
// others leave it to that one. conn is of no use for anything else afterwards.
func dropOld(ctx context.Context, conn *pgx.Conn, limit time.Time, log *slog.Logger) error {
	var mine bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(dropLock)).Scan(&mine); err != nil || !mine {
		return err
	}
	for _, table := range partitioned {
		list, err := partitionsOf(ctx, conn, table)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.day.AddDate(0, 0, 1).After(limit) {
				continue
			}
			log.Info("dropping a partition that is older than POSTGRES_RETENTION", "partition", p.name())
			if err := p.drop(ctx, conn); err != nil {
				return fmt.Errorf("dropping partition %s: %w", p.name(), err)
			}
		}
	}
	return nil
}

// partition is one that is there.
type partition struct {
	daily
	schema    string
	attached  bool
	detaching bool // somebody began to detach it and did not come to the end
	doomed    bool // to be dropped
}

// dropping is the comment on a partition that is being dropped. A table that is detached and has it is what was left when
// that was interrupted; one without was detached by a person, or never was a partition, and stays.
const dropping = "being dropped by uptimer: older than POSTGRES_RETENTION"

// partitionsOf lists the partitions of a table that have the name of a day, those included that were detached to be
// dropped. One that is being detached comes first: until that is finished, no other can be begun.
func partitionsOf(ctx context.Context, conn *pgx.Conn, table string) ([]partition, error) {
	rows, _ := conn.Query(ctx, `SELECT n.nspname, c.relname, i.inhrelid IS NOT NULL, coalesce(i.inhdetachpending, false),
			coalesce(obj_description(c.oid, 'pg_class') = $2, false)
		FROM pg_class p JOIN pg_class c ON c.relkind = 'r' AND starts_with(c.relname, p.relname || '_')
		JOIN pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = p.oid
		WHERE p.oid = $1::text::regclass
		AND (i.inhrelid IS NOT NULL OR c.relnamespace = p.relnamespace AND obj_description(c.oid, 'pg_class') = $2)
		ORDER BY 4 DESC, 2`, table, dropping) // ForEachRow has the error
	var list []partition
	var name string
	var p partition
	_, err := pgx.ForEachRow(rows, []any{&p.schema, &name, &p.attached, &p.detaching, &p.doomed}, func() error {
		var ok bool
		if p.daily, ok = dailyNamed(table, name); ok {
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// drop takes the partition off, which waits for those who read it and holds up nobody, and drops it. What a person began
// to take off is only taken off.
func (p partition) drop(ctx context.Context, conn *pgx.Conn) error {
	name := pgx.Identifier{p.schema, p.name()}.Sanitize()
	detach := fmt.Sprintf("ALTER TABLE %s DETACH PARTITION %s ", p.table, name)
	var steps []string
	switch {
	case p.detaching:
		steps = []string{detach + "FINALIZE"}
	case p.attached:
		steps = []string{fmt.Sprintf("COMMENT ON TABLE %s IS '%s'", name, dropping), detach + "CONCURRENTLY"}
		p.doomed = true
	}
	if p.doomed {
		steps = append(steps, "DROP TABLE "+name)
	}
	for _, step := range steps {
		if _, err := conn.Exec(ctx, step); err != nil {
			return err
		}
	}
	return nil
}
