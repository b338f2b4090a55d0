package probes

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stepClock lets a test step the wall clock of a scheduler.
func (b *bed) stepClock() *atomic.Int64 {
	var offset atomic.Int64
	inner := b.clock
	b.clock = func() (int64, time.Duration) {
		wall, mono := inner()
		return wall + offset.Load(), mono
	}
	return &offset
}

// A clock that is set by hand or by NTP at boot must neither start everything at once nor leave a gap, whatever its
// direction and size. Seen to fail without look's planning anew: back by an hour stalls for an hour, forward by an
// hour checks every target at once.
func TestASteppedClockNeitherBurstsNorStalls(t *testing.T) {
	const interval = 10 * time.Second
	for _, step := range []time.Duration{
		-time.Hour, -25 * time.Second, -interval, -7 * time.Second, -time.Second, -200 * time.Millisecond,
		200 * time.Millisecond, time.Second, 7 * time.Second, interval, 25 * time.Second, time.Hour,
	} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			inFakeTime(t, func(t *testing.T) { testStep(t, step, interval) })
		})
	}
}

func testStep(t *testing.T, step, interval time.Duration) {
	b := newBed(t, SchedulerConfig{}, false)
	offset := b.stepClock()
	list := entries(100, interval, time.Millisecond)
	b.run(list...)
	time.Sleep(30*time.Second + 250*time.Millisecond)
	offset.Store(int64(step))
	stepped := time.Now()
	time.Sleep(40 * time.Second)
	b.stop()
	var tenths [400]int
	for _, s := range b.events { // event times are true: the fake checks read the bubble's clock
		if at := s.began.Sub(stepped); at >= 0 {
			tenths[min(at/(100*time.Millisecond), 399)]++
		}
	}
	for i, n := range tenths {
		if n > 10 { // 100 in 10 s are one in a tenth
			t.Errorf("%d checks began in tenth %d after the step", n, i)
		}
	}
	for i, e := range list {
		wantNoGap(t, i, b.of(e), stepped, interval)
		if step >= -interval { // back by more, the rhythm begins anew: else it would stall
			wantNoSlotTwice(t, i, b.of(e))
		}
	}
	if !strings.Contains(b.log.String(), "the clock was stepped") {
		t.Error("the log does not say that the clock was stepped")
	}
	if n := b.skipped(skipClock); step > interval && n < len(list) || step < 0 && n != 0 {
		t.Errorf("%d slots counted as stepped over", n)
	}
}

// wantNoGap checks that no check of a target is missing.
func wantNoGap(t *testing.T, i int, got []seen, stepped time.Time, interval time.Duration) {
	t.Helper()
	byStart(got)
	for j, s := range got {
		next := stepped.Add(40 * time.Second)
		if j+1 < len(got) {
			next = got[j+1].began
		}
		if gap := next.Sub(s.began); gap > 2*interval+time.Second {
			t.Errorf("target %d: a gap of %v from %v after the step", i, gap, s.began.Sub(stepped))
		}
	}
}

func wantNoSlotTwice(t *testing.T, i int, got []seen) {
	t.Helper()
	for j := 1; j < len(got); j++ {
		if !got[j].due.After(got[j-1].due) {
			t.Errorf("target %d: slot %v after slot %v", i, got[j].due, got[j-1].due)
		}
	}
}

// A process that was stopped for a while (SIGSTOP, a laptop's lid) must go on with the next slots, and say how many
// it missed.
func TestAPauseOfTheProcessIsCountedAsBehind(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		var away atomic.Int64
		inner := b.clock
		b.clock = func() (int64, time.Duration) {
			wall, mono := inner()
			return wall + away.Load(), mono + time.Duration(away.Load())
		}
		list := entries(10, time.Second, time.Millisecond)
		b.run(list...)
		time.Sleep(5500 * time.Millisecond)
		away.Store(int64(10 * time.Second)) // both clocks went on, the loop did not
		time.Sleep(5 * time.Second)
		b.stop()
		if n := b.skipped(skipBehind); n < 80 || n > 100 {
			t.Errorf("%d slots counted as behind, want nine or ten for each of the ten targets", n)
		}
		if strings.Contains(b.log.String(), "clock was stepped") {
			t.Error("a pause was taken for a stepped clock")
		}
	})
}

// A list of thousands would end the program when the clock is stepped: their places in the timeline are all gone then.
// Seen to fail (a panic) when a plan that was thrown away still counts as a place.
func TestASteppedClockWithManyTargets(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		offset := b.stepClock()
		b.run(entries(2*fewStale+2, 10*time.Second, time.Millisecond)...)
		time.Sleep(15 * time.Second)
		offset.Store(int64(3 * time.Second))
		time.Sleep(15 * time.Second)
		b.stop()
	})
}
