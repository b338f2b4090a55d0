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

// Run moves events from the readers to all sinks until the readers are exhausted, or ctx is cancelled, or there is
// nobody behind any sink any more, and closes the writers. There must be a reader and a sink with a writer. What emit,
// Write and Limits promise is said in package events; beside that:
//
// An event is safe when every sink has it: emit returns when the slowest has, and meanwhile no other is given the
// event again. What at least one writer rejects is rejected; where there are several sinks, the reason says whose it
// is.
//
// Emits wait together, for each writer apart. One goroutine a writer joins what waits, in the order of the emits, into
// pages, and writes a page when it is full or when its oldest event is as old as the writer allows. A page that could
// not be written is written again, after a pause of 50 ms to 5 s, until it is stored; no page overtakes it.
//
// When all readers have returned, or ctx is cancelled, nothing waits for company any more, and a pause is cut short.
// After they have returned by themselves, what is in hand is written however long it takes. After ctx is cancelled,
// the ctx of Read is too, and emits are still served for cfg.Grace; then the ctx of Write is cancelled, and all emits
// return an error. If that concerns events that a caller still waits for, the error is a *GivenUp with their number,
// those of readers that are an events.Redeliverer not counted. A reader that fails while others still read stops them
// as if ctx were cancelled.
//
// A Write whose error Is events.ErrWriterGone takes its sink out: one line in the log says so, and the others go on,
// also with what is in hand. When the last sink has gone, reading ends at once, and all emits get an error that Is
// it. That is no error of Run. A Start that fails and a Write whose error Is events.ErrRefused end reading too, for
// all sinks, and are the error of Run.
//
// Start runs beside Read: what is emitted in the meantime waits.
//
// The error joins what Read and Close returned, the *GivenUp, and who did not stop: a reader (or a Write) that does
// not return within 2 s after the grace is left behind, with its goroutine, and a writer that is still writing then
// is not closed. Nothing else that Run started outlives it. A plugin that panics makes an error of that call; its
// stack is in the log. A Write that panics is tried again as any other.
func Run(ctx context.Context, readers []events.Reader, sinks []Sink, cfg Config) error {
	x, err := newSupervisor(ctx, sinks, cfg)
	if err != nil {
		for o := range x.outlets() {
			o.ended = true // it has not begun
		}
		return errors.Join(err, closeAll(ctx, x.sinks))
	}
	defer x.stopReading()
	defer x.stopWriting()
	x.begin(readers)
	x.wait(ctx)
	x.fail(closeAll(ctx, x.sinks))
	return x.err
}

// source is a reader that is being read.
type source struct {
	reader events.Reader
	guard  *guard
	err    error // what Read returned, once it has
	ended  bool  // Read has returned; the supervisor's
}

func newSource(r events.Reader, i, all int, cfg Config) *source {
	who := fmt.Sprintf("reader %T", r)
	if all > 1 {
		who = fmt.Sprintf("%s (%d of %d)", who, i+1, all)
	}
	return &source{reader: r, guard: &guard{log: cfg.Log, who: who}}
}

// redelivers tells whether what was emitted comes again.
func (s *source) redelivers() bool {
	again, ok := s.reader.(events.Redeliverer)
	return ok && again.Redelivers()
}
