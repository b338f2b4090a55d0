package kafka

import (
	"context"
	"sync"
)

// budget bounds the memory of all messages in hand, over all partitions.
type budget struct {
	mu    sync.Mutex
	left  int64
	whole int64
	freed chan struct{} // closed when some is given back
}

func newBudget(bytes int64) *budget {
	return &budget{left: bytes, whole: bytes, freed: make(chan struct{})}
}

// take waits until there are so many bytes. More than there are in all can be had when nobody else has any.
func (b *budget) take(ctx context.Context, bytes int64) error {
	for {
		freed, ok := b.try(bytes)
		if ok {
			return nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *budget) try(bytes int64) (freed <-chan struct{}, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < bytes && b.left < b.whole {
		return b.freed, false
	}
	b.left -= bytes
	return nil, true
}

// give gives back what was taken.
func (b *budget) give(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += bytes
	close(b.freed)
	b.freed = make(chan struct{})
}
