package pipeline

import (
	"math"
	"time"

	"github.com/uptimer/uptimer/events"
)

// never is how long an empty queue waits for its first batch to become old enough.
const never = time.Duration(math.MaxInt64)

// next fills the page with what is to be written now, and waits for that as long as necessary. It returns nil when
// nothing will come any more. The page is the caller's until it calls settle or drop.
func (q *queue) next() *page {
	for {
		wait := q.take()
		switch {
		case len(q.page.segments) > 0:
			return &q.page
		case wait == 0:
			return nil
		}
		q.rest(wait)
	}
}

// rest sleeps that long, or until there is something new. While the queue is empty nothing ticks.
func (q *queue) rest(wait time.Duration) {
	var oldEnough <-chan time.Time
	if wait != never {
		t := time.NewTimer(wait)
		defer t.Stop()
		oldEnough = t.C
	}
	select {
	case <-q.wake:
	case <-oldEnough:
	}
}

// take fills the page if it is time. If it is not, wait is how long that will last if nothing happens; it is zero if
// the queue has ended.
func (q *queue) take() (wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil && q.draining && q.first == nil {
		q.err = errEnded
	}
	if q.err != nil {
		return 0
	}
	if wait := q.due(); wait > 0 {
		return wait
	}
	for b := q.first; b != nil; b = q.first {
		count, bytes := q.page.fill(b, q.limits)
		q.events -= count
		q.bytes -= bytes
		if b.waits() {
			break
		}
		q.unlink(b)
	}
	return 0
}

// due is how long it takes until a page is to be written. The oldest event alone sets that time, so a stream
// cannot put it off.
func (q *queue) due() time.Duration {
	switch {
	case q.first == nil:
		return never
	case q.hurry || q.alone != nil || q.full():
		return 0
	default:
		return max(q.first.since+q.age-q.now(), 0)
	}
}

// full tells whether a page can be filled.
func (q *queue) full() bool { return q.events >= q.limits.events || q.bytes >= q.limits.bytes }

// settle ends the page in hand: its events are stored, or rejected for the reason at their place.
func (q *queue) settle(reasons []error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.page.settle(reasons)
	q.page.empty()
}

// drop ends the page in hand without an answer to anybody.
func (q *queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.page.empty()
}

// wanted tells whether anybody waits for the page in hand.
func (q *queue) wanted() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.page.segments {
		if !s.batch.settled {
			return true
		}
	}
	return false
}

// exhausted tells whether nothing waits and nothing will come, or the queue has ended.
func (q *queue) exhausted() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err != nil || q.draining && q.first == nil
}

// push puts a batch at the end.
func (q *queue) push(b *batch) {
	if b.prev = q.last; b.prev != nil {
		b.prev.next = b
	} else {
		q.first = b
	}
	q.last = b
	q.events += len(b.events)
	q.bytes += size(b.events)
}

// remove takes a batch out, with those of its events that wait.
func (q *queue) remove(b *batch) {
	waiting := b.events[b.taken:]
	q.events -= len(waiting)
	q.bytes -= size(waiting)
	q.unlink(b)
}

func (q *queue) unlink(b *batch) {
	if b == q.alone {
		q.alone = b.prev // those before it have not left: that happens when it was taken back
	}
	if b.prev != nil {
		b.prev.next = b.next
	} else {
		q.first = b.next
	}
	if b.next != nil {
		b.next.prev = b.prev
	} else {
		q.last = b.prev
	}
	b.prev, b.next = nil, nil
}

// size is how many bytes events are as JSON.
func size(list []events.Event) (bytes int) {
	for _, e := range list {
		bytes += len(e.JSON())
	}
	return bytes
}
