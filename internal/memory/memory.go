// Package memory tells Go's garbage collector how much memory there is: a prober makes little that stays and much
// garbage, so collecting seldom is cheap, but only as long as there is room.
package memory

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"time"
)

const (
	// room is how much garbage may pile up before a collection, as far as the percentage lets it. Where little lives it
	// may be more, so that the heap is twice that: a collection takes a quarter of the processors for a while, and checks
	// start late meanwhile, so the fewer the better.
	room = 256 << 20
	// startRoom is how large the heap may be before it is collected, until all is loaded.
	startRoom = 768 << 20
	// leastPercent and mostPercent bound GOGC: how much garbage may pile up, in percent of what lives.
	leastPercent, mostPercent = 50, 800
	// usualPercent is Go's own.
	usualPercent = 100
	// leastHeap is what Go collects at, at 100 percent, before anything is known of what lives.
	leastHeap = 4 << 20
)

// Tuner follows what lives, from Tune on until Stop.
type Tuner struct {
	settings []any
	room     int64

	mu      sync.Mutex
	percent int   // in force, if above zero
	start   int64 // how large the heap may be until Loaded; 0 after that
	ended   bool
	stop    func() // ends follow, and waits for that; not with mu
}

// Tune lets garbage pile up to eight times of what lives, as long as that is at most 256 MiB or a quarter of the memory
// that there is, or both together are at most twice that; it may always be half of what lives. So where much lives, a
// million targets say, each more takes hardly more than itself. Until Loaded is called, the heap may have 768 MiB, or a
// quarter of the container's memory or the machine's, before it is collected, where the latter is known (on Linux): what
// is loaded stays, and to look at it while it is written costs a fifth of the time that it takes. Where the container has
// a limit, Go's is nine tenths of it. What the environment says itself, by GOGC or GOMEMLIMIT, stays. lookup finds a
// variable of the environment.
func Tune(lookup func(name string) string) *Tuner {
	root := os.DirFS("/")
	limit, limited := containerLimit(root)
	t := &Tuner{room: room}
	if limited {
		t.room = min(t.room, limit/4)
	}
	percent, bytes := fmt.Sprintf("%d to %d", leastPercent, mostPercent), "off"
	if given := lookup("GOGC"); given != "" {
		percent, t.ended = given, true
	}
	if given := lookup("GOMEMLIMIT"); given != "" {
		bytes = given
	} else if limited {
		debug.SetMemoryLimit(limit / 10 * 9)
		bytes = strconv.FormatInt(limit/10*9, 10)
	}
	t.settings = []any{"GOGC", percent, "GOMEMLIMIT", bytes}
	t.begin(min(startRoom, limit/4, machine(root)/4))
	return t
}

// Settings are what is in force once all is loaded, for the log.
func (t *Tuner) Settings() []any { return t.settings }

// begin lets the heap grow to so many bytes at the start.
func (t *Tuner) begin(heap int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.start = heap
		t.set(t.wanted(0))
		ctx, cancel := context.WithCancel(context.Background())
		var following sync.WaitGroup
		following.Go(func() { t.follow(ctx) })
		t.stop = func() { cancel(); following.Wait() }
	}
}

// Loaded says that what comes from now on is mostly garbage. It may be called again, and then does nothing.
func (t *Tuner) Loaded() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended && t.start > 0 {
		t.start = 0
		t.set(t.wanted(live()))
	}
}

// wanted is GOGC for so many bytes that live.
func (t *Tuner) wanted(live uint64) int {
	return max(percent(live, t.room), int(t.start*100/int64(max(live, leastHeap)))-100)
}

// lookEvery is how often it is looked at what lives: garbage of a few MiB is made meanwhile.
const lookEvery = 100 * time.Millisecond

// follow fits the percentage to what lives. (A cleanup or a finalizer would say when something was collected, but where
// nothing is idle they are called seconds later: after a start with little alive the heap grew to nine times of what
// had come to live by then.)
func (t *Tuner) follow(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			t.adjust()
		}
	}
}

// adjust sets the percentage.
func (t *Tuner) adjust() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	// Setting it disturbs all that allocate just then, so small changes are let be.
	if want := t.wanted(live()); math.Abs(float64(want-t.percent)) > float64(t.percent)/10 {
		t.set(want)
	}
}

func (t *Tuner) set(percent int) {
	debug.SetGCPercent(percent)
	t.percent = percent
}

// Stop leaves the percentage as Go has it.
func (t *Tuner) Stop() {
	if t.end() {
		t.stop()
	}
}

// end tells whether it had not ended before.
func (t *Tuner) end() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return false
	}
	t.ended = true
	debug.SetGCPercent(usualPercent)
	return true
}

// percent is GOGC for so many bytes that live.
func percent(live uint64, room int64) int {
	if live == 0 {
		return mostPercent
	}
	garbage := max(float64(room), float64(2*room)-float64(live))
	return int(max(leastPercent, min(mostPercent, garbage*100/float64(live))))
}

// live is how many bytes the last collection found alive.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
