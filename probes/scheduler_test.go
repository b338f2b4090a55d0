package probes

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Somebody with three URLs and an interval of an hour would sit before an empty screen.
func TestNobodyWaitsForTheFirstSlot(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		list := entries(3, time.Hour, 100*time.Millisecond)
		b.run(list...)
		time.Sleep(time.Second)
		for i, e := range list {
			got := b.of(e)
			if len(got) != 1 {
				t.Fatalf("target %d has %d events after a second, want 1", i, len(got))
			}
			if want := b.began.Add(time.Duration(i) * linePace); !got[0].due.Equal(want.Truncate(time.Microsecond)) {
				t.Errorf("target %d was due at %v, want %v", i, got[0].due, want)
			}
		}
		b.stop()
	})
}

// Drift, a slot twice or a slot too few: each makes the uptime that is worked out from events wrong.
func TestChecksKeepTheirSlots(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Location: "fra1"}, false)
		list := entries(50, 10*time.Second, 0)
		for i := range list {
			fake(list[i]).takes = time.Duration(i) * 90 * time.Millisecond // below the half interval
		}
		b.run(list...)
		time.Sleep(10 * time.Minute)
		b.stop()
		for i, e := range list {
			wantSlots(t, i, b.of(e), newRhythm(e.Target.Interval, e.Target.ID, "fra1"), b.began)
		}
		if n := b.skipped(skipOverrun) + b.skipped(skipBehind) + b.skipped(skipConcurrency); n != 0 {
			t.Errorf("%d slots were skipped, want none", n)
		}
	})
}

// wantSlots checks the events of a target over ten minutes: the first at its place in the line or at its slot, then
// every slot, but for one nearer than half an interval after the first.
func wantSlots(t *testing.T, i int, got []seen, r rhythm, began time.Time) {
	t.Helper()
	line := began.UnixNano() + int64(i)*int64(linePace)
	first := min(line, r.from(began.UnixNano()))
	want := []int64{first}
	for slot := r.from(first + r.interval/2); slot < began.Add(10*time.Minute).UnixNano(); slot += r.interval {
		if slot > first {
			want = append(want, slot)
		}
	}
	// A check that was cut short by the end of the test has no event.
	if len(got) < len(want)-1 || len(got) > len(want) {
		t.Fatalf("target %d has %d events, want %d", i, len(got), len(want))
	}
	for j := range got {
		if due := time.Unix(0, want[j]).UTC().Truncate(time.Microsecond); !got[j].due.Equal(due) {
			t.Errorf("target %d: check %d was due at %v, want %v", i, j, got[j].due, due)
		}
		if late := got[j].began.Sub(got[j].due); late < 0 || late > time.Millisecond {
			t.Errorf("target %d: check %d began %v after it was due", i, j, late)
		}
	}
}

// Ten thousand targets that strike in the same instant are a flood for the network and for whoever serves them.
func TestStartsAreSpread(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		list := entries(2000, 10*time.Second, time.Millisecond)
		b.run(list...)
		time.Sleep(20 * time.Second)
		b.stop()
		var bins [100]int
		for _, s := range b.events {
			if at := s.began.Sub(b.began) - 10*time.Second; at >= 0 && at < 10*time.Second {
				bins[at/(100*time.Millisecond)]++
			}
		}
		total, most := 0, 0
		for _, n := range bins {
			total, most = total+n, max(most, n)
		}
		if total != len(list) || most*100 >= 3*total {
			t.Errorf("%d checks in the second interval, the busiest tenth of a second holds %d; want %d and below 3 %%", total, most, len(list))
		}
	})
}

// A target that is slower than its interval must not be struck by several checks at once, and the gaps must show.
func TestASlowTargetIsNeverCheckedTwiceAtOnce(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		e := entry(1, time.Second, 2500*time.Millisecond)
		e.Target.Timeout = 3 * time.Second
		b.run(e)
		time.Sleep(time.Minute)
		b.stop()
		if fake(e).twice {
			t.Error("two checks ran at once")
		}
		if n := len(b.of(e)); n < 19 || n > 21 {
			t.Errorf("%d checks in a minute, want one each three seconds", n)
		}
		if n := b.skipped(skipOverrun); n < 38 || n > 42 {
			t.Errorf("%d slots counted as overrun, want two of three", n)
		}
	})
}

// A hundred slow targets and room for ten: each must get its share, and what is left out must be counted.
func TestNoMoreThanTheLimitAreInFlightAndAllGetTheirShare(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Concurrency: 10}, false)
		list := entries(100, 10*time.Second, 4*time.Second)
		b.run(list...)
		time.Sleep(10 * time.Minute)
		b.stop()
		if b.counted.most > 10 {
			t.Errorf("%d checks were in flight, want at most 10", b.counted.most)
		}
		least, most := math.MaxInt, 0
		for _, e := range list {
			n := len(b.of(e))
			least, most = min(least, n), max(most, n)
		}
		if least < 13 || most > 17 { // 10 in 4 s are 1500 in ten minutes
			t.Errorf("targets were checked between %d and %d times, want 15 each", least, most)
		}
		// A check that began late may still run at its next slot: that is an overrun.
		if n := b.skipped(skipConcurrency) + b.skipped(skipOverrun); n < 4300 || n > 4600 || b.skipped(skipConcurrency) < 3000 {
			t.Errorf("%d slots counted as skipped, want about 4500, most for want of room: %v", n, b.counted.skipped)
		}
	})
}

// A database that is away for hours must not eat the memory, nor stop the schedule for good.
func TestWhileTheWriterIsFullNoCheckStarts(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Buffer: 16 << 10}, false)
		b.block = make(chan struct{})
		list := entries(20, time.Second, time.Millisecond)
		b.run(list...)
		time.Sleep(time.Minute)
		held := b.outbox.held.Load()
		if held < 16<<10 || held > 40<<10 {
			t.Errorf("%d bytes are held, want about the limit of 16384", held)
		}
		before := b.skipped(skipWriter)
		if before < 1100 {
			t.Errorf("%d slots counted as skipped, want about 1180", before)
		}
		if n := strings.Count(b.log.String(), "the writer cannot take more"); n != 1 {
			t.Errorf("the log says %d times that the writer is full, want once:\n%s", n, b.log.String())
		}
		close(b.block)
		time.Sleep(10 * time.Second)
		b.stop()
		if n := b.skipped(skipWriter) - before; n > 20 {
			t.Errorf("%d slots were skipped after the writer was back", n)
		}
		for i, e := range list {
			if n := len(b.of(e)); n < 9 {
				t.Errorf("target %d has %d events, want those of the last ten seconds at least", i, n)
			}
		}
		if held := b.outbox.held.Load(); held != 0 {
			t.Errorf("%d bytes are still held", held)
		}
		if !strings.Contains(b.log.String(), "the writer takes events again") {
			t.Errorf("the log does not say that it is over:\n%s", b.log.String())
		}
	})
}

// A writer that is steadily too slow is full and not full many times a second; two lines each time fill the disk.
// Seen to fail with Over instead of Quiet: 275 lines a minute.
func TestASlowWriterDoesNotFloodTheLog(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Buffer: 16 << 10}, false)
		b.block = make(chan struct{})
		go func() {
			defer close(b.block)
			for b.ctx.Err() == nil {
				select {
				case b.block <- struct{}{}:
				case <-b.ctx.Done():
				}
				time.Sleep(200 * time.Millisecond)
			}
		}()
		b.run(entries(100, time.Second, time.Millisecond)...)
		time.Sleep(time.Minute)
		b.stop()
		if n := strings.Count(b.log.String(), "\n"); n > 3 {
			t.Errorf("%d lines in a minute:\n%s", n, b.log.String())
		}
	})
}

// One pass over a long list is a script's way to ask; it must end by itself, soon, and leave nobody out.
func TestOnePassChecksEachTargetOnce(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Concurrency: 100}, true)
		list := entries(1000, -1, 100*time.Millisecond)
		for i := range list {
			list[i].Target.Timeout = time.Second
		}
		b.run(list...)
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(b.began); took > 1100*time.Millisecond {
			t.Errorf("1000 checks of 0.1 s, 100 at once, took %v, want 1 s", took)
		}
		for i, e := range list {
			if n := len(b.of(e)); n != 1 {
				t.Errorf("target %d has %d events, want 1", i, n)
			}
		}
	})
}

// PROBE_COUNT=3 that ends after two checks, or never, breaks the script that waits for it.
func TestCountEndsAfterThatManyChecks(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Count: 3}, false)
		list := entries(10, time.Second, 100*time.Millisecond)
		fake(list[3]).err = &OwnFault{CauseRoute, errNoList}
		b.run(list...)
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		for i, e := range list {
			want := 3
			if i == 3 {
				want = 0 // no honest answer, no event, but an end
			}
			if n := len(b.of(e)); n != want || fake(e).runs() != 3 {
				t.Errorf("target %d: %d checks, %d events; want 3 and %d", i, fake(e).runs(), n, want)
			}
		}
		if n := b.counted.faults["route"]; n != 3 {
			t.Errorf("%d own faults counted, want 3", n)
		}
	})
}

// A restart or a Ctrl-C that shows up as an outage wakes somebody at night. Seen to fail when Guarded let the
// result of a cancelled check through.
func TestOurShutdownIsNoOutage(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		quick, slow := entry(1, time.Minute, 10*time.Millisecond), entry(2, time.Minute, 30*time.Second)
		b.run(quick, slow)
		time.Sleep(time.Second)
		asked := time.Now()
		b.stop()
		if took := time.Since(asked); took > 100*time.Millisecond {
			t.Errorf("the stop took %v", took)
		}
		if len(b.of(quick)) != 1 || len(b.of(slow)) != 0 {
			t.Errorf("%d and %d events; want that of the finished check alone", len(b.of(quick)), len(b.of(slow)))
		}
		if len(b.counted.faults) != 0 {
			t.Errorf("own faults were counted: %v", b.counted.faults)
		}
	})
}

// A check whose end the loop has heard of but not yet looked at was waited for at the stop, for ever.
//
// Seen to fail with a drain that waits before it collects.
func TestStopsAtAnyMomentOfItsRest(t *testing.T) {
	for at := 100 * time.Millisecond; at < 102*time.Millisecond; at += 50 * time.Microsecond {
		inFakeTime(t, func(t *testing.T) {
			b := newBed(t, SchedulerConfig{}, false)
			e := entry(1, time.Minute, 100200*time.Microsecond) // the loop looks every 100 ms, too
			fake(e).err = &OwnFault{CauseRoute, errNoList}      // no event, whose way out would wake the loop
			b.run(e)
			time.Sleep(at)
			b.stop()
		})
	}
}

// Events of the last moment before a stop are as true as others; they were lost if Read did not wait for emit.
// Seen to fail with a run of the outbox that did not take what was left.
func TestEventsInHandAreHandedOnAtTheStop(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		b.block = make(chan struct{})
		list := entries(200, time.Minute, time.Millisecond)
		b.run(list...)
		time.Sleep(time.Second)
		b.cancel()
		synctest.Wait()
		close(b.block)
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		if len(b.events) != len(list) {
			t.Errorf("%d events were handed on, want %d", len(b.events), len(list))
		}
	})
}

// A probe that breaks its schema is our defect: loud, counted, and no lie about the target.
func TestAResultThatDoesNotFitItsSchemaIsOurFault(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		e := entry(1, time.Minute, 0)
		fake(e).result = Result{Title: "TCPProbeEvent", Reason: "tired", Details: tcpDetails}
		b.run(e)
		time.Sleep(time.Second)
		b.stop()
		if b.counted.faults["internal"] != 1 || !strings.Contains(b.log.String(), "tired") {
			t.Errorf("own faults %v, log:\n%s", b.counted.faults, b.log.String())
		}
	})
}

// While regular checks start late, new targets must not make it worse.
func TestTheLineYieldsToChecksThatAreLate(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		list := entries(2000, time.Hour, time.Millisecond)
		b.run(list...)
		time.Sleep(100 * time.Millisecond)
		before := 0
		b.counted.do(func() { before = len(b.counted.late) })
		for range 10 { // somebody else's check begins late, ten times
			b.startLate(time.Now().Add(-time.Second))
			time.Sleep(100 * time.Millisecond)
		}
		during := 0
		b.counted.do(func() { during = len(b.counted.late) - before - 10 })
		if during > 60 {
			t.Errorf("%d of the line started in a second of late checks, want next to none", during)
		}
		time.Sleep(1200 * time.Millisecond)
		b.stop()
		if n := len(b.events); n != len(list) {
			t.Errorf("%d of %d were checked in the end", n, len(list))
		}
	})
}

// startLate is a check that begins now and was due earlier.
func (b *bed) startLate(due time.Time) { b.Scheduler.began(due.UnixNano()) }
