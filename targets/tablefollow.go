package targets

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/database"
)

// follow sends a value, if none waits, when there is something to be read, until ctx ends. A connection that was lost may
// have led to another server than the next one does: a standby, say, that has not everything.
func (t *Table) follow(ctx context.Context, changed chan<- struct{}) {
	for ; ctx.Err() == nil; t.doubted() {
		if err := t.listen(ctx, changed); ctx.Err() == nil {
			t.trouble(err)
			pause(ctx, tablePause)
		}
	}
}

// listen follows the table over one connection. What changed while there was none is seen at its beginning.
func (t *Table) listen(ctx context.Context, changed chan<- struct{}) error {
	conn, err := t.db.Connect(ctx)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	if err := subscribe(ctx, conn); err != nil {
		return err
	}
	for {
		stale, err := t.look(ctx, conn)
		if err != nil {
			return fmt.Errorf("looking at the table targets: %w", err)
		}
		t.fine()
		if stale {
			select {
			case changed <- struct{}{}:
			default:
			}
		}
		if err := hear(ctx, conn); err != nil {
			return fmt.Errorf("listening for changes of the table targets: %w", err)
		}
	}
}

// readOnlyTransaction is what a standby answers to LISTEN.
const readOnlyTransaction = "25006"

// subscribe asks for notifications. A standby has none: there it is for the looks alone to see what has changed.
func subscribe(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, tableLook)
	defer cancel()
	_, err := conn.Exec(ctx, "LISTEN uptimer_targets")
	if database.Code(err) == readOnlyTransaction {
		return nil
	}
	return err
}

// look tells whether there is something to be read. A server on which less has happened than before is another one.
func (t *Table) look(ctx context.Context, conn *pgx.Conn) (stale bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, tableLook)
	defer cancel()
	at, doubt := t.lastRead()
	now, err := seenAt(ctx, conn, at.before)
	if err != nil {
		return false, err
	}
	if now.before < at.before {
		t.doubted()
		doubt = true
	}
	return doubt || now.noted != at.noted, nil
}

// hear returns when something was notified and no more comes, or when it is time for a look.
func hear(ctx context.Context, conn *pgx.Conn) error {
	heard, err := notified(ctx, conn, askEvery)
	for until := time.Now().Add(settlesAtMost); heard && err == nil && time.Now().Before(until); {
		heard, err = notified(ctx, conn, settles)
	}
	return err
}

// notified waits for a notification for so long.
func notified(ctx context.Context, conn *pgx.Conn, d time.Duration) (bool, error) {
	limited, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	_, err := conn.WaitForNotification(limited)
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil && !conn.IsClosed() {
		return false, nil
	}
	return err == nil, err
}
