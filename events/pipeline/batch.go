package pipeline

import (
	"sync/atomic"
	"time"

	"github.com/uptimer/uptimer/events"
)

// call is one emit. It has a batch in each queue that it concerns, and it is answered when all of them are settled.
type call struct {
	intake  *intake
	open    atomic.Int32  // how many batches are not settled
	done    chan struct{} // holds a value when there are none
	batches []batch       // those of one sink side by side
	first   [1]batch      // where batches begins: mostly there is one
}

// batch is what one emit has in one queue: its events wait there, then they are in one page or in several, one after
// the other. Its fields are guarded by the queue's lock, except that rejected, err and open are final once the call
// is done.
type batch struct {
	call       *call
	queue      *queue
	events     []events.Event // not used any more once the batch is settled
	places     *[]int         // where each was in the call; nil: all are there, in their order
	since      time.Duration  // when it was emitted, on the queue's clock
	prev, next *batch         // its neighbours in the queue
	count      int            // how many events
	taken      int            // how many events have left the queue for a page
	open       int            // how many events, the last ones, are neither stored nor rejected

	settled  bool // the queue has nothing to do with it any more
	rejected []events.Rejection
	err      error
}

// waits tells whether events of the batch are in the queue.
func (b *batch) waits() bool { return b.taken < len(b.events) }

// settle gives the batch its answer, and the caller the whole one if it is the last. The first answer counts.
func (b *batch) settle(err error) {
	if b.settled {
		return
	}
	b.settled, b.err, b.events = true, err, nil
	if c := b.call; len(c.batches) == 1 || c.open.Add(-1) == 0 {
		c.finish()
	}
}

// finish lets the caller go. It runs once, when all batches are settled.
func (c *call) finish() {
	if lost := c.intake.lost; lost != nil {
		if n := c.givenUp(); n > 0 {
			lost.Add(int64(n))
		}
	}
	c.done <- struct{}{}
}

// givenUp is how many events at least one writer still owed when the grace ended.
func (c *call) givenUp() int {
	if len(c.batches) == 1 {
		return c.batches[0].givenUp()
	}
	owed := map[int]struct{}{}
	for i := range c.batches {
		b := &c.batches[i]
		for at := b.count - b.givenUp(); at < b.count; at++ {
			owed[b.place(at)] = struct{}{}
		}
	}
	return len(owed)
}

// givenUp is how many of the last events of the batch were given up.
func (b *batch) givenUp() int {
	if b.err == errGraceOver { //nolint:errorlint // it is settled with this very error
		return b.open
	}
	return 0
}

// place is where an event of the batch was in the call.
func (b *batch) place(at int) int {
	if b.places == nil {
		return at
	}
	return (*b.places)[at]
}
