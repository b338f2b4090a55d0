package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/lasting"
)

const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// outlet writes page after page. It has one goroutine, so a Writer sees one Write at a time.
type outlet struct {
	sink    *sink
	queue   *queue
	writer  events.Writer
	guard   *guard
	failing lasting.Fault // a Write fails, or takes long
	defect  lasting.Fault

	refused error // why the destination refuses us for good
	gone    error // why there is nobody behind it any more
	ended   bool  // no Write will come; the supervisor's
}

func newOutlet(s *sink, w events.Writer, g *guard) *outlet {
	return &outlet{
		sink: s, writer: w, guard: g,
		failing: lasting.Fault{
			Log: g.log, Level: slog.LevelError,
			Began: "events could not be written; they are kept and written again",
			Ended: "events are written again",
		},
		defect: lasting.Fault{
			Log: g.log, Level: slog.LevelError,
			Began: "the writer rejected an event that it was not given, or one twice: a defect of the writer; this rejection is ignored",
		},
	}
}

// open makes the queue that the writer asks for.
func (o *outlet) open() error {
	return o.guard.run(func() error {
		maxEvents, maxBytes, age := o.writer.Limits()
		o.queue = newQueue(o.sink, maxEvents, maxBytes, age)
		return nil
	})
}

// run writes until the queue has ended. The end of ctx cuts a Write short and ends what is being tried again.
func (o *outlet) run(ctx context.Context) {
	if err := o.start(ctx); err != nil {
		o.giveUp(err)
		return
	}
	for p := o.queue.next(); p != nil; p = o.queue.next() {
		o.write(ctx, p)
	}
}

// start lets a writer that wants to look at its destination do so. That ends with ctx, and when the pipeline has
// ended with nothing to write.
func (o *outlet) start(ctx context.Context) error {
	s, ok := o.writer.(events.Starter)
	if !ok {
		return nil
	}
	looking, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }()
		err = o.guard.run(func() error { return s.Start(looking) })
	}()
	for {
		select {
		case err := <-done:
			if looking.Err() != nil {
				return nil // our own doing: run finds out that there is nothing to do
			}
			return err
		case <-o.queue.wake:
			if o.queue.exhausted() {
				stop()
			}
		}
	}
}

// giveUp ends the pipeline because the destination refuses us.
func (o *outlet) giveUp(err error) {
	o.refused = err
	o.queue.end(errRefusal)
	o.queue.drop()
}

// errRefusal is what emits get when the destination refuses us. Why is the error of Run, once and not also as the
// reader's.
var errRefusal = errors.New("the writer's destination refuses us for good")

// write tries until the page is stored, and no other page before that: so none is lost and none overtakes another.
// It leaves a page only when the queue has ended, or when all whose events are in it have taken them back.
func (o *outlet) write(ctx context.Context, p *page) {
	pause := backoff{}
	for try := 1; ; try++ {
		haste := o.queue.nextHaste()
		begin := time.Now()
		rejected, err := o.try(ctx, p.events)
		switch {
		case err == nil:
			o.done(p, rejected, time.Since(begin))
			return
		case errors.Is(err, events.ErrWriterGone):
			o.gone = fmt.Errorf("%s: %w", o.sink.who(), err)
			o.queue.end(o.gone)
			o.queue.drop()
			return
		case errors.Is(err, events.ErrRefused):
			o.giveUp(err)
			return
		case ctx.Err() == nil:
			o.failing.Happened("error", err, "tries", try)
			pause.rest(ctx, haste)
		}
		if ctx.Err() != nil || !o.queue.wanted() {
			o.queue.drop()
			return
		}
		o.sink.Observer.Retried()
	}
}

// try is one Write. What a failed one says of rejections does not count.
func (o *outlet) try(ctx context.Context, list []events.Event) (rejected []events.Rejection, err error) {
	defer o.watch()()
	err = o.guard.run(func() (err error) {
		rejected, err = o.writer.Write(ctx, list)
		return err
	})
	return rejected, err
}

// done gives the callers their answers.
func (o *outlet) done(p *page, rejected []events.Rejection, took time.Duration) {
	reasons, count, wrong := p.reasons(rejected)
	stored := len(p.events) - count
	o.failing.Over()
	for _, r := range wrong {
		o.defect.Happened("index", r.Index, "events", len(p.events), "reason", r.Reason)
	}
	o.sink.Observer.Written(stored, took)
	if count > 0 {
		o.sink.Observer.Rejected(count)
	}
	o.queue.settle(reasons)
}

// backoff is the pause between tries: twice as long each time, from firstPause to lastPause, shortened by chance to
// as little as half, so that many instances do not knock at the same moment. Ready at its zero value.
type backoff struct{ longest time.Duration }

func (b *backoff) next() time.Duration {
	b.longest = min(max(2*b.longest, 2*firstPause), lastPause)
	return b.longest - rand.N(b.longest/2)
}

// rest pauses until it is time for the next try. Haste and the end of ctx cut it short; after haste the pauses are
// short again, because there may not be much time left.
func (b *backoff) rest(ctx context.Context, haste <-chan struct{}) {
	t := time.NewTimer(b.next())
	defer t.Stop()
	select {
	case <-t.C:
	case <-haste:
		*b = backoff{}
	case <-ctx.Done():
	}
}

// nobody is an Observer that does not look.
type nobody struct{}

func (nobody) Written(int, time.Duration) {}
func (nobody) Rejected(int)               {}
func (nobody) Retried()                   {}
