package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events"
)

var (
	// errGraceOver is what emits get that waited when the grace ended, or came after it.
	errGraceOver = errors.New("the grace has ended")
	// errEnded is what an emit gets that comes after Read has returned and everything was written.
	errEnded = errors.New("the pipeline has ended")
)

// queue holds the batches that wait for a Write, in the order of their emits, and the page that is being written.
// It holds nothing that no caller waits for, beside that one page, so its memory is the callers'.
type queue struct {
	limits limits
	age    time.Duration
	wake   chan struct{} // holds one: something that next waits for has changed

	mu          sync.Mutex
	first, last *batch // of those with events that wait
	events      int    // that wait
	bytes       int    // of those, as JSON
	page        page   // in hand

	hurry    bool          // no page waits for company any more
	hurried  chan struct{} // closed when there is the next reason to hurry
	draining bool          // Read has returned: what is empty stays empty
	err      error         // not nil: the queue has ended, and this is what emits get
	counting bool          // what is emitted now is given up
	givenUp  int           // events
}

func newQueue(maxEvents, maxBytes int, age time.Duration) *queue {
	return &queue{
		limits: limits{events: max(maxEvents, 1), bytes: max(maxBytes, 1)}, age: age,
		wake: make(chan struct{}, 1), hurried: make(chan struct{}),
	}
}

// emit is what the reader is given: see events.Emit.
//
// A caller whose ctx ends takes its events back: what was not in a page yet will not be written, what is in a page
// may be. Either way the source knows no better than that it has to deliver them again, so they are the pipeline's
// loss no more, and GivenUp does not count them.
func (q *queue) emit(ctx context.Context, list []events.Event) ([]events.Rejection, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, takenBack(list, err)
	}
	b := newBatch(list)
	if err := q.add(b); err != nil {
		return nil, err
	}
	events.Queued(ctx)
	select {
	case <-b.done:
	case <-ctx.Done():
		q.leave(b, takenBack(list, ctx.Err()))
	}
	return b.rejected, b.err
}

func takenBack(list []events.Event, cause error) error {
	return fmt.Errorf("waiting until %d events are written: %w", len(list), cause)
}

// add lets the batch wait.
func (q *queue) add(b *batch) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		if q.counting {
			q.givenUp += len(b.events)
		}
		return q.err
	}
	idle, full := q.first == nil, q.full()
	b.since = time.Now()
	q.push(b)
	if idle || !full && q.full() {
		q.poke()
	}
	return nil
}

// leave ends the wait of a batch, unless it was settled in the meantime.
func (q *queue) leave(b *batch, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if b.settled {
		return
	}
	if b.waits() {
		q.remove(b)
	}
	b.rejected = nil
	b.settle(err)
}

// makeHaste says that waiting for company is pointless from now on. draining says beside that Read has returned.
func (q *queue) makeHaste(draining bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hurry, q.draining = true, q.draining || draining
	close(q.hurried)
	q.hurried = make(chan struct{})
	q.poke()
}

// nextHaste is closed when makeHaste is called the next time.
func (q *queue) nextHaste() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.hurried
}

// end settles all that waits, and all that will be emitted, with an error. counting says that these events are
// given up. The first end counts.
func (q *queue) end(err error, counting bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return
	}
	q.err, q.counting = err, counting
	for q.first != nil {
		b := q.first
		q.remove(b)
		q.fail(b)
	}
	for _, s := range q.page.segments {
		q.fail(s.batch)
	}
	q.poke()
}

// fail settles a batch with the error that the queue ended with.
func (q *queue) fail(b *batch) {
	if b.settled {
		return
	}
	if q.counting {
		q.givenUp += b.open
	}
	b.rejected = nil
	b.settle(q.err)
}

// lost is how many events were given up.
func (q *queue) lost() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.givenUp
}

// poke wakes next.
func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
