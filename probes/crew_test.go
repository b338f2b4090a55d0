package probes

import (
	"testing"
	"time"
)

// An hour in which thousands of targets hang would leave as many stacks for good; but those that a round takes must not
// be made anew in each. Seen to fail when nobody trims.
func TestWorkersThatNobodyNeedsEnd(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Concurrency: 2000}, false)
		b.run(entries(1200, 10*time.Second, 8*time.Second)...)
		time.Sleep(time.Minute)
		b.Replace(b.ctx, entries(300, 10*time.Second, 8*time.Second))
		time.Sleep(time.Minute)
		b.stop()
		if n := len(b.crew.all); n < 240 || n > 650 {
			t.Errorf("%d workers are left of 960, want those that 240 checks in flight need and some that rest", n)
		}
		if b.counted.most < 900 || b.skipped(skipConcurrency) > 0 {
			t.Errorf("at most %d checks in flight, skipped %v", b.counted.most, b.counted.skipped)
		}
	})
}
