package probes

import (
	"math"
	"runtime/debug"
	"testing"
	"time"
)

// Checks that find no descriptor say nothing; a limit that stays where it is would lose some in every interval.
func TestTheLimitYieldsToAShortageOfDescriptors(t *testing.T) {
	l := newLimit(0, 20_000, math.MaxInt64)
	if l.most != 17_436 {
		t.Errorf("with 20000 descriptors %d checks may be in flight", l.most)
	}
	for range 4000 {
		l.began()
	}
	l.adjust(limitLooks, 0, true)
	if l.allowed != 3000 || l.room() || l.cause() != skipConcurrency {
		t.Errorf("%d checks may be in flight after a shortage with 4000, room %v, cause %q", l.allowed, l.room(), l.cause())
	}
	for range 100 {
		l.adjust(limitLooks, 0, false)
	}
	if l.allowed < 3200 || l.allowed > 3500 {
		t.Errorf("%d checks may be in flight ten seconds later", l.allowed)
	}
	for range 1000 {
		l.adjust(limitLooks, 0, true)
	}
	if l.allowed < leastFresh {
		t.Errorf("%d checks may be in flight in a lasting shortage: it would never end", l.allowed)
	}
	if l := newLimit(0, 10, math.MaxInt64); l.most < leastFresh {
		t.Errorf("with 10 descriptors %d checks may be in flight", l.most)
	}
}

// Thousands of targets that hang would fill the memory of a small container, and the kernel would end the process in
// the middle of the outage that it is there to see.
func TestTheLimitLeavesMemory(t *testing.T) {
	if l := newLimit(0, 1<<20, 115<<20); l.most < 1000 || l.most > 1500 {
		t.Errorf("with 115 MiB %d checks may be in flight", l.most)
	}
	if l := newLimit(0, 1<<20, math.MaxInt64); l.most != autoMost {
		t.Errorf("without a limit of memory %d checks may be in flight", l.most)
	}
	before := debug.SetMemoryLimit(64 << 20)
	defer debug.SetMemoryLimit(before)
	s := NewScheduler(SchedulerConfig{Buffer: 256 << 20}, SchedulerOptions{})
	if s.limit.most > 1000 || s.outbox.limit > 32<<20 {
		t.Errorf("a scheduler that has 64 MiB lets %d checks be in flight, and %d bytes wait", s.limit.most, s.outbox.limit)
	}
}

// A number that was given is a promise: no more in flight, and no less because of what the limit thinks.
func TestANumberIsThatNumber(t *testing.T) {
	l := newLimit(7, 5, math.MaxInt64)
	for range 7 {
		if !l.room() {
			t.Fatalf("no room with %d of 7 in flight", l.inFlight)
		}
		l.began()
	}
	for range 50 {
		l.adjust(limitLooks, 100*lagTarget, true)
	}
	if l.room() || l.cause() != skipConcurrency {
		t.Error("room for more than the number")
	}
	l.ended(0)
	if !l.room() {
		t.Error("no room below the number")
	}
}

// Checks that are counted twice, or never taken off, would use up the places for good.
func TestTheLimitCountsWhatIsInFlight(t *testing.T) {
	l := newLimit(0, 1<<20, math.MaxInt64)
	var looks []int
	for i := range 1000 {
		for range i % 7 {
			looks = append(looks, l.began())
		}
		if i%3 == 0 && len(looks) > 5 {
			for _, look := range looks[2:5] {
				l.ended(look)
			}
			looks = append(looks[:2], looks[5:]...)
		}
		l.adjust(limitLooks, lagTarget*time.Duration(i%4)/2, false)
		fresh := 0
		for _, n := range l.fresh {
			fresh += n
		}
		if l.inFlight != len(looks) || fresh+l.hanging != l.inFlight || l.hanging < 0 {
			t.Fatalf("%d in flight, %d fresh and %d hanging; want %d", l.inFlight, fresh, l.hanging, len(looks))
		}
	}
	for _, look := range looks {
		l.ended(look)
	}
	for range freshLooks {
		l.adjust(limitLooks, 0, false)
	}
	if l.inFlight != 0 || l.hanging != 0 {
		t.Errorf("%d in flight and %d hanging after all have ended", l.inFlight, l.hanging)
	}
}

// A processor that has enough to do makes no more checks of more in flight, only dearer ones.
//
// Seen to fail when the limit takes no note of a crowd, and when it never forgets one.
func TestTheLimitIsNoMoreThanTheProcessorNeeds(t *testing.T) {
	l := newLimit(0, 1<<20, math.MaxInt64)
	l.busy = 1000
	for range 160 {
		l.began()
	}
	l.round(true)
	l.wanted = true
	l.adjust(limitLooks, 0, false)
	if l.busy != 150 {
		t.Errorf("%d fresh checks may be in flight after a look with 160 and a crowd, want 150", l.busy)
	}
	l.wanted = true
	for i := range 100 {
		l.round(i < 20) // a burst
	}
	l.adjust(limitLooks, 0, false)
	if l.busy != 226 {
		t.Errorf("%d fresh checks may be in flight after a look without a crowd, want 226", l.busy)
	}
	for range 100 {
		l.round(true)
		l.adjust(limitLooks, 0, false)
	}
	if l.busy < leastFresh {
		t.Errorf("%d fresh checks may be in flight in a lasting crowd: it would never end", l.busy)
	}
}

// If those that hang kept their places, a hundred dead targets would take all that the good ones need; if a check
// whose answer lies here unread gave its place away, more and more would be started the later we are.
func TestWhatHangsTakesNoPlace(t *testing.T) {
	l := newLimit(0, 1<<20, math.MaxInt64)
	for l.room() {
		l.began()
	}
	for range 10 * freshLooks {
		l.adjust(limitLooks, 2*lagTarget, false)
	}
	if l.room() || l.hanging != 0 {
		t.Errorf("while we lag, %d checks are taken for ones that hang", l.hanging)
	}
	for range freshLooks {
		l.adjust(limitLooks, 0, false)
	}
	if !l.room() || l.hanging != firstFresh {
		t.Errorf("%d checks are taken for ones that hang, want %d, and room for others", l.hanging, firstFresh)
	}
}
