package probes

import (
	"testing"
	"testing/synctest"
	"time"
)

// If more were started than the processor can make, each would wait longer for it, and its target would seem slower.
//
// Seen to fail without a look at the backlog, with one also where a number was given, and when the limit is not told.
func TestNothingIsStartedThatCouldNotGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		concurrency Concurrency
		early       int
	}{
		"auto":     {0, 0},
		"a number": {100, 20},
	} {
		inFakeTime(t, func(t *testing.T) {
			b := newBed(t, SchedulerConfig{Concurrency: c.concurrency}, false)
			list := entries(20, time.Minute, time.Millisecond)
			others := mostBacklog()
			backlog.Add(others)
			b.run(list...)
			time.Sleep(time.Second)
			if n := ran(list); n != c.early {
				t.Errorf("%s: %d checks were made while %d wait for the processor, want %d", name, n, others, c.early)
			}
			if b.limit.auto && b.limit.busy >= firstFresh {
				t.Errorf("%s: the limit is %d in spite of the crowd", name, b.limit.busy)
			}
			backlog.Add(-others)
			time.Sleep(time.Second)
			if n := ran(list); n != len(list) {
				t.Errorf("%s: %d checks were made after that, want %d", name, n, len(list))
			}
			b.stop()
		})
	}
}

// Those that wait for a slot would start ten milliseconds late, until the next look at our own lag, if nothing ends
// meanwhile.
//
// Seen to fail where the loop does not look again soon.
func TestTheBacklogIsLookedAtEachRound(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		list := entries(5*int(mostBacklog()), time.Second, 900*time.Millisecond) // none ends meanwhile
		now := time.Now().UnixNano()
		b.listed, b.wall = true, now
		for i := range list {
			b.tasks = append(b.tasks, b.newTask(list[i]))
			b.wait(b.tasks[i], now)
		}
		b.limit.busy = len(list)
		go func() { b.ended <- b.Read(b.ctx, b.emit) }()
		b.notify()
		time.Sleep(5 * round)
		if n := ran(list); n != len(list) {
			t.Errorf("%d of %d checks were started in five rounds", n, len(list))
		}
		b.stop()
	})
}

func ran(list []Entry) (n int) {
	synctest.Wait()
	for _, e := range list {
		n += fake(e).runs()
	}
	return n
}
