package probes

import (
	"runtime"
	"sync/atomic"
)

// backlog is how many checks of the whole program were started, or woken because something came, and have not gone on
// yet: they wait for the processor alone.
var backlog atomic.Int64

// backlogEach is how many may wait for each processor before no more are started: enough for a round of the loop, and few
// enough for its cache. Half a millisecond passes until that many have gone on, and it is in the reported times.
const backlogEach = 32

func mostBacklog() int64 { return backlogEach * int64(runtime.GOMAXPROCS(0)) }

// turn is one of those that wait, or none.
type turn struct{ waits atomic.Bool }

// comes begins to wait, and is how many do so more than before.
func (t *turn) comes() int64 {
	if t.waits.Swap(true) {
		return 0
	}
	return 1
}

// taken ends it. It may be called without.
func (t *turn) taken() {
	if t.waits.Load() && t.waits.Swap(false) {
		backlog.Add(-1)
	}
}
