// Package memory tells Go's garbage collector how much memory there is: a prober makes little that stays and much
// garbage, so collecting seldom is cheap, but only as long as there is room.
package memory

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
)

const (
	// room is how much garbage may pile up before a collection, as far as the percentage lets it.
	room = 256 << 20
	// leastPercent and mostPercent bound GOGC: how much garbage may pile up, in percent of what lives.
	leastPercent, mostPercent = 50, 400
	// usualPercent is Go's own.
	usualPercent = 100
)

// Tune lets garbage pile up to four times of what lives, as long as that is at most 256 MiB or a quarter of the memory
// that there is; it may always be half of what lives. So where much lives, a million targets say, each more takes hardly
// more than itself. Where the container has a limit, Go's is nine tenths of it. What
// the environment says itself, by GOGC or GOMEMLIMIT, stays. lookup finds a variable of the environment.
//
// settings is what is in force, for the log. stop ends following what lives; call it once.
func Tune(lookup func(name string) string) (settings []any, stop func()) {
	limit, limited := containerLimit(os.DirFS("/"))
	t := &tuner{room: room}
	if limited {
		t.room = min(t.room, limit/4)
	}
	percent, bytes := "50 to 400", "off"
	if given := lookup("GOGC"); given != "" {
		percent, t.ended = given, true
	}
	if given := lookup("GOMEMLIMIT"); given != "" {
		bytes = given
	} else if limited {
		debug.SetMemoryLimit(limit / 10 * 9)
		bytes = strconv.FormatInt(limit/10*9, 10)
	}
	t.adjust()
	return []any{"GOGC", percent, "GOMEMLIMIT", bytes}, t.stop
}

// tuner follows what lives.
type tuner struct {
	room int64

	mu      sync.Mutex
	percent int // in force, if above zero
	ended   bool
}

// sentinel is garbage as soon as it is made, so that the end of a collection is noticed.
type sentinel struct{ _ [16]byte }

// adjust sets the percentage, and comes again after the next collection.
func (t *tuner) adjust() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	// Setting it stops the world for a moment, so small changes are let be.
	if want := percent(live(), t.room); math.Abs(float64(want-t.percent)) > float64(t.percent)/10 {
		debug.SetGCPercent(want)
		t.percent = want
	}
	runtime.AddCleanup(new(sentinel), (*tuner).adjust, t)
}

// stop leaves the percentage as Go has it.
func (t *tuner) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.ended = true
		debug.SetGCPercent(usualPercent)
	}
}

// percent is GOGC for so many bytes that live.
func percent(live uint64, room int64) int {
	if live == 0 {
		return mostPercent
	}
	return int(max(leastPercent, min(mostPercent, float64(room)*100/float64(live))))
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
