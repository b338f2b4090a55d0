package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events/topic"
)

const (
	// lagAgain is how often the ends of the partitions are asked for. What a fetch says of them is not enough: nothing is
	// fetched while the writer is away, and that is when the lag grows.
	lagAgain = 3 * time.Second
	// lagTime bounds one such question.
	lagTime = 3 * time.Second
)

// progress is how far a partition has come, for those who look at it from another goroutine.
type progress struct {
	mu     sync.Mutex
	inHand int   // batches that were read and are not safe yet
	next   int64 // all before it is in hand or safe; below zero: where that begins is not known yet
	safe   int64 // everything before it is stored, or a dead letter; below zero: nothing is
}

// launched takes note of a batch that is in hand now, up to an offset.
func (p *progress) launched(next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inHand++
	p.next = next
}

// readUpTo takes note that there is nothing more to read before an offset.
func (p *progress) readUpTo(next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
}

// safeUpTo takes note that the oldest batch in hand is safe.
func (p *progress) safeUpTo(next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inHand--
	p.safe = next
}

// settled is the offset before which nothing is left to do. With nothing in hand that is where we read: messages that
// were deleted or compacted away, and the marks of transactions, are left to nobody.
func (p *progress) settled() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inHand == 0 {
		return p.next // less than before if the topic was made anew
	}
	return p.safe
}

// tellLags tells the lag of the partitions until nothing more is to be read.
func (s *share) tellLags(partitions []*partition) {
	var ids []int
	set := map[int]func(int64){}
	for _, p := range partitions {
		tell, end := s.observer.Lag(s.config.Topic, p.id)
		defer end()
		ids, set[p.id] = append(ids, p.id), tell
	}
	for len(ids) > 0 {
		ctx, cancel := context.WithTimeout(s.reading, lagTime)
		there, err := topic.Extents(ctx, s.client, s.config.Topic, ids)
		cancel()
		for _, p := range partitions {
			if e, ok := there[p.id]; ok && err == nil {
				set[p.id](max(0, e.End-max(e.Oldest, p.progress.settled())))
			}
		}
		if topic.Rest(s.reading, lagAgain) != nil {
			return
		}
	}
}
