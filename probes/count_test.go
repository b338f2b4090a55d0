package probes

import (
	"testing"
	"time"
)

// Who asks for three checks would get more of the targets that once waited for a free place, and events that nobody
// asked for. Seen to fail when start leaves the end of the wait of its last check in the timeline.
func TestCountIsExactWhenThereIsNoRoom(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{Count: 3, Concurrency: 1}, false)
		quick := entries(20, 10*time.Second, 400*time.Millisecond)
		slow := entry(20, time.Minute, 0)
		b.run(append(quick, slow)...)
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		for i, e := range append(quick, slow) {
			if n := fake(e).runs(); n != 3 {
				t.Errorf("target %d was checked %d times, want 3", i, n)
			}
		}
	})
}
