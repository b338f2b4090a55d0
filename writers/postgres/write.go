package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/database"
)

// What is too far from now to be true, and would make partitions that nobody wants.
const (
	maxAhead    = 48 * time.Hour
	maxAgeYears = 10
)

// tryTimeout bounds one transaction, so that a connection whose other end has vanished without a word does not hold a
// page for the quarter of an hour that TCP takes to notice.
const tryTimeout = 2 * time.Minute

// Write stores a batch. An event that the database can never hold is rejected alone. An error Is events.ErrRefused
// if the database refuses us for good, and has done so since the start.
func (w *Writer) Write(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	rows, rejected, expired := w.rows(batch)
	p := &page{writer: w, rejected: rejected}
	if err := p.store(ctx, rows); err != nil {
		return nil, w.failed(ctx, err)
	}
	w.letIn = w.letIn || len(rows) > len(p.rejected)-len(rejected)
	w.observer.Expired(name, expired)
	return p.rejected, nil
}

// rows takes the events apart that are to be stored, and counts those that are older than the retention.
func (w *Writer) rows(batch []events.Event) (rows []*row, rejected []events.Rejection, expired int) {
	now := w.now()
	newest, oldest, kept := now.Add(maxAhead), now.AddDate(-maxAgeYears, 0, 0), w.config.Retention.since(now)
	for i, e := range batch {
		switch at := e.Time(); {
		case at.After(newest):
			rejected = append(rejected, events.Rejection{Index: i, Reason: fmt.Errorf("event_time %s is more than 2 days ahead", at.Format(events.TimeLayout))})
			continue
		case at.Before(oldest):
			rejected = append(rejected, events.Rejection{Index: i, Reason: fmt.Errorf("event_time %s is more than 10 years ago", at.Format(events.TimeLayout))})
			continue
		case at.Before(kept):
			expired++
			continue
		}
		r, err := newRow(i, e)
		if err != nil {
			rejected = append(rejected, events.Rejection{Index: i, Reason: err})
			continue
		}
		rows = append(rows, r)
	}
	if expired > 0 {
		w.past.Happened("events", expired)
	} else {
		w.past.Quiet(time.Minute)
	}
	return rows, rejected, expired
}

// failed ends a connection that gave an error, so that the next try has a fresh one, and words the error.
func (w *Writer) failed(ctx context.Context, err error) error {
	w.disconnect(ctx)
	switch {
	case database.NotMigrated(err):
		err = fmt.Errorf("the database is not migrated: run `uptimer migrate` (%w)", err)
	case database.Refused(err) && !w.letIn:
		err = fmt.Errorf("the database refuses us: %w: %w", err, events.ErrRefused)
	}
	return err
}

// page is one Write under way.
type page struct {
	writer   *Writer
	rejected []events.Rejection
}

// store stores rows. If the database cannot hold one of them, both halves are stored, each by itself, and so on: what
// is rejected in the end was refused alone.
func (p *page) store(ctx context.Context, rows []*row) error {
	if len(rows) == 0 {
		return nil
	}
	err := p.writer.transact(ctx, rows)
	switch {
	case !errors.Is(err, errUnstorable):
		return err
	case len(rows) == 1:
		p.rejected = append(p.rejected, events.Rejection{Index: rows[0].index, Reason: err})
		return nil
	}
	middle := len(rows) / 2
	if err := p.store(ctx, rows[:middle]); err != nil {
		return err
	}
	return p.store(ctx, rows[middle:])
}

// noPartition is the code for a row that no partition is for. It is a check_violation, and there is no other check.
const noPartition = "23514"

// errUnstorable is in the error of rows of which the database can never hold one.
var errUnstorable = errors.New("the database cannot hold it")

// transact stores rows, all or none, with the partitions that they need. Only what the server says to the rows
// themselves can be errUnstorable: the same codes are those of a wrong setting in DATABASE_URL, too.
func (w *Writer) transact(ctx context.Context, rows []*row) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	conn, err := w.session(ctx)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		if err := w.needPartitions(ctx, conn, rows); err != nil {
			return err
		}
		err := store(ctx, conn, rows)
		switch {
		case unstorable(err):
			return fmt.Errorf("%w: %w", errUnstorable, err)
		case database.Code(err) != noPartition || try == 3:
			return err
		}
		clear(w.days) // somebody has dropped one
	}
}

// unstorable tells whether the database says to rows that a value cannot be held, now or ever. Nothing else is an
// event's fault. These are data exceptions (a NUL, a number out of range), a row too long for an index and a value too deep.
func unstorable(err error) bool {
	code := database.Code(err)
	return strings.HasPrefix(code, "22") || code == "54000" || code == "54001"
}
