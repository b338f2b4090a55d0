package kafka

import (
	"context"
	"sync"
)

// budget bounds the memory of all messages in hand, over all partitions: those that are being fetched, and those that
// are not settled yet.
type budget struct {
	whole int64
	turn  chan struct{} // held by the one who waits: the others queue up behind, so that nobody is passed over for ever
	short func()        // called when somebody waits while half of it, or more, is with the writer

	mu     sync.Mutex
	left   int64
	handed int64         // of what was taken: with the writer
	waits  bool          // somebody does
	freed  chan struct{} // closed when some is given back
}

func newBudget(bytes int64, short func()) *budget {
	return &budget{left: bytes, whole: bytes, short: short, turn: make(chan struct{}, 1), freed: make(chan struct{})}
}

// take waits until there are so many bytes, in the order of the calls. More than there are in all can be had when
// nobody else has any.
func (b *budget) take(ctx context.Context, bytes int64) error {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		freed, ok := b.try(bytes)
		if ok {
			return nil
		}
		b.mention()
		select {
		case <-freed:
		case <-ctx.Done():
			b.leave()
			return ctx.Err()
		}
	}
}

func (b *budget) try(bytes int64) (freed <-chan struct{}, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waits = b.left < bytes && b.left < b.whole; b.waits {
		return b.freed, false
	}
	b.left -= bytes
	return nil, true
}

func (b *budget) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits = false
}

// mention calls short if it is time to.
func (b *budget) mention() {
	b.mu.Lock()
	short := b.waits && 2*b.handed >= b.whole
	b.mu.Unlock()
	if short {
		b.short()
	}
}

// hand takes note that so much of what was taken is with the writer now.
func (b *budget) hand(bytes int64) {
	b.mu.Lock()
	b.handed += bytes
	b.mu.Unlock()
	b.mention()
}

// settle gives back what was with the writer.
func (b *budget) settle(bytes int64) {
	b.mu.Lock()
	b.handed -= bytes
	b.mu.Unlock()
	b.give(bytes)
}

// give gives back what was taken. Less than nothing is taken on top of that, without waiting: it is there already.
func (b *budget) give(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += bytes
	close(b.freed)
	b.freed = make(chan struct{})
}
