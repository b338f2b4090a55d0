package probes

import (
	"runtime"
	"sync/atomic"
)

// backlog is how many checks of the whole program were started, or woken because something came, and have not gone on
// yet: they wait for the processor alone.
var backlog atomic.Int64

// backlogEach is how many may wait for each processor before no more are started: enough for a round of the loop, and few
// enough for its cache. A millisecond or two pass until that many have gone on.
const backlogEach = 32

func mostBacklog() int64 { return backlogEach * int64(runtime.GOMAXPROCS(0)) }

// turn is that of one who waits for something to come, and then for the processor. The zero value is nobody's.
type turn struct{ state atomic.Int32 }

const (
	nobody int32 = iota
	awaitsEvent
	awaitsProcessor
)

// begins waits for something to come. Who is woken without having waited for it is not counted: nobody would take it off.
func (t *turn) begins() { t.state.Store(awaitsEvent) }

// comes begins to wait for the processor, and is how many do so more than before.
func (t *turn) comes() int64 {
	if t.state.CompareAndSwap(awaitsEvent, awaitsProcessor) {
		return 1
	}
	return 0
}

// ends ends either.
func (t *turn) ends() {
	if t.state.Load() != nobody && t.state.Swap(nobody) == awaitsProcessor {
		backlog.Add(-1)
	}
}
