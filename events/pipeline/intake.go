package pipeline

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/uptimer/uptimer/events"
)

// intake is where one reader emits to.
type intake struct {
	routes []route       // one for each sink
	free   sync.Pool     // calls that were answered, see release
	lost   *atomic.Int64 // counts events that are given up; nil if the source delivers them again
}

// route is where the events of one reader go in one sink: all into the only queue, or each into the one that its key
// chooses.
type route []*queue

// emit is what the reader is given: see events.Emit.
//
// A caller whose ctx ends takes its events back: what was not in a page yet will not be written, what is in a page
// may be. Either way the source knows no better than that it has to deliver them again, so they are the pipeline's
// loss no more, and GivenUp does not count them.
func (in *intake) emit(ctx context.Context, list []events.Event) ([]events.Rejection, error) {
	if len(list) == 0 {
		in.noMore()
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, takenBack(list, err)
	}
	c := in.call(list)
	for i := range c.batches {
		b := &c.batches[i]
		b.queue.add(b)
	}
	events.Queued(ctx)
	select {
	case <-c.done:
		if len(c.batches) == 1 && c.first[0].err == nil {
			return in.release(c), nil
		}
	case <-ctx.Done():
		err := takenBack(list, ctx.Err())
		for i := range c.batches {
			b := &c.batches[i]
			b.queue.leave(b, err)
		}
	}
	return c.answer()
}

// noMore lets all that waits now be written without waiting for company.
func (in *intake) noMore() {
	for _, r := range in.routes {
		for _, q := range r {
			q.noMore()
		}
	}
}

// release keeps a call of one batch, whose events are stored, for the next emit, and returns what was rejected. The
// page that it was in forgets it before anybody looks again; after an error a page may still know it.
func (in *intake) release(c *call) []events.Rejection {
	rejected := c.first[0].rejected
	c.first[0] = batch{}
	in.free.Put(c)
	return rejected
}

func takenBack(list []events.Event, cause error) error {
	return fmt.Errorf("waiting until %d events are written: %w", len(list), cause)
}

// call makes the batches of one emit.
func (in *intake) call(list []events.Event) *call {
	c, _ := in.free.Get().(*call)
	if c == nil {
		c = &call{intake: in, done: make(chan struct{}, 1)}
	}
	c.batches = c.first[:0]
	for _, r := range in.routes {
		c.batches = r.share(c.batches, list)
	}
	for i := range c.batches {
		b := &c.batches[i]
		b.call, b.count, b.open = c, len(b.events), len(b.events)
	}
	c.open.Store(int32(len(c.batches)))
	return c
}

// share appends a batch for each queue that gets some of the events.
func (r route) share(batches []batch, list []events.Event) []batch {
	if len(r) == 1 {
		return with(batches, r[0], list)
	}
	chosen, ends := make([]int, len(list)), make([]int, len(r))
	for i := range list {
		chosen[i] = choose(&list[i], len(r))
		ends[chosen[i]]++
	}
	if only := chosen[0]; ends[only] == len(list) {
		return with(batches, r[only], list)
	}
	begin := 0
	for k, n := range ends {
		ends[k] = begin // from here on to where the next one begins
		begin += n
	}
	shared, at := make([]events.Event, len(list)), make([]int, len(list))
	for i, k := range chosen {
		shared[ends[k]], at[ends[k]] = list[i], i
		ends[k]++
	}
	begin = 0
	for k, end := range ends {
		if begin < end {
			batches = with(batches, r[k], shared[begin:end:end])
			places := at[begin:end:end]
			batches[len(batches)-1].places = &places
		}
		begin = end
	}
	return batches
}

// with appends a batch.
func with(batches []batch, q *queue, list []events.Event) []batch {
	batches = append(batches, batch{})
	b := &batches[len(batches)-1]
	b.queue, b.events = q, list
	return batches
}

// choose is which of n writers gets an event: always the same for the events of one target, so that they keep their
// order. It is the hash FNV-1a of the key, or of the id of an event that has none.
func choose(e *events.Event, n int) int {
	const offset, prime = 14695981039346656037, 1099511628211
	hash := uint64(offset)
	if key := e.Key(); key != "" {
		for i := range len(key) {
			hash = (hash ^ uint64(key[i])) * prime
		}
	} else {
		for _, b := range e.ID() {
			hash = (hash ^ uint64(b)) * prime
		}
	}
	return int((hash ^ hash>>32) % uint64(n))
}
