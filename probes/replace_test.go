package probes

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// A reload that moves the rhythm of targets that did not change makes gaps and double checks in all of them.
func TestReplaceLeavesOthersAlone(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		list := entries(20, 10*time.Second, 50*time.Millisecond)
		b.run(list...)
		for range 60 { // the same again every second, as read from the file
			time.Sleep(time.Second)
			again := entries(20, 10*time.Second, 50*time.Millisecond)
			b.Replace(b.ctx, again)
			synctest.Wait()
			for _, e := range again {
				if fake(e).runs() != 0 || fake(e).closed() != 1 {
					t.Fatal("a check of the new list was used, or not closed, although its target did not change")
				}
			}
		}
		time.Sleep(9 * time.Minute)
		b.stop()
		for i, e := range list {
			wantSlots(t, i, b.of(e), newRhythm(e.Target.Interval, e.Target.ID, ""), b.began)
			if fake(e).closed() != 1 {
				t.Errorf("check %d was closed %d times, want once, at the end", i, fake(e).closed())
			}
		}
	})
}

// If this failed, the first event of a million targets would wait until the last is ready; or a list with a count would
// end with its first part.
//
// Seen to fail when Begin is Replace, when it puts parts in force with a count too, and when it leaves out the last.
func TestTheFirstTargetsDoNotWaitForAllOthers(t *testing.T) {
	const n = 2*beginAtOnce + 5
	for name, c := range map[string]struct {
		config SchedulerConfig
		want   []int
	}{
		"for ever":     {SchedulerConfig{}, []int{beginAtOnce, 2 * beginAtOnce, n}},
		"with a count": {SchedulerConfig{Count: 1}, []int{n}},
	} {
		inFakeTime(t, func(t *testing.T) {
			b := newBed(t, c.config, false)
			b.run(many(n)...)
			synctest.Wait()
			if got := b.counted.targets; !slices.Equal(got, c.want) {
				t.Errorf("%s: there were %d targets, want %d", name, got, c.want)
			}
			ids := map[uuid.UUID]bool{}
			for _, t := range b.tasks {
				ids[t.Target.ID] = true
			}
			if len(ids) != n {
				t.Errorf("%s: %d targets, want %d", name, len(ids), n)
			}
			b.stop()
		})
	}
}

// A target that was taken off the list because it is gone must not be reported down any more, and its connection
// must not stay.
func TestReplaceRemoves(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		list := entries(3, 10*time.Second, 5*time.Second)
		b.run(list...)
		time.Sleep(time.Second) // all run
		b.Replace(b.ctx, list[:1])
		synctest.Wait()
		if fake(list[1]).closed() != 0 {
			t.Error("a check was closed while it ran")
		}
		time.Sleep(time.Minute)
		for _, gone := range list[1:] {
			if fake(gone).runs() != 1 || fake(gone).closed() != 1 || len(b.of(gone)) != 1 {
				t.Errorf("%d runs, %d closes, %d events of a removed target; want one each", fake(gone).runs(), fake(gone).closed(), len(b.of(gone)))
			}
		}
		if n := len(b.of(list[0])); n < 6 {
			t.Errorf("the target that stayed was checked %d times", n)
		}
		b.stop()
		if b.counted.listed() != 1 {
			t.Errorf("%d targets are counted, want 1", b.counted.listed())
		}
	})
}

// Somebody who adds a target with an interval of an hour wants to see now whether it works, and somebody who mends
// one too.
func TestReplaceChecksNewAndChangedTargetsSoon(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		list := entries(2, time.Hour, 10*time.Millisecond)
		b.run(list...)
		time.Sleep(5 * time.Minute)
		added, changed := entry(7, time.Hour, 10*time.Millisecond), entry(1, 30*time.Minute, 10*time.Millisecond)
		b.Replace(b.ctx, []Entry{list[0], changed, added})
		time.Sleep(time.Second)
		if fake(list[0]).runs() != 1 || fake(added).runs() != 1 || fake(changed).runs() != 1 {
			t.Errorf("%d, %d, %d runs a second after the reload, want 1 each", fake(list[0]).runs(), fake(added).runs(), fake(changed).runs())
		}
		if fake(list[1]).closed() != 1 {
			t.Errorf("the check of before was closed %d times, want once", fake(list[1]).closed())
		}
		time.Sleep(61 * time.Minute)
		if n := fake(changed).runs(); n != 3 && n != 4 {
			t.Errorf("%d runs of the changed target in an hour, want its new interval of half an hour", n)
		}
		b.stop()
	})
}

// A target that is changed while its check runs must not be checked by two at once.
func TestReplaceWhileACheckRuns(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		old := entry(1, 10*time.Second, 8*time.Second)
		b.run(old)
		time.Sleep(time.Second)
		changed := entry(1, 10*time.Second, time.Second)
		changed.Target.Timeout = 5 * time.Second
		b.Replace(b.ctx, []Entry{changed})
		time.Sleep(2 * time.Second)
		if fake(changed).runs() != 0 || fake(old).closed() != 0 {
			t.Error("the changed target was checked, or its old check closed, while that ran")
		}
		time.Sleep(20 * time.Second)
		b.stop()
		if fake(old).runs() != 1 || fake(old).closed() != 1 || fake(changed).runs() == 0 {
			t.Errorf("old: %d runs, %d closes; new: %d runs", fake(old).runs(), fake(old).closed(), fake(changed).runs())
		}
	})
}

// Lists that come and go in any order must leave exactly those targets checked that are on the last.
func TestReplaceAgainAndAgain(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Concurrency: 5}, false)
		b.run()
		for round := range 50 {
			list := entries(40, 2*time.Second, time.Duration(round%7)*300*time.Millisecond)
			b.Replace(b.ctx, slices.Delete(list, round%20, round%20+round%15))
			time.Sleep(time.Duration(round%5) * 400 * time.Millisecond)
		}
		last := entries(3, time.Second, 10*time.Millisecond)
		b.Replace(b.ctx, last)
		time.Sleep(5 * time.Second)
		before := b.total()
		time.Sleep(10 * time.Second)
		if n := b.total() - before; n < 29 || n > 31 {
			t.Errorf("%d events in ten seconds of three targets at a second, want 30", n)
		}
		b.stop()
		if b.limit.inFlight != 0 || len(b.tasks) != 3 {
			t.Errorf("%d in flight, %d tasks at the end", b.limit.inFlight, len(b.tasks))
		}
	})
}

// A target that is taken off the list and put on again while its check runs must not be struck by two at once.
// Seen to fail when taskFor did not look among those that leave.
func TestReplaceBackWhileTheLastCheckRuns(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		old, other := entry(1, 10*time.Second, 8*time.Second), entry(2, 10*time.Second, 0)
		b.run(old, other)
		time.Sleep(time.Second)
		b.Replace(b.ctx, []Entry{other})
		time.Sleep(time.Second)
		again := entry(1, 10*time.Second, 8*time.Second)
		b.Replace(b.ctx, []Entry{other, again})
		time.Sleep(5 * time.Second)
		if fake(old).runs() != 1 || fake(again).runs() != 0 {
			t.Errorf("%d and %d runs while the first still runs; want one in all", fake(old).runs(), fake(again).runs())
		}
		time.Sleep(4 * time.Second) // the first has ended: its turn in the line comes now
		if fake(again).runs() != 1 || fake(old).closed() != 1 {
			t.Errorf("%d runs after the first has ended, %d closes of the first; want 1 and 1", fake(again).runs(), fake(old).closed())
		}
		b.stop()
	})
}

// A list that changes every minute, of targets with an interval of a day, must not fill the memory with targets that
// are long gone. Seen to fail without drop's sweep.
func TestRemovedTargetsLeaveNothingBehind(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		b.run()
		for round := range 40 {
			list := entries(500, 24*time.Hour, 0)
			for i := range list {
				list[i].Target.ID[15] = byte(round)
				list[i].Target.ID[14] = byte(i)
			}
			b.Replace(b.ctx, list)
			time.Sleep(time.Second)
		}
		b.stop()
		if n := b.Scheduler.timeline.all; n > 500+2*fewStale {
			t.Errorf("the timeline holds %d places for 500 targets", n)
		}
	})
}

// Whoever mends a target that times out does it while its check runs, and wants to see soon whether it works now.
// Seen to fail when the line forgot a target that ran when its turn came.
func TestReplaceOfARunningTargetIsCheckedSoon(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		b.run(entry(1, time.Hour, 8*time.Second))
		time.Sleep(time.Second)
		var last Entry
		for i := range 2 {
			last = entry(1, time.Hour, time.Second)
			last.Target.Timeout = time.Duration(5+i) * time.Second
			b.Replace(b.ctx, []Entry{last})
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Second)
		if n := fake(last).runs(); n != 1 {
			t.Errorf("%d checks of the changed target ten seconds later, want 1", n)
		}
		b.stop()
	})
}

// One pass that waits for a target which is no longer on the list never ends. Seen to fail when remove counted a
// target that had its one check.
func TestOnePassEndsAlthoughTheListChanges(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Count: 3, Concurrency: 1}, true)
		list := entries(3, -1, 2*time.Second)
		for i := range list {
			list[i].Target.Timeout = 10 * time.Second
		}
		b.run(list...)
		time.Sleep(3 * time.Second)
		b.Replace(b.ctx, list[1:])
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(b.began); took > 7*time.Second {
			t.Errorf("the pass took %v, want 6 s", took)
		}
	})
}

// A check that says it was due after it began makes lateness negative. Seen to fail when a slot of the old rhythm was
// kept under the new.
func TestANewIntervalWhileWaitingForAPlace(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Concurrency: 1}, false)
		e := entry(2, 5*time.Second, 0)
		b.run(e)
		time.Sleep(20 * time.Second)
		long := entry(3, time.Hour, 25*time.Second)
		b.Replace(b.ctx, []Entry{e, long})
		time.Sleep(12 * time.Second)
		changed := entry(2, 3500*time.Millisecond, 0)
		b.Replace(b.ctx, []Entry{changed, long})
		time.Sleep(time.Minute)
		b.stop()
		r := newRhythm(changed.Target.Interval, changed.Target.ID, "")
		for i, s := range b.of(e) {
			if s.due.After(s.began) {
				t.Errorf("check %d was due %v after it began", i, s.due.Sub(s.began))
			}
			slot := r.from(s.due.UnixNano()) // the event's time is cut to microseconds
			if s.began.Sub(b.began) > 60*time.Second && slot-s.due.UnixNano() >= 1000 {
				t.Errorf("check %d was due at %v, which is no slot", i, s.due)
			}
		}
	})
}

// A new target must not wait behind thousands that were checked at their slots long ago.
func TestANewTargetDoesNotWaitBehindDeadPlaces(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		list := entries(6000, 500*time.Millisecond, 0)
		b.run(list...)
		time.Sleep(600 * time.Millisecond) // all had a slot, the line is at 1,200
		added := entry(7000, time.Hour, 0)
		b.Replace(b.ctx, append(list, added))
		time.Sleep(500 * time.Millisecond)
		if n := fake(added).runs(); n != 1 {
			t.Errorf("%d checks of the new target half a second later, want 1", n)
		}
		b.stop()
	})
}
