package kafka

import (
	"errors"
	"sync"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/topic"
)

const (
	// What is emitted at once, at most.
	flightMessages = 1000
	flightBytes    = 1 << 20
)

// flight is a batch that was read, from its emit to its commit.
type flight struct {
	messages []topic.Record
	emitted  []int // the messages that are events, by their place
	events   []events.Event
	invalid  []burial
	next     int64 // the offset to commit when all is safe
	cost     int64 // of the budget

	done     chan struct{} // closed when emit has returned
	rejected []events.Rejection
	err      error
}

// fitting is how many of the messages are emitted at once: at least one.
func fitting(messages []topic.Record) int {
	bytes := 0
	for i, m := range messages {
		if bytes += len(m.Value); i > 0 && (bytes > flightBytes || i == flightMessages) {
			return i
		}
	}
	return len(messages)
}

// messageCost is what a message takes in memory beside its bytes, roughly.
const messageCost = 512

// cost is what messages take of the budget: their bytes, and those of the events that are made of them.
func cost(messages []topic.Record) (bytes int64) {
	for _, m := range messages {
		bytes += int64(len(m.Key)+2*len(m.Value)) + messageCost
		for _, h := range m.Headers {
			bytes += int64(len(h.Key)+len(h.Value)) + headerCost
		}
	}
	return bytes
}

// headerCost is the same for a header.
const headerCost = 64

// parse tells events from what is none. Whether it is one is decided by its value alone.
func (p *partition) parse(messages []topic.Record) *flight {
	f := &flight{messages: messages, next: messages[len(messages)-1].Offset + 1, cost: cost(messages), done: make(chan struct{})}
	for i, m := range messages {
		e, err := p.catalog.Parse(m.Value)
		if err != nil {
			f.invalid = append(f.invalid, burial{m, p.id, err})
			continue
		}
		f.events, f.emitted = append(f.events, e), append(f.emitted, i)
	}
	return f
}

// launch emits the events, once those before them have their place in the order. It returns what closes when these
// have theirs.
func (p *partition) launch(f *flight, turn <-chan struct{}) (queued <-chan struct{}) {
	if len(f.events) == 0 {
		p.budget.hand(f.cost)
		close(f.done)
		return turn
	}
	place := make(chan struct{})
	reached := sync.OnceFunc(func() {
		close(place)
		p.budget.hand(f.cost)
	})
	go func() {
		defer close(f.done)
		defer reached()
		<-turn
		f.err = errNotReturned // until it has: done is closed even if emit panics or ends its goroutine
		f.rejected, f.err = p.emit(events.OnQueued(p.emitting, reached), f.events)
	}()
	return place
}

// errNotReturned is what is known of a batch while it is with emit.
var errNotReturned = errors.New("emit has not returned")
