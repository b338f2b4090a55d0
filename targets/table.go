package targets

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/internal/lasting"
)

// tableName is the table that holds targets; `uptimer migrate` makes it.
const tableName = "targets"

// Table is the table targets of a database. Following it, see Source.Watch, may go on beside a read.
type Table struct {
	db   database.Config
	away lasting.Fault // it cannot be read
	bare lasting.Fault // it is not there

	mu     sync.Mutex
	read   string // the version that was read last, good or bad
	newest string // the version that was seen last
}

// How the table is followed. Tests have less patience.
var (
	// tablePause is the time from one try at a database that cannot be used to the next.
	tablePause = time.Second
	// fullLook is how often the version is asked for, whether or not there was a notification: poolers lose them.
	fullLook = time.Minute
)

const (
	// tableLook is how long a question about the version may take.
	tableLook = 10 * time.Second
	// tableRead is how long it may take to read all rows; a million take a few seconds.
	tableRead = 2 * time.Minute
	// settles is how long there must be no further notification before the table is read, and settlesAtMost how long
	// that is waited for.
	settles, settlesAtMost = 200 * time.Millisecond, time.Second
)

// NewTable is the table in a database whose settings passed Validate. Nothing is connected yet.
func NewTable(db database.Config, log *slog.Logger) *Table {
	return &Table{
		db: db,
		away: lasting.Fault{
			Log: log, Level: slog.LevelError,
			Began: "the table targets cannot be read; waiting for it", Ended: "the table targets can be read",
		},
		bare: lasting.Fault{
			Log: log, Level: slog.LevelError,
			Began: "the database is not migrated: run `uptimer migrate`; waiting for it", Ended: "the database is migrated",
		},
	}
}

// trouble takes note of why the table cannot be read.
func (t *Table) trouble(err error) {
	if database.NotMigrated(err) {
		t.away.Over()
		t.bare.Happened("error", err)
		return
	}
	t.away.Happened("error", err)
}

// fine takes note of that it can.
func (t *Table) fine() {
	t.away.Over()
	t.bare.Over()
}

// errWithTable is what trouble with the database is, so that it can be told from all other.
type errWithTable struct{ error }

func (e errWithTable) Unwrap() error { return e.error }

// Unread tells whether an error of Source.LoadAll says that the table could not be read, which may mend itself.
func Unread(err error) bool {
	var trouble errWithTable
	return errors.As(err, &trouble)
}

// versionQuery is a text that is another one after each transaction that has changed what is to be probed; see the
// migration that makes target_changes.
const versionQuery = `SELECT coalesce(string_agg(transaction::text, ',' ORDER BY transaction), '') FROM target_changes`

func askVersion(ctx context.Context, q interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}) (v string, err error) {
	err = q.QueryRow(ctx, versionQuery).Scan(&v)
	return v, err
}

// wasRead takes note of the version that is in a list now, or was refused.
func (t *Table) wasRead(version string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.read, t.newest = version, version
}

// wasSeen takes note of the version that is there, and tells whether it is still to be read.
func (t *Table) wasSeen(version string) (stale bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.newest = version
	return t.newest != t.read
}

// stale tells whether there is a version that was not read.
func (t *Table) stale() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newest != t.read
}

// hangUp closes a connection and waits until it is closed.
func hangUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // what was to be kept is committed
	<-conn.PgConn().CleanupDone()
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
