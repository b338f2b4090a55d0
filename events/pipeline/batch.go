package pipeline

import (
	"time"

	"github.com/uptimer/uptimer/events"
)

// batch is one call of emit: its events wait in the queue, then they are in one page or in several, one after the
// other. Its fields are guarded by the queue's lock, except that rejected and err are final once done is closed.
type batch struct {
	events     []events.Event // the caller's own slice: not used any more once the batch is settled
	since      time.Time      // when it was emitted
	prev, next *batch         // its neighbours in the queue
	taken      int            // how many events have left the queue for a page
	open       int            // how many events are neither stored nor rejected

	settled  bool // the caller has its answer
	rejected []events.Rejection
	err      error
	done     chan struct{} // closed when settled
}

func newBatch(list []events.Event) *batch {
	return &batch{events: list, open: len(list), done: make(chan struct{})}
}

// waits tells whether events of the batch are in the queue.
func (b *batch) waits() bool { return b.taken < len(b.events) }

// settle gives the caller its answer. The first one counts.
func (b *batch) settle(err error) {
	if b.settled {
		return
	}
	b.settled, b.err, b.events = true, err, nil
	close(b.done)
}
