package probes

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// overload is 2,000 checks a second asked of a machine that can make 750, for 10 s after a start.
func overload(t *testing.T, b *bed, m *machine) (g *group, counts []int, late time.Duration) {
	t.Helper()
	b.lag = m
	g = m.newGroup(0, 2000, time.Second, time.Second/750, time.Millisecond)
	b.run(g.entries...)
	time.Sleep(4 * time.Second)
	_, begin := b.startedLate(0)
	since := time.Now()
	time.Sleep(10 * time.Second)
	late, _ = b.startedLate(begin)
	return g, b.counts(g.entries, since), late
}

// A machine that is asked for too much would call healthy targets down or slow, forget some of them, or be later and
// later. Seen to fail with a fixed limit of 1,000 (14,552 false outages), without a look at the lag (25,036), where those
// that missed most were not first (some targets never checked), and where the newest were never first (500 ms late).
func TestTooMuchAskedMeansLessOftenAndEvenly(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		g, counts, late := overload(t, b, &machine{})
		up, down, took := g.seen()
		if down > 0 {
			t.Errorf("%d false outages", down)
		}
		if up < 650*14 {
			t.Errorf("%d checks in 14 s, want nearly the 10500 that the machine can do", up)
		}
		if took > 100*time.Millisecond {
			t.Errorf("targets that take 1 ms seem to take %v", took)
		}
		if late > 150*time.Millisecond {
			t.Errorf("checks start %v late", late)
		}
		average := float64(up) * 10 / 14 / float64(len(counts))
		if least, most := float64(counts[0]), float64(counts[len(counts)-1]); least < average*0.7 || most > average*1.5 {
			t.Errorf("targets were checked between %v and %v times, want about %.1f each", least, most, average)
		}
		if asked, skipped := 2000*14, b.skipped(skipBehind); skipped < asked-up-2500 || b.skipped(skipConcurrency) > 0 {
			t.Errorf("%d slots counted as skipped of %d, want %d, all of them behind: %v", skipped, asked, asked-up, b.counted.skipped)
		}
		if n := strings.Count(b.log.String(), "cannot keep up"); n != 1 {
			t.Errorf("the log says it %d times, want once:\n%s", n, b.log.String())
		}
		b.stop()
	})
}

// Targets far away: their answers come long after the checks were started, so the limit could swing between none and
// far too many.
func TestTooMuchAskedOfSlowTargets(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b, m := newBedOnMachine(t, false)
		g := m.newGroup(0, 6000, 2*time.Second, time.Second/1500, 300*time.Millisecond)
		b.run(g.entries...)
		time.Sleep(4 * time.Second)
		g.forget()
		time.Sleep(8 * time.Second)
		up, down, took := g.seen()
		if down > 0 || up < 1200*8 || took > 500*time.Millisecond {
			t.Errorf("%d up, %d down, took p99 %v; want about 12000, all up, in 300 ms", up, down, took)
		}
		b.stop()
	})
}

// The proof that the tests above can fail, and what a number that is too high does: false outages.
func TestANumberTooHighOverloads(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Concurrency: 1_000_000}, false)
		m := &machine{}
		g := m.newGroup(0, 2000, time.Second, time.Second/750, time.Millisecond)
		b.run(g.entries...)
		time.Sleep(3 * time.Second)
		if _, down, _ := g.seen(); down == 0 {
			t.Error("the simulated machine is never overloaded")
		}
		b.stop()
	})
}

// An operator who sees that the machine cannot keep up makes the list shorter; then it must keep up at once.
func TestAfterReliefNothingIsSkipped(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		g, _, _ := overload(t, b, &machine{})
		b.Replace(b.ctx, g.entries[:500])
		time.Sleep(2 * time.Second)
		before := b.tooMuch() + b.skipped(skipOverrun)
		_, begin := b.startedLate(0)
		since := time.Now()
		time.Sleep(12 * time.Second)
		if n := b.tooMuch() + b.skipped(skipOverrun) - before; n > 0 {
			t.Errorf("%d slots were skipped: %v", n, b.counted.skipped)
		}
		if late, _ := b.startedLate(begin); late > 50*time.Millisecond {
			t.Errorf("checks start %v late", late)
		}
		if counts := b.counts(g.entries[:500], since); counts[0] < 11 {
			t.Errorf("a target was checked %d times in twelve intervals", counts[0])
		}
		if !strings.Contains(b.log.String(), "keeps up again") {
			t.Errorf("the log does not say that it is over:\n%s", b.log.String())
		}
		b.stop()
	})
}

// A network that swallows packets to some targets would cost the others their checks, or make them seem slow.
func TestTargetsThatHangTakeNothingFromOthers(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b, m := newBedOnMachine(t, false)
		good := m.newGroup(0, 1500, 2*time.Second, time.Second/3000, 5*time.Millisecond)
		bad := m.newGroup(1500, 1000, 5*time.Second, time.Second/3000, time.Hour)
		b.run(append(good.entries, bad.entries...)...)
		time.Sleep(12 * time.Second)
		up, down, took := good.seen()
		if down > 0 || took > 15*time.Millisecond || up < 1500*5 {
			t.Errorf("good targets: %d checks said up, %d down, p99 of their time %v; want all up, and 5 ms", up, down, took)
		}
		if n := b.tooMuch(); n > 0 {
			t.Errorf("%d slots were skipped: %v", n, b.counted.skipped)
		}
		b.stop()
	})
}

// Both at once: if the limit shrank below the number of those that hang, none but they would be checked. How long the
// slowest hundredth takes is a matter of chance, so the median of three runs counts.
func TestTargetsThatHangTakeNothingFromOthersWhileTooMuchIsAsked(t *testing.T) {
	var all []time.Duration
	for range 3 {
		inFakeTime(t, func(t *testing.T) {
			b, m := newBedOnMachine(t, false)
			good := m.newGroup(0, 3000, time.Second, time.Second/1500, 5*time.Millisecond)
			bad := m.newGroup(3000, 1200, 2*time.Second, time.Second/1500, time.Hour)
			b.run(append(good.entries, bad.entries...)...)
			time.Sleep(4 * time.Second)
			good.forget()
			time.Sleep(8 * time.Second)
			up, down, took := good.seen()
			if _, timeouts, _ := bad.seen(); timeouts < 1000 {
				t.Errorf("%d checks of those that hang", timeouts)
			}
			if down > 0 || up < 8*1000 {
				t.Errorf("good targets: %d checks said up, %d down; want 1200 a second, all up", up, down)
			}
			all = append(all, took)
			b.stop()
		})
	}
	slices.Sort(all)
	if all[1] > 250*time.Millisecond {
		t.Errorf("good targets: p99 of their time %v; want them quick", all)
	}
}

// A slow network is no reason to check less often: the checks in flight wait for it, and cost nothing.
func TestSlowTargetsGetAllThePlacesTheyNeed(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b, m := newBedOnMachine(t, false)
		g := m.newGroup(0, 4000, 4*time.Second, time.Second/10_000, 1500*time.Millisecond)
		b.run(g.entries...)
		time.Sleep(12 * time.Second)
		up, down, took := g.seen()
		if n := b.tooMuch(); n > 0 || down > 0 || took > 1550*time.Millisecond {
			t.Errorf("%d slots were skipped, %d up, %d down, p99 of their time %v", n, up, down, took)
		}
		if b.counted.most < 1400 {
			t.Errorf("%d checks were in flight at most; 1500 are needed", b.counted.most)
		}
		b.stop()
	})
}

// A pass over a long list is as fast as the machine, not as fast as it was allowed to begin.
func TestOnePassIsAsFastAsTheMachine(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b, m := newBedOnMachine(t, true)
		g := m.newGroup(0, 10_000, 10*time.Second, time.Second/2000, 300*time.Millisecond)
		b.run(g.entries...)
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		up, down, took := g.seen()
		if up != len(g.entries) || time.Since(b.began) > 7*time.Second || took > 900*time.Millisecond {
			t.Errorf("%d up, %d down, p99 %v, in %v; want 5 s", up, down, took, time.Since(b.began))
		}
	})
}

// Two targets that are checked once an hour and meet: the second must wait for the first, not for the next hour.
// Seen to fail with a patience of a second, whatever the interval.
func TestAnHourlyTargetWaitsForAPlace(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Concurrency: 1}, false)
		list := entries(120, time.Hour, 15*time.Second)
		b.run(list...)
		time.Sleep(5 * time.Hour)
		b.stop()
		for i, e := range list {
			if n := len(b.of(e)); n < 4 {
				t.Errorf("target %d was checked %d times in five hours", i, n)
			}
		}
	})
}
