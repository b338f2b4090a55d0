package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/uptimer/uptimer/events"
)

// answer is what emit returns, once all batches are settled.
func (c *call) answer() ([]events.Rejection, error) {
	if len(c.batches) == 1 {
		return c.batches[0].rejected, c.batches[0].err
	}
	if err := c.failure(); err != nil {
		return nil, err
	}
	return c.rejected(), nil
}

// failure is why the events are not safe, or nil. A sink that has gone while the call was under way does not count
// as long as another has all events.
func (c *call) failure() error {
	var gone error
	safe := false
	for i := 0; i < len(c.batches); {
		left, sink := false, c.batches[i].queue.sink
		for ; i < len(c.batches) && c.batches[i].queue.sink == sink; i++ {
			switch err := c.batches[i].err; {
			case err == nil:
			case errors.Is(err, events.ErrWriterGone):
				left, gone = true, err
			default:
				return err
			}
		}
		safe = safe || !left
	}
	if safe {
		return nil
	}
	return gone
}

// rejected is what the writers rejected, each event once. Where there are several sinks, the reasons say whose they
// are.
func (c *call) rejected() (all []events.Rejection) {
	several := c.batches[0].queue.sink != c.batches[len(c.batches)-1].queue.sink
	for i := range c.batches {
		b := &c.batches[i]
		for _, r := range b.rejected {
			r.Index = b.place(r.Index)
			if several {
				r.Reason = fmt.Errorf("writer %q: %w", b.queue.sink.Name, r.Reason)
			}
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b events.Rejection) int { return cmp.Compare(a.Index, b.Index) })
	once := all[:0]
	for _, r := range all {
		if last := len(once) - 1; last >= 0 && once[last].Index == r.Index {
			once[last].Reason = fmt.Errorf("%w; %w", once[last].Reason, r.Reason)
			continue
		}
		once = append(once, r)
	}
	return once
}
