package probes

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A check that failed by time because this process stood still would be an outage; or, the other way round, a real
// time-out would be thrown away because of a pause long before it.
func TestPulseKnowsPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPulse()
		p.last.Store(p.now())
		ask := func(what string, since time.Time, want bool) {
			t.Helper()
			if got := p.Paused(since); got != want {
				t.Errorf("%s: paused is %v", what, got)
			}
		}
		start := time.Now()
		for range 100 {
			time.Sleep(pulseInterval)
			p.tick()
		}
		ask("ticking in time", start, false)
		time.Sleep(pulseInterval + pulseLate - time.Nanosecond)
		ask("almost late", start, false)
		time.Sleep(time.Nanosecond)
		ask("late, at the moment of asking", time.Now(), true)
		p.tick()
		after := time.Now()
		ask("the tick that was late has come", start, true)
		ask("a check that began after the pause", after, false)
		time.Sleep(pulseInterval)
		p.tick()
		ask("later", start, true)
		ask("a check that began after the pause, later", after, false)
	})
}

// The clock itself would take its own regular ticks for pauses, or outlive its owner.
func TestPulseRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPulse()
		start := time.Now()
		if p.Paused(start) {
			t.Error("a pulse that does not run knows of a pause")
		}
		ctx, cancel := context.WithCancel(t.Context())
		go p.Run(ctx)
		time.Sleep(time.Minute)
		if p.Paused(start) {
			t.Error("a pause in a minute in which every tick was in time")
		}
		cancel()
		synctest.Wait()
		time.Sleep(time.Hour)
		if p.Paused(start) {
			t.Error("a pulse that has ended knows of a pause")
		}
	})
	if (*Pulse)(nil).Paused(time.Now()) {
		t.Error("no pulse knows of a pause")
	}
}

func BenchmarkPaused(b *testing.B) {
	p := NewPulse()
	p.tick()
	since := time.Now()
	for b.Loop() {
		p.Paused(since)
	}
}
