package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/uptimer/uptimer/events"
)

// supervisor is what one Run waits for, and what came out.
type supervisor struct {
	cfg         Config
	sinks       []*sink
	sources     []*source
	reading     context.Context // what Read has
	stopReading context.CancelFunc
	writing     context.Context // what Write has
	stopWriting context.CancelFunc

	read    chan *source // each once its Read has returned
	readers int          // that have not
	written chan *outlet // each once no Write will come any more
	writers int          // the others
	over    <-chan time.Time
	late    <-chan time.Time
	lost    atomic.Int64 // events that were given up
	err     error
}

// newSupervisor opens the sinks. It is there also when that fails, so that the writers can be closed.
func newSupervisor(ctx context.Context, sinks []Sink, cfg Config) (*supervisor, error) {
	x := &supervisor{cfg: cfg}
	var failed error
	for _, s := range sinks {
		opened, err := openSink(s, cfg.Log)
		x.sinks = append(x.sinks, opened)
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return x, failed
	}
	x.reading, x.stopReading = context.WithCancel(ctx)
	x.writing, x.stopWriting = context.WithCancel(context.WithoutCancel(ctx))
	return x, nil
}

// outlets are those of all sinks.
func (x *supervisor) outlets() iter.Seq[*outlet] {
	return func(yield func(*outlet) bool) {
		for _, s := range x.sinks {
			for _, o := range s.outlets {
				if !yield(o) {
					return
				}
			}
		}
	}
}

// begin starts all readers and all outlets.
func (x *supervisor) begin(readers []events.Reader) {
	for range x.outlets() {
		x.writers++
	}
	x.readers = len(readers)
	x.read, x.written = make(chan *source, x.readers), make(chan *outlet, x.writers) // nobody who is left behind blocks
	for i, r := range readers {
		s := newSource(r, i, len(readers), x.cfg)
		x.sources = append(x.sources, s)
		in := x.intake(s, i, len(readers))
		go func() {
			defer func() { x.read <- s }()
			s.err = s.guard.run(func() error { return r.Read(x.reading, in.emit) })
		}()
	}
	for o := range x.outlets() {
		go func() {
			defer func() { x.written <- o }()
			o.run(x.writing)
		}()
	}
}

// intake is where a reader emits to.
func (x *supervisor) intake(s *source, i, readers int) *intake {
	in := &intake{}
	if !s.redelivers() {
		in.lost = &x.lost
	}
	for _, sink := range x.sinks {
		in.routes = append(in.routes, sink.route(i, readers))
	}
	return in
}

// wait returns when reading and writing have ended, or were left behind.
func (x *supervisor) wait(ctx context.Context) {
	cancelled := ctx.Done()
	for x.readers > 0 || x.writers > 0 {
		select {
		case s := <-x.read:
			x.readers--
			s.ended = true
			x.readEnded(s)
		case o := <-x.written:
			x.writers--
			o.ended = true
			x.writeEnded(o)
		case <-cancelled:
			cancelled = nil
			x.makeHaste(false)
			x.stop()
		case <-x.over:
			x.end(errGraceOver)
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
		x.over = time.After(x.cfg.Grace)
	}
}

// end ends all queues.
func (x *supervisor) end(err error) {
	for _, s := range x.sinks {
		s.end(err)
	}
}

func (x *supervisor) makeHaste(draining bool) {
	for o := range x.outlets() {
		o.queue.makeHaste(draining)
	}
}

func (x *supervisor) fail(err error) { x.err = errors.Join(x.err, err) }

// failOnce notes an error that several may have met, such as the members of a group that are all refused.
func (x *supervisor) failOnce(err error) {
	if !says(x.err, err.Error()) {
		x.fail(err)
	}
}

// readEnded notes what a Read returned. What says nothing but our own doing is no error of its own.
func (x *supervisor) readEnded(s *source) {
	ours := []error{errGraceOver, events.ErrWriterGone, errRefusal}
	if x.reading.Err() != nil {
		ours = append(ours, context.Canceled)
	}
	failed := s.err != nil && !saysOnly(s.err, ours)
	if failed {
		x.failOnce(fmt.Errorf("reading events: %w", s.err))
	}
	switch {
	case x.readers == 0:
		x.makeHaste(true)
	case failed:
		x.makeHaste(false)
		x.stop()
	}
}

// writeEnded notes why no Write will come any more: the destination refuses us, or it has gone, or everything is
// written.
func (x *supervisor) writeEnded(o *outlet) {
	switch {
	case o.refused != nil:
		x.failOnce(fmt.Errorf("%s: %w", o.sink.who(), o.refused))
		x.end(errRefusal)
		x.stop()
	case o.gone != nil && !o.sink.gone:
		o.sink.gone = true
		o.sink.end(o.gone)
		if x.alone() {
			x.stop()
			return
		}
		x.cfg.Log.Warn("a destination was closed; going on without it", "writer", o.sink.Name)
	}
}

// alone tells whether all sinks have gone.
func (x *supervisor) alone() bool {
	for _, s := range x.sinks {
		if !s.gone {
			return false
		}
	}
	return true
}

func (x *supervisor) countLost() {
	if n := x.lost.Load(); n > 0 {
		x.fail(&GivenUp{Events: int(n)})
	}
}

// leaveBehind notes who has not stopped.
func (x *supervisor) leaveBehind() {
	x.countLost()
	for _, s := range x.sources {
		if !s.ended {
			x.fail(fmt.Errorf("%s did not stop: its Read has not returned %v after the grace of %v", s.guard.who, overtime, x.cfg.Grace))
		}
	}
	for o := range x.outlets() {
		if !o.ended {
			x.fail(fmt.Errorf("%s did not stop: its Write has not returned %v after the grace of %v; it is not closed", o.guard.who, overtime, x.cfg.Grace))
		}
	}
}
