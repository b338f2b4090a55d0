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

	mu    sync.Mutex
	read  mark // when it was read last, good or bad
	doubt bool // what has changed since may not be known
}

// How the table is followed. Tests have less patience.
var (
	// tablePause is the time from one try at a database that cannot be used to the next.
	tablePause = time.Second
	// askEvery is how often it is asked for changes, whether or not there was a notification: poolers lose them.
	askEvery = time.Minute
	// readEvery is how often all is read, in case something has changed and was not noted: triggers can be off.
	readEvery = time.Hour
)

const (
	// tableLook is how long a question about changes may take.
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

// wasRead takes note of a mark at which all was read, whether it was good or bad.
func (t *Table) wasRead(at mark) {
	t.fine()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.read = at
}

// lastRead is when it was read last, and whether there is a doubt.
func (t *Table) lastRead() (at mark, doubt bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.read, t.doubt
}

// doubted takes note of that what has changed may not be known.
func (t *Table) doubted() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubt = true
}

// dispel tells whether all is to be read for a doubt, and forgets that.
func (t *Table) dispel() (doubt bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	doubt, t.doubt = t.doubt, false
	return doubt
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
