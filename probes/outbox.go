package probes

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptimer/uptimer/events"
)

const (
	// outboxPause is how long events are gathered before they are handed on: few calls at a high rate, and no
	// delay that a person would see.
	outboxPause = 5 * time.Millisecond
	// outboxCalls bounds the calls of emit that have not returned. What comes while there are so many waits for
	// the next free one, in one batch.
	outboxCalls = 512
	// outboxRoom is for how many events there is room before they come, at most.
	outboxRoom = 1024
)

// outbox takes events from checks without making them wait, and hands them on in batches. It counts an event's
// bytes until emit has returned, that is until the event is safe.
type outbox struct {
	limit int64
	held  atomic.Int64

	mu      sync.Mutex
	waiting []events.Event
	kick    chan struct{} // holds one
	spare   sync.Pool     // of *[]events.Event, empty
}

func newOutbox(limit int64) *outbox {
	return &outbox{limit: limit, kick: make(chan struct{}, 1)}
}

// full tells whether no more events should be made.
func (o *outbox) full() bool { return o.held.Load() >= o.limit }

func (o *outbox) add(e events.Event) {
	o.held.Add(int64(e.Size()))
	o.mu.Lock()
	o.waiting = append(o.waiting, e)
	o.mu.Unlock()
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

func (o *outbox) take() (batch []events.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch, o.waiting = o.waiting, nil
	if spare, ok := o.spare.Get().(*[]events.Event); ok {
		o.waiting = *spare
	} else {
		o.waiting = make([]events.Event, 0, min(len(batch), outboxRoom)) // the next is about as large
	}
	return batch
}

// reuse lets another batch have the room of one that nobody needs any more.
func (o *outbox) reuse(batch []events.Event) {
	clear(batch)
	if cap(batch) <= outboxRoom {
		batch = batch[:0]
		o.spare.Put(&batch)
	}
}

// run hands on what is added until stop is closed and everything is handed on. stored says that nobody needs the batch
// any more. settled is called for each batch that emit returned from, from many goroutines.
func (o *outbox) run(stop <-chan struct{}, emit func(batch []events.Event) (stored bool), settled func()) {
	calls := make(chan struct{}, outboxCalls)
	var wg sync.WaitGroup
	defer wg.Wait()
	for stopping := false; !stopping; {
		select {
		case <-o.kick:
			pause(stop, outboxPause)
		case <-stop:
			stopping = true
		}
		calls <- struct{}{}
		batch := o.take()
		if len(batch) == 0 {
			<-calls
			continue
		}
		wg.Go(func() {
			stored := emit(batch)
			for i := range batch {
				o.held.Add(-int64(batch[i].Size()))
			}
			if stored {
				o.reuse(batch)
			}
			<-calls
			settled()
		})
	}
}

// pause waits, but not beyond the close of stop.
func pause(stop <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-stop:
	case <-t.C:
	}
}
