package kafka

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/topic"
)

const (
	// What is emitted at once, at most.
	flightMessages = 1000
	flightBytes    = 1 << 20
	// flights is how many batches of a partition are under way at most; the budget bounds their memory.
	flights = 256
	// again is the pause after a fetch that failed.
	again = 250 * time.Millisecond
)

// partition is one partition while it is ours.
type partition struct {
	*share
	id        int
	cursor    cursor
	queue     chan *flight // under way, in the order of the partition
	committed int64        // the offset that the group knows
}

// flight is a batch that was read, from its emit to its commit.
type flight struct {
	messages []message
	emitted  []int // the messages that are events, by their place
	events   []events.Event
	invalid  []burial
	next     int64 // the offset to commit when all is safe
	cost     int64 // of the budget

	done     chan struct{} // closed when emit has returned
	rejected []events.Rejection
	err      error
}

func newPartition(s *share, a kafka.PartitionAssignment) *partition {
	return &partition{
		share: s, id: a.ID, queue: make(chan *flight, flights), committed: a.Offset,
		cursor: cursor{client: s.client, topic: s.config.Topic, partition: a.ID, next: a.Offset},
	}
}

// run reads until nothing more is to be read, and returns when all that was emitted is settled.
func (p *partition) run() {
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		p.settle()
	}()
	p.read()
	close(p.queue)
	<-settled
}

// read fetches and emits.
func (p *partition) read() {
	first := make(chan struct{})
	close(first)
	var inOrder <-chan struct{} = first
	for p.reading.Err() == nil {
		messages, err := p.fetch()
		if err != nil {
			if p.reading.Err() == nil {
				p.troubled(err)
			}
			continue
		}
		p.member.read.Store(true)
		p.unreadable.Quiet(recovered)
		for len(messages) > 0 {
			n := fitting(messages)
			f := p.parse(messages[:n])
			messages = messages[n:]
			if p.budget.take(p.reading, f.cost) != nil {
				return
			}
			inOrder = p.launch(f, inOrder)
			p.queue <- f
		}
	}
}

// fetch reads what comes next.
func (p *partition) fetch() ([]message, error) {
	if err := p.cursor.begin(p.reading); err != nil {
		return nil, err
	}
	messages, err := p.cursor.fetch(p.reading)
	if !errors.Is(err, kafka.OffsetOutOfRange) {
		return messages, err
	}
	oldest, err := p.cursor.oldest(p.reading)
	if err != nil {
		return nil, err
	}
	p.log.Warn("messages were deleted before they were read, or the topic was made anew; going on with the oldest",
		"partition", p.id, "offset", p.cursor.next, "oldest", oldest)
	p.cursor.next = oldest
	return nil, nil
}

// troubled rests after a fetch that failed, or ends Read if we may not read.
func (p *partition) troubled(err error) {
	refused := topic.PermissionError(fmt.Sprintf("reading the topic %q", p.config.Topic), err)
	if refused != nil && !p.member.read.Load() {
		p.abort(refused)
		return
	}
	p.unreadable.Happened("partition", p.id, "offset", p.cursor.next, "error", err)
	_ = rest(p.reading, again)
}

// fitting is how many of the messages are emitted at once: at least one.
func fitting(messages []message) int {
	bytes := 0
	for i, m := range messages {
		if bytes += len(m.value); i > 0 && (bytes > flightBytes || i == flightMessages) {
			return i
		}
	}
	return len(messages)
}

// messageCost is what a message takes in memory beside its bytes, roughly.
const messageCost = 256

// parse tells events from what is none. Whether it is one is decided by its value alone.
func (p *partition) parse(messages []message) *flight {
	f := &flight{messages: messages, next: messages[len(messages)-1].offset + 1, done: make(chan struct{})}
	for i, m := range messages {
		f.cost += int64(len(m.key)+len(m.value)) + messageCost
		e, err := p.catalog.Parse(m.value)
		if err != nil {
			f.invalid = append(f.invalid, burial{m, p.id, err})
			continue
		}
		f.cost += int64(e.Size())
		f.events, f.emitted = append(f.events, e), append(f.emitted, i)
	}
	return f
}

// launch emits the events, once those before them have their place in the order. It returns what closes when these
// have theirs.
func (p *partition) launch(f *flight, turn <-chan struct{}) (queued <-chan struct{}) {
	if len(f.events) == 0 {
		close(f.done)
		return turn
	}
	place := make(chan struct{})
	reached := sync.OnceFunc(func() { close(place) })
	go func() {
		defer close(f.done)
		defer reached()
		<-turn
		f.rejected, f.err = p.emit(events.OnQueued(p.emitting, reached), f.events)
	}()
	return place
}

// settle commits what is safe, in order. When something is not, nothing after it is committed.
func (p *partition) settle() {
	safe, broken := p.committed, false
	for f, ok := p.take(&safe); ok; f, ok = p.take(&safe) {
		if broken = broken || !p.safe(f); !broken {
			safe = f.next
		}
		p.budget.give(f.cost)
	}
	p.commitUpTo(safe)
}

// take waits for the next batch, and until emit has returned for it. Before it has to wait, it commits.
func (p *partition) take(safe *int64) (f *flight, ok bool) {
	select {
	case f, ok = <-p.queue:
	default:
		p.commitUpTo(*safe)
		f, ok = <-p.queue
	}
	if !ok {
		return nil, false
	}
	select {
	case <-f.done:
	default:
		p.commitUpTo(*safe)
		<-f.done
	}
	return f, true
}

func (p *partition) commitUpTo(offset int64) {
	if offset != p.committed && p.commit(p.id, offset) {
		p.committed = offset
	}
}

// safe tells whether nothing of the batch can be lost any more: what was not taken lies on the topic for dead letters.
func (p *partition) safe(f *flight) bool {
	if f.err != nil {
		if p.emitting.Err() == nil {
			p.abort(f.err)
		}
		return false
	}
	letters := f.invalid
	for _, r := range f.rejected {
		letters = append(letters, burial{f.messages[f.emitted[r.Index]], p.id, r.Reason})
	}
	return len(letters) == 0 || p.grave.bury(p.emitting, p.reading, letters) == nil
}
