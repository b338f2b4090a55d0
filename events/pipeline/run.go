package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptimer/uptimer/events"
)

const (
	// overtime is how long a Reader, a Write or a Close may go on after the end of its context before it is left
	// behind.
	overtime = 2 * time.Second
	// closeTime is how long Close has: so short that with the usual grace of 8 s the process ends before whoever
	// stops it loses patience, which many supervisors do after 10 s.
	closeTime = time.Second
)

// Run moves events from r to w until r is exhausted, or ctx is cancelled, or there is nobody behind w any more, and
// closes w. What emit, Write and Limits promise is said in package events; beside that:
//
// Emits wait together. One goroutine joins what waits, in the order of the emits, into pages, and writes a page when
// it is full or when its oldest event is as old as the writer allows. A page that could not be written is written
// again, after a pause of 50 ms to 5 s, until it is stored; no page overtakes it.
//
// When Read has returned, or ctx is cancelled, nothing waits for company any more, and a pause is cut short. After
// Read has returned by itself, what is in hand is written however long it takes. After ctx is cancelled, the ctx of
// Read is too, and emits are still served for cfg.Grace; then the ctx of Write is cancelled, and all emits return an
// error. If that concerns events that a caller still waits for, the error is a *GivenUp with their number, unless the
// reader is an events.Redeliverer.
//
// A Write whose error Is events.ErrWriterGone ends reading at once, and all emits get an error that Is it. That is
// no error of Run. A Start that fails and a Write whose error Is events.ErrRefused end it in the same way, but are
// the error of Run.
//
// Start runs beside Read: what is emitted in the meantime waits.
//
// The error joins what Read and Close returned, the *GivenUp, and who did not stop: a reader (or a Write) that does
// not return within 2 s after the grace is left behind, with its goroutine, and then w is not closed if it is
// still writing. Nothing else that Run started outlives it. A plugin that panics makes an error of that call; its
// stack is in the log. A Write that panics is tried again as any other.
func Run(ctx context.Context, r events.Reader, w events.Writer, cfg Config) error {
	reader := &guard{log: cfg.Log, who: fmt.Sprintf("reader %T", r)}
	writer := &guard{log: cfg.Log, who: fmt.Sprintf("writer %q", cfg.Name)}
	q, err := openQueue(w, writer)
	if err != nil {
		return errors.Join(err, closeWriter(ctx, w, writer))
	}
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()

	x := &supervisor{
		queue: q, outlet: newOutlet(q, w, writer, cfg), redelivers: redelivers(r),
		grace: cfg.Grace, reader: reader.who, writer: writer.who, reading: reading,
		stopReading: stopReading, stopWriting: stopWriting,
		read: make(chan error, 1), written: make(chan struct{}),
	}
	go func() {
		var err error
		defer func() { x.read <- err }()
		err = reader.run(func() error { return r.Read(reading, q.emit) })
	}()
	go func() {
		defer close(x.written)
		x.outlet.run(writing)
	}()
	x.wait(ctx)
	if x.written == nil {
		x.fail(closeWriter(ctx, w, writer))
	}
	return x.err
}

// redelivers tells whether what was emitted comes again.
func redelivers(r events.Reader) bool {
	again, ok := r.(events.Redeliverer)
	return ok && again.Redelivers()
}

// openQueue makes the queue that the writer asks for.
func openQueue(w events.Writer, g *guard) (q *queue, err error) {
	err = g.run(func() error {
		q = newQueue(w.Limits())
		return nil
	})
	return q, err
}

// supervisor is what one Run waits for, and what came out.
type supervisor struct {
	queue          *queue
	outlet         *outlet
	redelivers     bool // nothing that was emitted is lost when the grace ends
	grace          time.Duration
	reader, writer string
	reading        context.Context // what Read has
	stopReading    func()
	stopWriting    func()

	read    chan error    // what Read returned; nil once it was received
	written chan struct{} // closed when no Write will come any more; nil once that was seen
	over    <-chan time.Time
	late    <-chan time.Time
	err     error
}

// wait returns when reading and writing have ended, or were left behind.
func (x *supervisor) wait(ctx context.Context) {
	cancelled := ctx.Done()
	for x.read != nil || x.written != nil {
		select {
		case err := <-x.read:
			x.read = nil
			x.readEnded(err)
			x.queue.makeHaste(true)
		case <-x.written: // before the reader has ended: there is nobody to write to
			x.written = nil
			if err := x.outlet.refused; err != nil {
				x.fail(fmt.Errorf("writer %q: %w", x.outlet.name, err))
			}
			x.stop()
		case <-cancelled:
			cancelled = nil
			x.queue.makeHaste(false)
			x.stop()
		case <-x.over:
			x.queue.end(errGraceOver, !x.redelivers)
			x.stopWriting()
			x.late = time.After(overtime)
		case <-x.late:
			x.leaveBehind()
			return
		}
	}
	x.countLost()
}

// stop ends reading and begins the grace. The first call counts.
func (x *supervisor) stop() {
	x.stopReading()
	if x.over == nil {
		x.over = time.After(x.grace)
	}
}

func (x *supervisor) fail(err error) { x.err = errors.Join(x.err, err) }

// readEnded notes what Read returned. What says nothing but our own doing is no error of its own.
func (x *supervisor) readEnded(err error) {
	ours := []error{errGraceOver, events.ErrWriterGone, errRefusal}
	if x.reading.Err() != nil {
		ours = append(ours, context.Canceled)
	}
	if err != nil && !saysOnly(err, ours) {
		x.fail(fmt.Errorf("reading events: %w", err))
	}
}

func (x *supervisor) countLost() {
	if n := x.queue.lost(); n > 0 {
		x.fail(&GivenUp{Events: n})
	}
}

// leaveBehind notes who has not stopped.
func (x *supervisor) leaveBehind() {
	x.countLost()
	if x.read != nil {
		x.fail(fmt.Errorf("%s did not stop: its Read has not returned %v after the grace of %v", x.reader, overtime, x.grace))
	}
	if x.written != nil {
		x.fail(fmt.Errorf("%s did not stop: its Write has not returned %v after the grace of %v; it is not closed", x.writer, overtime, x.grace))
	}
}

// closeWriter closes the writer, with a context that the end of ctx does not touch. That nobody is behind it any
// more is no error.
func closeWriter(ctx context.Context, w events.Writer, g *guard) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	closed := make(chan error, 1)
	go func() {
		var err error
		defer func() { closed <- err }()
		err = g.run(func() error { return w.Close(ctx) })
	}()
	late := time.NewTimer(closeTime + overtime)
	defer late.Stop()
	select {
	case err := <-closed:
		if err == nil || saysOnly(err, []error{events.ErrWriterGone}) {
			return nil
		}
		return fmt.Errorf("closing %s: %w", g.who, err)
	case <-late.C:
		return fmt.Errorf("closing %s: Close has not returned after %v", g.who, closeTime+overtime)
	}
}
