package pipeline

import (
	"errors"
	"sync"
	"time"
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
	sink   *sink
	limits limits
	age    time.Duration
	epoch  time.Time
	wake   chan struct{} // holds one: something that next waits for has changed

	mu          sync.Mutex
	first, last *batch // of those with events that wait
	events      int    // that wait
	bytes       int    // of those, as JSON
	page        page   // in hand

	alone    *batch        // up to this one, batches wait for no company
	hurry    bool          // no page waits for company any more
	hurried  chan struct{} // closed when there is the next reason to hurry
	draining bool          // Read has returned: what is empty stays empty
	err      error         // not nil: the queue has ended, and this is what its batches get
}

func newQueue(s *sink, maxEvents, maxBytes int, age time.Duration) *queue {
	return &queue{
		sink: s, limits: limits{events: max(maxEvents, 1), bytes: max(maxBytes, 1)}, age: age, epoch: time.Now(),
		wake: make(chan struct{}, 1), hurried: make(chan struct{}),
	}
}

// add lets the batch wait. If the queue has ended, the batch is settled at once.
func (q *queue) add(b *batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		q.fail(b)
		return
	}
	idle, full := q.first == nil, q.full()
	b.since = q.now()
	q.push(b)
	if idle || !full && q.full() {
		q.poke()
	}
}

// now is the queue's clock.
func (q *queue) now() time.Duration { return time.Since(q.epoch) }

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

// noMore says that waiting for company is pointless for what waits now.
func (q *queue) noMore() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.alone = q.last; q.alone != nil {
		q.poke()
	}
}

// nextHaste is closed when makeHaste is called the next time.
func (q *queue) nextHaste() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.hurried
}

// end settles all that waits, and all that will be emitted, with an error. The first end counts.
func (q *queue) end(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return
	}
	q.err = err
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
	b.rejected = nil
	b.settle(q.err)
}

// poke wakes next.
func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
