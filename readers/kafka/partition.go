package kafka

import (
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events/topic"
)

const (
	// flights is how many batches of a partition are under way at most; the budget bounds their memory.
	flights = 256
	// fetchAtLeast is for how many bytes a fetch waits a little: larger batches cost less. fetchAtMost is what an answer
	// holds at most, unless the budget is small.
	fetchAtLeast = 64 << 10
	fetchAtMost  = 1 << 20
	// again and seldom are the first and the longest pause after fetches that failed.
	again  = 250 * time.Millisecond
	seldom = 2 * time.Second
	// What an answer takes in memory is known when it is there. It is expected to be as large as the last one, at first
	// and at least: usual batches, compressed and not.
	firstAnswer = 8 << 20
	leastAnswer = fetchAtMost
)

// partition is one partition while it is ours.
type partition struct {
	*share
	id        int
	cursor    topic.Cursor
	queue     chan *flight // under way, in the order of the partition
	committed int64        // the offset that the group knows
	expected  int64        // of the budget: what the next answer may take
	pause     time.Duration
	progress  progress
}

func newPartition(s *share, a kafka.PartitionAssignment) *partition {
	p := &partition{
		share: s, id: a.ID, queue: make(chan *flight, flights), committed: a.Offset, expected: firstAnswer, pause: again,
		progress: progress{next: a.Offset, safe: a.Offset},
		cursor:   topic.NewCursor(s.client, s.config.Topic, a.ID, a.Offset),
	}
	p.cursor.AtLeast, p.cursor.AtMost = fetchAtLeast, max(1024, min(fetchAtMost, s.budget.whole/16))
	return p
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
		messages, err := p.fetchWithin(p.budget)
		if err != nil {
			if p.reading.Err() == nil {
				p.troubled(err)
			}
			continue
		}
		p.member.read.Store(true)
		p.pause = again
		p.unreadable.Quiet(recovered)
		for len(messages) > 0 && p.reading.Err() == nil {
			n := fitting(messages)
			f := p.parse(messages[:n])
			messages = messages[n:]
			p.progress.launched(f.next)
			inOrder = p.launch(f, inOrder)
			p.queue <- f
		}
		if len(messages) == 0 {
			p.progress.readUpTo(p.cursor.Next)
		}
		p.budget.give(cost(messages))
	}
}

// fetchWithin reads what comes next, once the budget has room for it, and takes from the budget what it costs.
func (p *partition) fetchWithin(b *budget) ([]topic.Record, error) {
	expected := min(p.expected, b.whole/4) // so that a small budget does not make all wait for one
	if err := b.take(p.reading, expected); err != nil {
		return nil, err
	}
	messages, err := p.fetch()
	spent := cost(messages)
	b.give(expected - spent)
	p.expected = max(spent, p.expected/2, leastAnswer)
	return messages, err
}

// fetch reads what comes next.
func (p *partition) fetch() ([]topic.Record, error) {
	if err := p.cursor.Begin(p.reading); err != nil {
		return nil, err
	}
	messages, err := p.cursor.Fetch(p.reading)
	if !errors.Is(err, kafka.OffsetOutOfRange) {
		return messages, err
	}
	oldest, err := p.cursor.Oldest(p.reading)
	if err != nil {
		return nil, err
	}
	p.log.Warn("messages were deleted before they were read, or the topic was made anew; going on with the oldest",
		"partition", p.id, "offset", p.cursor.Next, "oldest", oldest)
	p.cursor.Next = oldest
	return nil, nil
}

// troubled rests after a fetch that failed, or ends Read if we may not read.
func (p *partition) troubled(err error) {
	refused := topic.PermissionError(fmt.Sprintf("reading the topic %q", p.config.Topic), err)
	if refused != nil && !p.member.read.Load() {
		p.abort(refused)
		return
	}
	if missing(err) {
		p.log.Debug("the topic, or a partition of it, is missing; joining the group again", "partition", p.id, "error", err)
		p.vanish()
		return
	}
	p.unreadable.Happened("partition", p.id, "offset", p.cursor.Next, "error", err)
	_ = topic.Rest(p.reading, p.pause)
	p.pause = min(2*p.pause, seldom)
}

// settle commits what is safe, in order. When something is not, nothing after it is committed.
func (p *partition) settle() {
	safe, broken := p.committed, false
	for f, ok := p.take(&safe); ok; f, ok = p.take(&safe) {
		if broken = broken || !p.safe(f); !broken {
			safe = f.next
			p.progress.safeUpTo(safe)
		}
		p.budget.settle(f.cost)
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
