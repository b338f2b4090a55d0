// Package postgres stores events in PostgreSQL: checks, their targets and the state of these, in the tables of
// package migrations.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/internal/lasting"
	"github.com/uptimer/uptimer/internal/setting"
)

// name is what the writer is called in settings and metrics.
const name = "postgres"

// Plugin is the writer to PostgreSQL.
var Plugin = plugin.Define(name, "stores events in PostgreSQL",
	func(c Config, host plugin.Host) (events.Writer, error) { return New(c, host) })

// Config is what the environment says about the database.
type Config struct {
	database.Config
	PageSize  setting.Count    `envconfig:"POSTGRES_PAGESIZE" default:"5000" desc:"events written in one transaction at most"`
	Timeout   setting.Duration `envconfig:"POSTGRES_QUEUE_TIMEOUT" default:"2s" desc:"how long an event waits for others to be written with"`
	Retention retention        `envconfig:"POSTGRES_RETENTION" desc:"how long events are kept: 30d, or a duration such as 720h; at least 2d (default: for ever)"`
}

// maxPageSize keeps what a transaction holds in memory, here and there, in proportion.
const maxPageSize = 100_000

// Validate returns setting.Mistakes, or nil.
func (c Config) Validate() error {
	var ms setting.Mistakes
	ms.Join("", c.Config.Validate())
	if c.PageSize < 1 || c.PageSize > maxPageSize {
		ms.Add("POSTGRES_PAGESIZE", c.PageSize.String(), fmt.Errorf("out of range; want 1 to %d", maxPageSize))
	}
	if c.Timeout < 0 || time.Duration(c.Timeout) > time.Hour {
		ms.Add("POSTGRES_QUEUE_TIMEOUT", c.Timeout.String(), errors.New("out of range; want 0 to 1h"))
	}
	return ms.Err()
}

// maxBytes is how many bytes of JSON a page has at most.
const maxBytes = 16 << 20

// Writer stores events in PostgreSQL. It has one connection, which it opens when it is needed and again when it broke,
// and now and then a second one for the upkeep of the partitions.
type Writer struct {
	config   Config
	log      *slog.Logger
	observer plugin.Observer

	conn   *pgx.Conn        // nil: none, or broken
	broken []*pgx.Conn      // are still being closed
	days   map[daily]bool   // partitions that are known to be there
	letIn  bool             // a start was good or something was stored: a refusal may mend itself from now on
	keeper *keeper          // nil before Start
	away   lasting.Fault    // the database cannot be reached
	bare   lasting.Fault    // it has no tables
	past   lasting.Fault    // events are older than the retention
	now    func() time.Time // for tests
}

// New makes the writer; it connects later. Its error is setting.Mistakes.
func New(c Config, host plugin.Host) (*Writer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	log := host.Log.With("writer", name)
	observer := host.Observed()
	observer.Expired(name, 0) // a rate needs a zero to begin at
	return &Writer{
		config: c, log: log, observer: observer, days: map[daily]bool{}, now: time.Now,
		away: lasting.Fault{
			Log: log, Level: slog.LevelError,
			Began: "the database cannot be used; waiting for it", Ended: "the database can be used",
		},
		bare: lasting.Fault{
			Log: log, Level: slog.LevelError,
			Began: "the database is not migrated: run `uptimer migrate`; waiting for it", Ended: "the database is migrated",
		},
		past: lasting.Fault{
			Log: log, Level: slog.LevelWarn,
			Began: "events are older than POSTGRES_RETENTION and are not stored", Ended: "events are younger than POSTGRES_RETENTION again",
		},
	}, nil
}

// Limits are POSTGRES_PAGESIZE events, 16 MiB and POSTGRES_QUEUE_TIMEOUT.
func (w *Writer) Limits() (events, bytes int, age time.Duration) {
	return int(w.config.PageSize), maxBytes, time.Duration(w.config.Timeout)
}

// Close ends the upkeep and the connection.
func (w *Writer) Close(ctx context.Context) error {
	w.disconnect(ctx)
	if w.keeper != nil {
		if err := w.keeper.stop(ctx); err != nil {
			return err
		}
	}
	for _, conn := range w.broken {
		select {
		case <-conn.PgConn().CleanupDone():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// session returns the connection, opened if there is none.
func (w *Writer) session(ctx context.Context) (*pgx.Conn, error) {
	if w.conn != nil {
		return w.conn, nil
	}
	conn, err := w.config.Connect(ctx)
	w.conn = conn
	return conn, err
}

// disconnect closes the connection. One that broke is closed by pgx, which takes a while; Close waits for it.
func (w *Writer) disconnect(ctx context.Context) {
	if w.conn == nil {
		return
	}
	w.broken = stillClosing(w.broken)
	_ = w.conn.Close(ctx) // nothing that was acknowledged hangs on it
	w.broken = append(w.broken, w.conn)
	w.conn = nil
	clear(w.days) // somebody may have mended more than the connection
}

// stillClosing drops connections that are closed.
func stillClosing(list []*pgx.Conn) (rest []*pgx.Conn) {
	for _, conn := range list {
		select {
		case <-conn.PgConn().CleanupDone():
		default:
			rest = append(rest, conn)
		}
	}
	return rest
}
